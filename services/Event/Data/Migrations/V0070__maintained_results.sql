-- What drives brought, kept as sums: a city's year is read from some thousands of rows, not counted from every visit and donation. The sums are
-- kept by triggers, so that whatever writes a donation or a visit (an event, a correction, a replay) keeps them too; the auditor counts again.

-- By which channel its donor was booked, also where only the check-in found his booking; walk-in without one.
alter table event.donation add column channel text not null default 'walk-in';
update event.donation d set channel = a.channel from event.appointment a where a.id = coalesce(d.appointment_id, (select v.appointment_id from event.visit v where v.visit_id = d.visit_id));
create index donation_visit on event.donation (visit_id);

-- Donations that stand, by day, place, channel and volume. Of no drive: those at a station's own rooms.
create table event.collected (
    drive_id        uuid,
    day             date    not null, -- the Shanghai date of the collection's start
    station_id      uuid,
    organiser_id    uuid,
    district        text,
    channel         text    not null,
    nominal_ml      int,              -- null: apheresis
    donations       int     not null,
    volume_ml       bigint  not null,
    treatment_units int     not null,
    first_time      int     not null,
    constraint collected_once unique nulls not distinct (drive_id, day, station_id, organiser_id, district, channel, nominal_ml)
);
create index collected_day on event.collected (day) include (station_id, organiser_id, district, donations, volume_ml, treatment_units, first_time);

create table event.attended (
    drive_id  uuid not null primary key,
    visits    int  not null,
    walk_ins  int  not null,
    deferred  int  not null,
    abandoned int  not null
);

-- What became known of a drive after it was closed, and when: an offline visit, a correction.
create table event.late_result (
    id              bigint      not null generated always as identity primary key,
    drive_id        uuid        not null,
    known_at        timestamptz not null,
    visits          int         not null default 0,
    deferred        int         not null default 0,
    donations       int         not null default 0,
    volume_ml       bigint      not null default 0,
    treatment_units int         not null default 0,
    first_time      int         not null default 0
);
create index late_result_drive on event.late_result (drive_id, known_at);

create function event.count_donation() returns trigger language plpgsql as $$
declare
    before event.donation := old; -- null at an insert, as the other at a delete
    after  event.donation := new;
begin
    -- Rows in one order: two that change the same two never wait for each other crosswise.
    insert into event.collected as c (drive_id, day, station_id, organiser_id, district, channel, nominal_ml, donations, volume_ml, treatment_units, first_time)
    select d.drive_id, d.donated_on, d.station_id, d.organiser_id, d.district, d.channel, d.nominal_ml,
           sum(x.sign), sum(x.sign * coalesce(d.collected_ml, 0)), sum(x.sign * coalesce(d.treatment_units, 0)), sum(x.sign * d.first_time::int)
    from (values (-1, before), (1, after)) x(sign, donation) cross join lateral (select (x.donation).*) d
    where d.din is not null and not d.voided
    group by 1, 2, 3, 4, 5, 6, 7
    having sum(x.sign) <> 0 or sum(x.sign * coalesce(d.collected_ml, 0)) <> 0 or sum(x.sign * coalesce(d.treatment_units, 0)) <> 0 or sum(x.sign * d.first_time::int) <> 0
    order by 1, 2, 7, 6
    on conflict on constraint collected_once do update set donations = c.donations + excluded.donations, volume_ml = c.volume_ml + excluded.volume_ml,
        treatment_units = c.treatment_units + excluded.treatment_units, first_time = c.first_time + excluded.first_time;

    insert into event.late_result (drive_id, known_at, donations, volume_ml, treatment_units, first_time)
    select d.drive_id, now(), sum(x.sign), sum(x.sign * coalesce(d.collected_ml, 0)), sum(x.sign * coalesce(d.treatment_units, 0)), sum(x.sign * d.first_time::int)
    from (values (-1, before), (1, after)) x(sign, donation) cross join lateral (select (x.donation).*) d
    where d.din is not null and not d.voided and exists (select from event.drive e where e.id = d.drive_id and e.status = 'closed')
    group by 1
    having sum(x.sign) <> 0 or sum(x.sign * coalesce(d.collected_ml, 0)) <> 0 or sum(x.sign * coalesce(d.treatment_units, 0)) <> 0 or sum(x.sign * d.first_time::int) <> 0;
    return null;
end $$;

create function event.count_visit() returns trigger language plpgsql as $$
declare
    before event.visit := old;
    after  event.visit := new;
begin
    insert into event.attended as a (drive_id, visits, walk_ins, deferred, abandoned)
    select v.drive_id, sum(x.sign), coalesce(sum(x.sign) filter (where v.appointment_id is null), 0), coalesce(sum(x.sign) filter (where v.outcome = 'deferred'), 0), coalesce(sum(x.sign) filter (where v.outcome = 'abandoned'), 0)
    from (values (-1, before), (1, after)) x(sign, visit) cross join lateral (select (x.visit).*) v
    where v.drive_id is not null group by 1 order by 1
    on conflict (drive_id) do update set visits = a.visits + excluded.visits, walk_ins = a.walk_ins + excluded.walk_ins, deferred = a.deferred + excluded.deferred, abandoned = a.abandoned + excluded.abandoned;

    insert into event.late_result (drive_id, known_at, visits, deferred)
    select v.drive_id, now(), sum(x.sign), coalesce(sum(x.sign) filter (where v.outcome = 'deferred'), 0)
    from (values (-1, before), (1, after)) x(sign, visit) cross join lateral (select (x.visit).*) v
    where v.drive_id is not null and exists (select from event.drive e where e.id = v.drive_id and e.status = 'closed')
    group by 1 having sum(x.sign) <> 0 or coalesce(sum(x.sign) filter (where v.outcome = 'deferred'), 0) <> 0;
    return null;
end $$;

insert into event.collected (drive_id, day, station_id, organiser_id, district, channel, nominal_ml, donations, volume_ml, treatment_units, first_time)
select d.drive_id, d.donated_on, d.station_id, d.organiser_id, d.district, d.channel, d.nominal_ml,
       count(*), coalesce(sum(d.collected_ml), 0), coalesce(sum(d.treatment_units), 0), count(*) filter (where d.first_time)
from event.donation d where not d.voided group by 1, 2, 3, 4, 5, 6, 7;

insert into event.attended (drive_id, visits, walk_ins, deferred, abandoned)
select drive_id, count(*), count(*) filter (where appointment_id is null), count(*) filter (where outcome = 'deferred'), count(*) filter (where outcome = 'abandoned')
from event.visit where drive_id is not null group by 1;

create trigger counted after insert or update or delete on event.donation for each row execute function event.count_donation();
create trigger counted after insert or update or delete on event.visit for each row execute function event.count_visit();
