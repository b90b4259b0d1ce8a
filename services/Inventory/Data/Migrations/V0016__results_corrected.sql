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
