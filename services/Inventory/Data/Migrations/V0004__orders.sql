create table inventory.hospital_order (
    id                 uuid        not null primary key,
    version            bigint      not null,
    hospital_id        uuid        not null,
    station_id         uuid,
    component          text        not null,
    blood_group        text        not null,
    amount             int         not null,
    unit               text        not null,
    urgency            text        not null,
    needed_by          timestamptz not null,
    allow_substitution boolean     not null,
    status             text        not null,
    needs_crossmatch   boolean     not null,
    patient            bytea,
    patient_index      bytea,
    explanation        jsonb       not null,
    created_at         timestamptz not null,
    constraint hospital_order_amount check (amount between 1 and 1000),
    constraint hospital_order_status_known check (status in ('waiting', 'partially-allocated', 'allocated', 'issued', 'received', 'cancelled'))
);
create index hospital_order_of_hospital on inventory.hospital_order (hospital_id, id);
create index hospital_order_of_station on inventory.hospital_order (station_id, id);
create index hospital_order_of_patient on inventory.hospital_order (patient_index) where patient_index is not null;

create table inventory.order_line (
    order_id      uuid        not null references inventory.hospital_order (id),
    unit_id       uuid        not null references inventory.unit (id),
    din           text        not null,
    why           text        not null,
    reserved_at   timestamptz not null,
    crossmatch    text,
    crossmatch_at timestamptz,
    dropped_at    timestamptz,
    constraint order_line_once primary key (order_id, unit_id, reserved_at)
);
-- A bag is promised to one order at a time, whatever else goes wrong.
create unique index order_line_unit_in_one_order on inventory.order_line (unit_id) where dropped_at is null;
create index order_line_of_order on inventory.order_line (order_id);

create table inventory.transfusion (
    id            uuid        not null primary key,
    unit_id       uuid        not null references inventory.unit (id),
    din           text        not null,
    hospital_id   uuid        not null,
    order_id      uuid,
    patient       bytea       not null,
    patient_index bytea       not null,
    transfused_at timestamptz not null,
    outcome       text        not null,
    alarms        text[]      not null,
    recorded_at   timestamptz not null,
    constraint transfusion_once_per_unit unique (unit_id)
);
create index transfusion_of_patient on inventory.transfusion (patient_index);
create index transfusion_of_donation on inventory.transfusion (din);

-- The bag outlives everything: the service's login can neither delete a fact of its life nor rewrite its history.
do $$
declare kept text;
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        foreach kept in array array['donation', 'hold', 'unit', 'hospital_order', 'order_line', 'din_block', 'din_sequence'] loop
            execute format('revoke delete, truncate on inventory.%I from inventory', kept);
        end loop;
        foreach kept in array array['test_run', 'test_result', 'deferral_requirement', 'release_signature', 'unit_movement', 'transfusion'] loop
            execute format('revoke update, delete, truncate on inventory.%I from inventory', kept);
        end loop;
    end if;
end $$;
