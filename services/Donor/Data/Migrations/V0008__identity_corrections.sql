-- Who registered a donor, where a person signed it: another one corrects what was entered.
alter table donor.donor add column registered_by uuid;

-- Name, birth date or sex were entered wrong: both states sealed under the donor's key, with the document that shows it.
create table donor.identity_correction (
    id            uuid        not null primary key,
    donor_id      uuid        not null references donor.donor (id),
    number        int         not null,
    fields        text[]      not null,
    reason_code   text        not null,
    document_kind text        not null,
    document_id   uuid        not null,
    before        bytea       not null,
    after         bytea       not null,
    recorded_at   timestamptz not null,
    recorded_by   uuid        not null,
    constraint identity_correction_in_order unique (donor_id, number)
);

-- Two candidates were found to be two persons; undone by hand, or by a merge of the two. Each act stays on record.
create table donor.duplicate_dismissal (
    id           uuid        not null primary key,
    first_id     uuid        not null references donor.donor (id),
    second_id    uuid        not null references donor.donor (id),
    reason_code  text        not null,
    dismissed_at timestamptz not null,
    dismissed_by uuid        not null,
    undone_at    timestamptz,
    undone_by    uuid,
    constraint duplicate_dismissal_in_order check (first_id < second_id)
);
create unique index duplicate_dismissed_once on donor.duplicate_dismissal (first_id, second_id) where undone_at is null;

do $$
begin
    if exists (select from pg_roles where rolname = 'donor') then
        revoke update, delete, truncate on donor.identity_correction from donor;
        revoke delete, truncate on donor.duplicate_dismissal from donor;
    end if;
end $$;

-- When giving first did harm to a registration that was erased: what the age limits need of it, no visit, no kind.
create table donor.carried_reaction (
    donor_id uuid not null primary key references donor.donor (id),
    first_on date not null
);
create index decision_donor on donor.decision (donor_id);
