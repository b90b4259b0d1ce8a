-- When an appeal last came to ask for more.
alter table event.appeal add column raised_at timestamptz;

-- News of a group's stocks up to which its need was reckoned: the sum of their versions, which only grows.
alter table event.appeal_group add column reckoned bigint not null default 0;
update event.appeal_group g set reckoned = (
    select coalesce(sum(s.version), 0) from event.stock_level s
    where s.station_id = g.station_id and s.blood_group = g.blood_group and (s.component = 'platelets-apheresis') = (g.procedure = 'apheresis-platelets'));
alter table event.appeal_group alter column reckoned drop default;
