create table inventory.unit (
    id              uuid        not null primary key,
    version         bigint      not null,
    din             text        not null references inventory.donation (din),
    station_id      uuid        not null,
    component       text        not null,
    product_code    text        not null,
    division        text        not null,
    blood_group     text,
    content_u       numeric,
    treatment_units int,
    volume_ml       int         not null,
    collected_at    timestamptz not null,
    produced_at     timestamptz not null,
    expires_at      timestamptz not null,
    status          text        not null,
    -- The donation's open holds and the unit's own, counted here so that a lock on this row sees them.
    open_holds      int         not null,
    order_id        uuid,
    hospital_id     uuid,
    constraint unit_label_once unique (din, product_code, division),
    constraint unit_status_known check (status in ('quarantine', 'available', 'reserved', 'issued', 'received', 'transfused', 'returned', 'discarded', 'expired', 'historic', 'unaccounted')),
    constraint unit_holds_not_negative check (open_holds >= 0),
    constraint unit_available_has_a_group check (status <> 'available' or blood_group is not null),
    constraint unit_reserved_for_an_order check (status <> 'reserved' or order_id is not null),
    constraint unit_issued_to_a_hospital check (status not in ('issued', 'received') or hospital_id is not null)
);
create index unit_of_donation on inventory.unit (din);
create index unit_of_hospital on inventory.unit (hospital_id, id) where hospital_id is not null;
create index unit_of_station on inventory.unit (station_id, id);
-- First expired, first out: what may be allocated, in the order in which it must be.
create index unit_allocatable on inventory.unit (component, blood_group, station_id, expires_at, collected_at, id) where status = 'available' and open_holds = 0;

-- Everything that ever happened to a bag.
create table inventory.unit_movement (
    id          bigint      generated always as identity primary key,
    unit_id     uuid        not null references inventory.unit (id),
    din         text        not null,
    kind        text        not null,
    from_status text,
    to_status   text        not null,
    at          timestamptz not null,
    recorded_at timestamptz not null,
    order_id    uuid,
    hospital_id uuid,
    staff_id    uuid,
    client_id   text,
    code        text
);
create index unit_movement_of_unit on inventory.unit_movement (unit_id, id);
create index unit_movement_issued on inventory.unit_movement (recorded_at) where kind = 'issued';

alter table inventory.hold add constraint hold_of_a_unit foreign key (unit_id) references inventory.unit (id);
