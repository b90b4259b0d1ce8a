-- A correction is a row of its own in the run of the row that it names; that one stays as it was. It has its own person: who recorded a result does not correct it.
alter table inventory.test_result
    add column corrects     bigint references inventory.test_result (id),
    add column reason_code  text,
    add column corrected_at timestamptz,
    add column staff_id     uuid,
    add column staff_number text,
    -- A correction is corrected by naming it, so that one row stands.
    add constraint test_result_corrected_once unique (corrects),
    add constraint test_result_correction_whole check (num_nulls(corrects, reason_code, corrected_at, staff_id, staff_number) in (0, 5)),
    add constraint test_result_reason_known check (reason_code is null or reason_code in ('transcription', 'wrong-sample', 'wrong-value', 'instrument', 'reagent'));

-- Who else was in a pool.
create index test_result_of_pool on inventory.test_result (pool_id, test) where pool_id is not null;

-- By which scheme a station's tests conclude, and since when: written from the configuration when the service starts, so that what was collected before is judged as it was.
-- The station of zeros speaks for all that have no row of their own; a scheme of null says that a station has none any more.
create table inventory.station_test_scheme (
    station_id uuid        not null,
    since      timestamptz not null,
    scheme     text,
    constraint station_test_scheme_once primary key (station_id, since)
);

do $$
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        revoke update, delete, truncate on inventory.station_test_scheme from inventory;
    end if;
end $$;

-- An analyser's file: the same bytes are one import of a station, however often they are sent. A row's content goes once it is recorded or refused.
create table inventory.test_run_import (
    id           uuid        not null primary key,
    station_id   uuid        not null,
    fingerprint  bytea       not null,
    client_id    text        not null,
    staff_id     uuid        not null,
    staff_number text        not null,
    job_id       uuid        not null,
    rows         int         not null,
    accepted     int         not null,
    rejected     int         not null,
    created_at   timestamptz not null,
    finished_at  timestamptz,
    constraint test_run_import_once unique (station_id, fingerprint)
);

-- run: the how-manieth of the file; null where the row names none.
create table inventory.test_run_import_row (
    import_id uuid not null references inventory.test_run_import (id),
    line      int  not null,
    run       int,
    content   jsonb,
    outcome   text,
    code      text,
    errors    jsonb,
    constraint test_run_import_row_once primary key (import_id, line),
    constraint test_run_import_row_outcome_known check (outcome is null or outcome in ('accepted', 'rejected')),
    constraint test_run_import_row_done_or_kept check ((content is null) = (outcome is not null))
);
create index test_run_import_row_of_run on inventory.test_run_import_row (import_id, run) where content is not null;

do $$
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        revoke delete, truncate on inventory.test_run_import, inventory.test_run_import_row from inventory;
    end if;
end $$;
