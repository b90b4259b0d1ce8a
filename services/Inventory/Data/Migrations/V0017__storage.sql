-- Where a station keeps its bags. A place is closed, never deleted.
create table inventory.storage_place (
    station_id uuid    not null,
    code       text    not null,
    version    bigint  not null,
    name       text    not null,
    kind       text    not null,
    site       text,
    closed     boolean not null default false,
    constraint storage_place_once primary key (station_id, code),
    constraint storage_place_kind_known check (kind in ('refrigerator', 'freezer', 'agitator', 'room', 'box', 'vehicle'))
);

-- Which bag was where, and when; without an end it is there.
create table inventory.unit_stay (
    id         bigint      generated always as identity primary key,
    unit_id    uuid        not null references inventory.unit (id),
    din        text        not null,
    station_id uuid        not null,
    place      text        not null,
    since      timestamptz not null,
    until      timestamptz,
    constraint unit_stay_at_a_place foreign key (station_id, place) references inventory.storage_place (station_id, code),
    constraint unit_stay_forwards check (until is null or until >= since)
);
create unique index unit_stay_one_now on inventory.unit_stay (unit_id) where until is null;
create index unit_stay_of_place on inventory.unit_stay (station_id, place, since);
create index unit_stay_of_unit on inventory.unit_stay (unit_id, id);

-- What a sensor measured; a logger may send its memory again.
create table inventory.temperature_reading (
    id          bigint      generated always as identity primary key,
    station_id  uuid        not null,
    place       text        not null,
    sensor      text        not null,
    at          timestamptz not null,
    celsius     numeric     not null,
    recorded_at timestamptz not null,
    client_id   text        not null,
    constraint temperature_reading_once unique (station_id, place, sensor, at),
    constraint temperature_reading_at_a_place foreign key (station_id, place) references inventory.storage_place (station_id, code)
);

do $$
declare kept text;
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        foreach kept in array array['storage_place', 'unit_stay'] loop
            execute format('revoke delete, truncate on inventory.%I from inventory', kept);
        end loop;
        revoke update, delete, truncate on inventory.temperature_reading from inventory;
    end if;
end $$;
