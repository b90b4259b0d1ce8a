-- What an epidemic profile leaves of a slot, and since when bookings know it.
alter table event.rule_set add column kind text, add column donors_per_slot int, add column heard_at timestamptz;
-- Heard before there was a place for it: until now only overlays had an end, and one document of a release limited places.
update event.rule_set set kind = case when valid_to is null then 'base' else 'overlay' end;
update event.rule_set set donors_per_slot = 6 where code = 'cn-epidemic-2021' and rule_set_version = '1';
alter table event.rule_set alter column kind set not null, add constraint rule_set_kind_is_known check (kind in ('base', 'overlay'));
