-- Days on which an organisation brings no donors: vacations, exams, military training.
create table event.exclusion_calendar (
    id              uuid        not null primary key,
    version         bigint      not null,
    organisation_id uuid        not null references event.organisation (id),
    name            text        not null,
    created_at      timestamptz not null,
    changed_at      timestamptz not null
);
create index exclusion_calendar_organisation on event.exclusion_calendar (organisation_id, id);
create table event.exclusion_entry (
    calendar_id uuid not null references event.exclusion_calendar (id),
    number      int  not null,
    name        text not null,
    from_date   date not null,
    to_date     date not null,
    source      text,
    primary key (calendar_id, number),
    constraint exclusion_entry_ends_after_it_begins check (to_date >= from_date)
);

create table event.drive_series (
    id              uuid        not null primary key,
    version         bigint      not null,
    organisation_id uuid        not null references event.organisation (id),
    station_id      uuid,
    rrule           text        not null,
    starts_at       timestamptz not null, -- of its first day; later days have its time of day
    drive           jsonb       not null, -- what each of its drives is made from
    make            text        not null,
    horizon_days    int         not null,
    calendar_ids    uuid[]      not null,
    excluded_dates  date[]      not null,
    status          text        not null,
    reason_code     text,
    last_day        date        not null, -- of the rule
    planned_through date        not null,
    replan          boolean     not null, -- a calendar of it has changed since
    created_at      timestamptz not null,
    changed_at      timestamptz not null,
    constraint drive_series_status_is_known check (status in ('active', 'ended')),
    constraint drive_series_make_is_known check (make in ('draft', 'submitted'))
);
create index drive_series_organisation on event.drive_series (organisation_id, id);
create index drive_series_station on event.drive_series (station_id, id);
create index drive_series_calendars on event.drive_series using gin (calendar_ids) where status = 'active';
create index drive_series_waits on event.drive_series (id) where status = 'active' and (replan or planned_through < last_day);

create table event.drive_occurrence (
    series_id     uuid    not null references event.drive_series (id),
    day           date    not null,
    outcome       text    not null,
    drive_id      uuid,
    drive_version bigint, -- as the series last wrote it
    calendar_id   uuid,   -- what keeps the day free; null with a name: a date of the series' own
    calendar      text,
    entry         text,
    entry_from    date,
    entry_to      date,
    primary key (series_id, day),
    constraint drive_occurrence_outcome_is_known check (outcome in ('made', 'skipped', 'dropped', 'kept')),
    constraint drive_occurrence_has_its_drive check ((drive_id is null) = (outcome = 'skipped'))
);

create table event.drive_request (
    id                uuid        not null primary key,
    version           bigint      not null,
    organisation_id   uuid        not null references event.organisation (id),
    station_id        uuid,       -- asked, or the one that offered
    district          text        not null,
    drive             jsonb       not null,
    wishes            jsonb       not null,
    expected_donors   int         not null,
    last_wish         date        not null,
    note              text,
    status            text        not null,
    offers            jsonb       not null,
    offered_until     timestamptz,
    declined_by       text,
    reason_code       text,
    drive_id          uuid,
    asked_at          timestamptz not null,
    settled_at        timestamptz,
    constraint drive_request_status_is_known check (status in ('asked', 'offered', 'taken', 'declined')),
    constraint drive_request_taken_has_a_drive check ((drive_id is not null) = (status = 'taken'))
);
create index drive_request_organisation on event.drive_request (organisation_id, id);
create index drive_request_station on event.drive_request (station_id, id);
create index drive_request_open on event.drive_request (district, id) where station_id is null and status = 'asked';

alter table event.drive
    add column series_id  uuid,
    add column series_day date,
    add column request_id uuid;
-- The last word on whether an occurrence or a request has its drive already.
create unique index drive_one_per_occurrence on event.drive (series_id, series_day) where status <> 'cancelled';
create unique index drive_one_per_request on event.drive (request_id);
-- Near-search: the box around a point.
create index drive_place on event.drive (latitude, longitude) where visibility = 'public' and status in ('approved', 'open', 'started');
