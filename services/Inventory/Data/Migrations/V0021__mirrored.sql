-- The stations that Event registers, and where they stand: whose authority answers for them.
create table inventory.station (
    station_id uuid   not null primary key,
    district   text   not null,
    version    bigint not null
);

-- Which software a station works with: the platform's own workflow, or its own, which tells what it does (mirrored). A row says it from its moment on; without one it is the workflow.
create table inventory.station_mode (
    id         uuid        not null primary key,
    station_id uuid        not null,
    mode       text        not null,
    -- Facility identification numbers (ISBT 128) under which the station numbers its donations itself.
    facilities text[]      not null,
    since      timestamptz not null,
    client_id  text        not null,
    constraint station_mode_known check (mode in ('workflow', 'mirrored')),
    constraint station_mode_of_a_moment unique (station_id, since)
);

-- What a mirrored station says it collected. Donor answers whose it is: until then, and when it refuses, there is no donation.
create table inventory.donation_report (
    id          uuid        not null primary key,
    din         text        not null references inventory.donation (din),
    station_id  uuid        not null,
    content     jsonb       not null,
    reported_at timestamptz not null,
    client_id   text        not null,
    answered_at timestamptz,
    refusal     text,
    constraint donation_report_refused_is_answered check (refusal is null or answered_at is not null)
);
create unique index donation_report_once on inventory.donation_report (din) where refusal is null;
create index donation_report_of_station on inventory.donation_report (station_id, id);

do $$
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        revoke update, delete, truncate on inventory.station_mode from inventory;
        revoke delete, truncate on inventory.donation_report from inventory;
    end if;
end $$;
