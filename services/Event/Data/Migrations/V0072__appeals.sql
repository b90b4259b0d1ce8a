-- The level of each stock as Inventory said it last.
create table event.stock_level (
    station_id    uuid          not null,
    component     text          not null,
    blood_group   text          not null,
    version       bigint        not null,
    level         text          not null,
    days_of_cover numeric(8, 1),
    missing       int           not null,
    changed_at    timestamptz   not null,
    primary key (station_id, component, blood_group)
);

create table event.appeal (
    id            uuid        not null primary key,
    version       bigint      not null,
    station_id    uuid        not null,
    source        text        not null, -- stock or station
    procedure     text        not null,
    districts     text[]      not null, -- empty: wherever the station has places
    reason        text,
    need          jsonb       not null, -- with the figures it was reckoned by
    status        text        not null,
    until         timestamptz not null,
    level         text,       -- of the stock that opened it
    days_of_cover numeric(8, 1),
    cover_after   numeric(8, 1), -- when it was closed
    created_at    timestamptz not null,
    opened_at     timestamptz,
    closed_at     timestamptz,
    close_reason  text,
    constraint appeal_status_is_known check (status in ('waiting', 'open', 'closed')),
    constraint appeal_opened_once_open check (opened_at is not null or status <> 'open'),
    constraint appeal_closed_with_reason check ((status = 'closed') = (closed_at is not null and close_reason is not null))
);
create index appeal_running on event.appeal (id) where status <> 'closed';
create index appeal_station on event.appeal (station_id, id);

-- One running appeal for a group: donors are not asked twice for the same need.
create table event.appeal_group (
    appeal_id   uuid    not null references event.appeal (id),
    station_id  uuid    not null,
    procedure   text    not null,
    blood_group text    not null,
    running     boolean not null,
    primary key (appeal_id, blood_group)
);
create unique index appeal_running_once on event.appeal_group (station_id, procedure, blood_group) where running;

-- Bookings made before there were appeals may name anything.
alter table event.appointment add constraint appointment_appeal_is_known foreign key (appeal_id) references event.appeal (id) not valid;
create index appointment_appeal on event.appointment (appeal_id) where appeal_id is not null;
