create table event.drive (
    id                   uuid        not null primary key,
    version              bigint      not null,
    organisation_id      uuid        not null references event.organisation (id),
    host_organisation_id uuid        references event.organisation (id),
    station_id           uuid,       -- null until a station takes it on
    parties              jsonb       not null,
    kind                 text        not null,
    visibility           text        not null,
    theme                text,
    venue_name           text        not null,
    venue_address        text        not null,
    district             text        not null,
    latitude             double precision,
    longitude            double precision,
    starts_at            timestamptz not null,
    ends_at              timestamptz not null,
    slot_minutes         int         not null,
    capacity_per_slot    int         not null,
    walk_in_per_slot     int         not null,
    procedures           text[]      not null,
    status               text        not null,
    backfilled           boolean     not null,
    backfill_reason      text,
    reason_code          text,       -- of cancelling or postponing
    submitted_at         timestamptz,
    approved_at          timestamptz,
    opened_at            timestamptz,
    started_at           timestamptz,
    closed_at            timestamptz,
    cancelled_at         timestamptz,
    postponed_at         timestamptz,
    created_at           timestamptz not null,
    constraint drive_ends_after_it_starts check (ends_at > starts_at),
    constraint drive_backfill_has_a_reason check (backfilled = (backfill_reason is not null)),
    constraint drive_status_is_known check (status in ('draft', 'submitted', 'approved', 'open', 'started', 'closed', 'cancelled', 'postponed')),
    constraint drive_has_a_station_once_approved check (station_id is not null or status in ('draft', 'submitted', 'cancelled'))
);
create index drive_public on event.drive (starts_at, id) where visibility = 'public' and status in ('approved', 'open', 'started');
create index drive_station on event.drive (station_id, starts_at, id);
create index drive_organisation on event.drive (organisation_id, starts_at, id);

create table event.slot (
    drive_id  uuid        not null references event.drive (id),
    starts_at timestamptz not null,
    ends_at   timestamptz not null,
    capacity  int         not null,
    booked    int         not null,
    primary key (drive_id, starts_at),
    -- The last word on every race for a place.
    constraint slot_never_overbooked check (booked between 0 and capacity)
);

create table event.appointment (
    id              uuid        not null primary key,
    version         bigint      not null,
    drive_id        uuid        not null references event.drive (id),
    slot_starts_at  timestamptz not null,
    donor_id        uuid        not null,
    procedure       text        not null,
    channel         text        not null,
    appeal_id       uuid,
    status          text        not null,
    backfilled      boolean     not null,
    backfill_reason text,
    reason_code     text,
    visit_id        uuid,
    booked_at       timestamptz not null,
    settled_at      timestamptz, -- arrived, cancelled or missed
    created_at      timestamptz not null,
    constraint appointment_status_is_known check (status in ('booked', 'arrived', 'missed', 'cancelled'))
);
create unique index appointment_one_per_donor_per_drive on event.appointment (drive_id, donor_id) where status <> 'cancelled';
create index appointment_donor on event.appointment (donor_id);
