-- A needle that was in and came out without anything being weighed: nobody knows what it drew, so it counts for intervals and yearly limits like
-- what was given (docs/decisions/0017). Where somebody looked and nothing had come, collected_ml is 0. What was recorded before this release counts the same.
create index visit_attempt on donor.visit (donor_id) where status = 'abandoned' and started_at is not null and collected_ml is null;

alter table donor.carried_donation add column attempt boolean not null default false;

create view donor.attempt as
select v.donor_id, v.id as visit_id, v.procedure, (v.started_at at time zone 'Asia/Shanghai')::date as attempted_on
from donor.visit v
where v.status = 'abandoned' and v.started_at is not null and v.collected_ml is null and not exists (select from donor.visit_void w where w.visit_id = v.id)
union all
select t.true_donor_id, v.id, v.procedure, (v.started_at at time zone 'Asia/Shanghai')::date
from donor.visit_void_named t join donor.visit_void w on w.id = t.void_id join donor.visit v on v.id = w.visit_id
where v.status = 'abandoned' and v.started_at is not null and v.collected_ml is null;

-- What counts when it is asked when somebody may give again, whenever it was recorded and wherever. The number only of what may be in a store.
create view donor.counted as
select d.donor_id, d.donated_on as "on", d.procedure, d.collected_ml as ml, d.treatment_units as units, false as attempt, case when not d.backfilled then d.din end as din, d.station_id from donor.donation_as_it_stands d where not d.voided
union all select c.donor_id, c.donated_on, c.procedure, c.collected_ml, c.treatment_units, c.attempt, null::text, null::uuid from donor.carried_donation c
union all select a.donor_id, a.attempted_on, a.procedure, null::int, null::int, true, null::text, null::uuid from donor.attempt a;
