-- What was measured or answered in a step was recorded wrong: the step as a second person records it, sealed like the step itself, and what the rules find of it.
create table donor.finding_correction (
    id           uuid        not null primary key,
    visit_id     uuid        not null references donor.visit (id),
    number       int         not null,
    step         text        not null,
    reason_code  text        not null,
    note         bytea,
    record       bytea       not null,
    group_before text,
    group_after  text,
    decision_id  uuid        not null references donor.decision (id),
    withdrew     boolean     not null,
    recorded_at  timestamptz not null,
    recorded_by  uuid        not null,
    constraint finding_correction_in_order unique (visit_id, number)
);

-- A physician ends the deferrals that only the finding of before had brought.
create table donor.finding_correction_signature (
    correction_id uuid        not null primary key references donor.finding_correction (id),
    staff_id      uuid        not null,
    signed_at     timestamptz not null
);

alter table donor.deferral
    add column finding_correction_id uuid references donor.finding_correction (id),
    add constraint deferral_found_otherwise_is_ended check (finding_correction_id is null or lifted_at is not null);

do $$
begin
    if exists (select from pg_roles where rolname = 'donor') then
        revoke update, delete, truncate on donor.finding_correction, donor.finding_correction_signature from donor;
    end if;
end $$;
