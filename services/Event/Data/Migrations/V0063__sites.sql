-- Where a station draws blood: rooms of its own, places it visits, and its vehicles. Each is qualified until a day.
create table event.site (
    id                   uuid        not null primary key,
    version              bigint      not null,
    station_id           uuid        not null,
    kind                 text        not null,
    name                 text        not null,
    address              text        not null,
    district             text        not null,
    latitude             double precision,
    longitude            double precision,
    beds                 int         not null,
    power                boolean     not null,
    water                boolean     not null,
    indoor               boolean     not null,
    qualification_number text,
    qualified_until      date,       -- its last day; null: not qualified
    created_at           timestamptz not null,
    changed_at           timestamptz not null,
    constraint site_kind_is_known check (kind in ('fixed', 'visited', 'vehicle')),
    constraint site_qualification_is_whole check ((qualification_number is null) = (qualified_until is null))
);
create index site_station on event.site (station_id, id);

alter table event.drive
    add column site_id         uuid constraint drive_site_is_known references event.site (id),
    add column vehicle_id      uuid constraint drive_vehicle_is_known references event.site (id),
    add column staff           int, -- who draw blood there at a time
    add column capacity_reason text, -- why its capacity is above what beds and staff allow
    -- A vehicle is at one place at a time.
    add constraint vehicle_at_one_drive exclude using gist (vehicle_id with =, tstzrange(starts_at, ends_at) with &&) where (vehicle_id is not null and status in ('approved', 'open', 'started'));
create index drive_site on event.drive (site_id) where site_id is not null;
create index drive_vehicle on event.drive (vehicle_id) where vehicle_id is not null;
