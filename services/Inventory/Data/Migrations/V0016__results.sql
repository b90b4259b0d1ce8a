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
