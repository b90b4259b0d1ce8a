-- What went otherwise than it should, why, and what is done about it. Words are sealed under the deviation's own key.
create table inventory.deviation (
    id          uuid        not null primary key,
    version     bigint      not null,
    station_id  uuid        not null,
    kind        text        not null,
    severity    text        not null,
    din         text        references inventory.donation (din),
    unit_id     uuid        references inventory.unit (id),
    test_run_id uuid        references inventory.test_run (id),
    order_id    uuid        references inventory.hospital_order (id),
    place       text,
    description bytea       not null,
    occurred_at timestamptz not null,
    opened_at   timestamptz not null,
    opened_by   uuid        not null,
    closed_at   timestamptz,
    closed_by   uuid,
    cause_code  text,
    closing     bytea, -- cause and correction
    constraint deviation_kind_known check (kind in ('identification', 'labelling', 'temperature', 'equipment', 'material', 'testing', 'processing', 'delivery', 'stock-count', 'documentation', 'other')),
    constraint deviation_severity_known check (severity in ('minor', 'major', 'critical')),
    constraint deviation_cause_known check (cause_code is null or cause_code in ('person', 'training', 'method', 'equipment', 'material', 'environment', 'supplier', 'unknown')),
    constraint deviation_at_a_place foreign key (station_id, place) references inventory.storage_place (station_id, code),
    constraint deviation_closed_whole check (num_nulls(closed_at, closed_by, cause_code, closing) in (0, 4)),
    constraint deviation_closed_by_another check (closed_by is null or closed_by <> opened_by)
);
create index deviation_of_station on inventory.deviation (station_id, id);

do $$
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        revoke delete, truncate on inventory.deviation from inventory;
    end if;
end $$;
