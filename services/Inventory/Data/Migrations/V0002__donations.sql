-- What the laboratory knows of a donor. Its row is also the lock under which a donor's donations look at each other (look-back).
create table inventory.donor_safety (
    donor_id       uuid not null primary key,
    blood_group    text,
    reactive_since timestamptz
);

-- One row per DIN. Facts come in any order: a row without arrived_at keeps results or holds for a donation that has not arrived.
create table inventory.donation (
    din               text   not null primary key,
    version           bigint not null,
    station_id        uuid   not null,
    status            text   not null default 'quarantine',
    open_holds        int    not null default 0,
    blood_group       text,
    tested_qualified  boolean,
    components_at     timestamptz,
    released_at       timestamptz,
    arrived_at        timestamptz,
    collected_version bigint,
    donor_id          uuid,
    drive_id          uuid,
    procedure         text,
    nominal_ml        int,
    collected_ml      int,
    treatment_units   int,
    outcome           text,
    preservative      text,
    bag_catalogue     text,
    bag_lot           text,
    deviations        text[] not null default '{}',
    restrictions      text[] not null default '{}',
    chair_group       text,
    started_at        timestamptz,
    ended_at          timestamptz,
    backfilled        boolean not null default false,
    constraint donation_status_known check (status in ('quarantine', 'available', 'historic')),
    constraint donation_historic_is_never_available check (not backfilled or status = 'historic'),
    constraint donation_available_is_released check (status <> 'available' or (released_at is not null and blood_group is not null and tested_qualified is not null)),
    constraint donation_holds_not_negative check (open_holds >= 0)
);
create index donation_of_donor on inventory.donation (donor_id) where donor_id is not null;
create index donation_of_station on inventory.donation (station_id, din);
create index donation_of_drive on inventory.donation (drive_id, din) where drive_id is not null;

-- A hold without unit_id is on the donation and all its units, those made later included. Lifted, never deleted.
create table inventory.hold (
    id          uuid        not null primary key,
    din         text        not null references inventory.donation (din),
    unit_id     uuid,
    kind        text        not null,
    source_id   uuid        not null,
    reason      text,
    placed_at   timestamptz not null,
    placed_by   uuid,
    lifted_at   timestamptz,
    lifted_by   uuid,
    lift_reason text,
    constraint hold_once_per_cause unique (source_id, din),
    constraint hold_kind_known check (kind in ('test', 'recall', 'lookback', 'late-information', 'cold-chain', 'quality', 'mirror'))
);
create index hold_of_donation on inventory.hold (din);

create table inventory.test_run (
    id             uuid        not null primary key,
    station_id     uuid        not null,
    run_id         text        not null,
    instrument     text        not null,
    assay          text,
    reagent_lot    text,
    controls_valid boolean     not null,
    staff_id       uuid        not null,
    staff_number   text        not null,
    accepted       int         not null,
    rejected       int         not null,
    recorded_at    timestamptz not null,
    constraint test_run_once_per_station unique (station_id, run_id)
);

create table inventory.test_result (
    id           bigint      generated always as identity primary key,
    test_run     uuid        not null references inventory.test_run (id),
    row_index    int         not null,
    din          text        not null references inventory.donation (din),
    test         text        not null,
    round        text,
    outcome      text        not null,
    value        text,
    performed_at timestamptz not null,
    sample_id    text,
    pool_id      text,
    constraint test_result_once_per_row unique (test_run, row_index)
);
create index test_result_of_donation on inventory.test_result (din);

-- What was asked of Donor, once per donation and deferral code.
create table inventory.deferral_requirement (
    id          uuid        not null primary key,
    din         text        not null references inventory.donation (din),
    donor_id    uuid        not null,
    code        text        not null,
    required_at timestamptz not null,
    constraint deferral_requirement_once unique (din, code)
);

create table inventory.release_signature (
    din          text        not null references inventory.donation (din),
    staff_id     uuid        not null,
    staff_number text        not null,
    signed_at    timestamptz not null,
    constraint release_signature_one_per_person primary key (din, staff_id)
);
