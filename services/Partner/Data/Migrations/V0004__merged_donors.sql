-- Which person a donor's events are about; a donor without a row stands for himself. An app that acts for a person reads the events
-- of all his ids, those of before the merge too: the last column says whose they are.
create table partner.donor_person (
    donor_id  uuid   not null primary key,
    person_id uuid   not null,
    version   bigint not null
);
create index donor_person_person on partner.donor_person (person_id);

create or replace view partner.feed_item as
select f.sequence, f.event_id, f.source, f.type, f.subject, f.occurred_at, f.data, f.donor_id, f.hospital_id, f.din,
       coalesce(f.station_id, d.station_id) as station_id,
       coalesce(f.organisation_id, d.organiser_id) as organisation_id,
       coalesce(f.district, d.district, s.district, p.district) as district,
       coalesce(q.person_id, f.donor_id) as person_id
from partner.feed f
left join partner.drive d on d.id = f.drive_id
left join partner.organisation s on s.id = coalesce(f.station_id, d.station_id)
left join partner.donor p on p.id = f.donor_id
left join partner.donor_person q on q.donor_id = f.donor_id
where f.sequence is not null;
