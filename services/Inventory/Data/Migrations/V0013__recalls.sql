-- A recall case. What it reaches is data (scope); words are sealed under the case's own key.
create table inventory.recall (
    id         uuid        not null primary key,
    version    bigint      not null,
    station_id uuid        not null,
    cause      text        not null,
    note       bytea,
    scope      jsonb       not null,
    donor_id   uuid, -- the scope's, where it is a donor: his merges ask for it
    deadline   timestamptz not null,
    opened_at  timestamptz not null,
    opened_by  uuid        not null,
    closed_at  timestamptz,
    closed_by  uuid,
    conclusion text,
    closing    bytea, -- cause and correction
    constraint recall_cause_known check (cause in ('bag-defect', 'reagent-defect', 'instrument-fault', 'test-error', 'labelling-error', 'contamination', 'collection-error', 'storage-deviation', 'donor-information', 'other')),
    constraint recall_conclusion_known check (conclusion is null or conclusion in ('confirmed', 'excluded', 'undetermined', 'opened-in-error')),
    constraint recall_closed_whole check (num_nulls(closed_at, closed_by, conclusion, closing) in (0, 4)),
    constraint recall_closed_by_another check (closed_by is null or closed_by <> opened_by)
);
create index recall_of_station on inventory.recall (station_id, id);
create index recall_open on inventory.recall (station_id) where closed_at is null;
create index recall_of_donor on inventory.recall (donor_id) where closed_at is null and donor_id is not null;

-- What a recall reached, when it was opened or while it was open. Never taken out again, whatever is corrected or unmerged later.
create table inventory.recall_donation (
    recall_id uuid        not null references inventory.recall (id),
    din       text        not null references inventory.donation (din),
    found_at  timestamptz not null,
    held      boolean     not null,
    constraint recall_donation_once primary key (recall_id, din)
);
create index recall_donation_of_donation on inventory.recall_donation (din);

-- What a hospital is asked of a bag that it was given. source_id: the recall, or what the look-back's holds name.
create table inventory.hospital_task (
    id          uuid        not null primary key,
    version     bigint      not null,
    why         text        not null,
    source_id   uuid        not null,
    unit_id     uuid        not null references inventory.unit (id),
    din         text        not null,
    station_id  uuid        not null,
    hospital_id uuid        not null,
    opened_at   timestamptz not null,
    deadline    timestamptz not null,
    outcome     text,
    outcome_at  timestamptz,
    answered_at timestamptz,
    constraint hospital_task_once unique (source_id, unit_id),
    constraint hospital_task_why_known check (why in ('recall', 'lookback')),
    constraint hospital_task_outcome_known check (outcome is null or outcome in ('quarantined', 'transfused', 'discarded', 'not-found', 'returned-to-station')),
    constraint hospital_task_answered_whole check (num_nulls(outcome, outcome_at, answered_at) in (0, 3))
);
create index hospital_task_of_hospital on inventory.hospital_task (hospital_id, id);
create index hospital_task_of_station on inventory.hospital_task (station_id, id);
create index hospital_task_of_unit on inventory.hospital_task (unit_id);

-- Each answer as it was given; the task shows the last.
create table inventory.hospital_answer (
    task_id     uuid        not null references inventory.hospital_task (id),
    version     bigint      not null,
    outcome     text        not null,
    outcome_at  timestamptz not null,
    answered_at timestamptz not null,
    client_id   text        not null,
    staff_id    uuid,
    constraint hospital_answer_once primary key (task_id, version)
);

-- By what a recall finds its donations.
create index donation_of_bag_lot on inventory.donation (station_id, bag_lot) where bag_lot is not null;
create index test_run_of_reagent_lot on inventory.test_run (station_id, reagent_lot) where reagent_lot is not null;
create index test_run_of_instrument on inventory.test_run (station_id, instrument);

do $$
declare kept text;
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        foreach kept in array array['recall', 'hospital_task'] loop
            execute format('revoke delete, truncate on inventory.%I from inventory', kept);
        end loop;
        foreach kept in array array['recall_donation', 'hospital_answer'] loop
            execute format('revoke update, delete, truncate on inventory.%I from inventory', kept);
        end loop;
    end if;
end $$;
