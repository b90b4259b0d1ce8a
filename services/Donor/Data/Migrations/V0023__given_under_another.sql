-- A donation that was recorded under another: its true donor, once he is named, gave it all the same. It counts for his intervals and yearly limits from then
-- on, with its volume (Blood Donation Law Art. 9); not as a donation that makes him a repeat donor, for the word of one person opens nothing (docs/decisions/0012).
create view donor.given_under_another as
select t.true_donor_id as donor_id, t.void_id, d.din, d.visit_id, d.station_id, d.procedure, d.collected_ml, d.treatment_units, d.donated_on, d.backfilled
from donor.visit_void_named t join donor.visit_void w on w.id = t.void_id join donor.donation_as_it_stands d on d.visit_id = w.visit_id
where d.voided;

create or replace view donor.counted as
select d.donor_id, d.donated_on as "on", d.procedure, d.collected_ml as ml, d.treatment_units as units, false as attempt, case when not d.backfilled then d.din end as din, d.station_id from donor.donation_as_it_stands d where not d.voided
union all select c.donor_id, c.donated_on, c.procedure, c.collected_ml, c.treatment_units, c.attempt, null::text, null::uuid from donor.carried_donation c
union all select a.donor_id, a.attempted_on, a.procedure, null::int, null::int, true, null::text, null::uuid from donor.attempt a
union all select g.donor_id, g.donated_on, g.procedure, g.collected_ml, g.treatment_units, true, case when not g.backfilled then g.din end, g.station_id from donor.given_under_another g;
