-- The needle was never in, or came out before anything had come: a second person says of an attempt that it drew nothing, and it counts for no interval any more.
create table donor.attempt_correction (
    id          uuid        not null primary key,
    visit_id    uuid        not null references donor.visit (id),
    reason_code text        not null,
    note        bytea,
    recorded_at timestamptz not null,
    recorded_by uuid        not null,
    constraint attempt_corrected_once unique (visit_id)
);

do $$
begin
    if exists (select from pg_roles where rolname = 'donor') then
        revoke update, delete, truncate on donor.attempt_correction from donor;
    end if;
end $$;

-- A collection that nobody has ended after a day is an attempt too: nobody knows what was drawn. What is recorded of its end then stands instead.
create index visit_left_collecting on donor.visit (donor_id) where status = 'collecting';

create or replace view donor.attempt as
select v.donor_id, v.id as visit_id, v.procedure, (v.started_at at time zone 'Asia/Shanghai')::date as attempted_on
from donor.visit v
where v.status = 'abandoned' and v.started_at is not null and v.collected_ml is null and not exists (select from donor.visit_void w where w.visit_id = v.id)
  and not exists (select from donor.attempt_correction c where c.visit_id = v.id)
union all
select t.true_donor_id, v.id, v.procedure, (v.started_at at time zone 'Asia/Shanghai')::date
from donor.visit_void_named t join donor.visit_void w on w.id = t.void_id join donor.visit v on v.id = w.visit_id
where v.status = 'abandoned' and v.started_at is not null and v.collected_ml is null and not exists (select from donor.attempt_correction c where c.visit_id = v.id)
union all
select v.donor_id, v.id, v.procedure, (v.started_at at time zone 'Asia/Shanghai')::date from donor.visit v where v.status = 'collecting' and v.started_at < now() - interval '1 day';
