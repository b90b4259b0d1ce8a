-- Every document a donor was registered with or has shown. A renewed card has a number of its own and renews the first of its
-- identity; the number is sealed under the donor's key, the identity (what stays when a card is renewed) is a keyed hash.
create table donor.document (
    id             uuid        not null primary key,
    donor_id       uuid        not null references donor.donor (id),
    kind           text        not null,
    number         bytea       not null,
    identity_index bytea       not null,
    renews         uuid        references donor.document (id),
    recorded_at    timestamptz not null,
    seen_at        timestamptz
);
create unique index document_one_donor on donor.document (identity_index) where renews is null;
create index document_donor on donor.document (donor_id);
insert into donor.document (id, donor_id, kind, number, identity_index, recorded_at, seen_at)
select gen_random_uuid(), id, document_kind, document_number, document_index, registered_at, case when identity_assurance = 'document-seen' then registered_at end from donor.donor;

-- Keyed hashes of telephone with birth date and of name with birth date: equal ones are candidates for one person. Neither
-- tells a birth date or a name that others share. Null until the service has filled it in.
alter table donor.donor add phone_birth_index bytea, add name_birth_index bytea, add merged_into uuid references donor.donor (id);
create index donor_phone_birth on donor.donor (phone_birth_index);
create index donor_name_birth on donor.donor (name_birth_index);
create index donor_unindexed on donor.donor (id) where name_birth_index is null;

-- Whose history counts for whom; a donor without a row stands for himself. Facts stay under the id they were recorded under.
create table donor.donor_person (
    donor_id  uuid not null primary key references donor.donor (id),
    person_id uuid not null references donor.donor (id)
);
create index donor_person_person on donor.donor_person (person_id);

create table donor.merge (
    id          uuid        not null primary key,
    version     bigint      not null,
    survivor_id uuid        not null references donor.donor (id),
    absorbed_id uuid        not null references donor.donor (id),
    dins        text[]      not null,
    reason      bytea       not null,
    merged_at   timestamptz not null,
    merged_by   uuid        not null,
    undo_until  timestamptz not null,
    undone_at   timestamptz,
    undone_by   uuid,
    undo_reason bytea,
    constraint merge_of_two check (survivor_id <> absorbed_id)
);
create unique index merge_stands_once on donor.merge (absorbed_id) where undone_at is null;
create index merge_survivor on donor.merge (survivor_id);

-- Memberships follow one another: a class, then the next one. Each period starts once.
alter table donor.membership drop constraint membership_pkey;
alter table donor.membership add id uuid not null default gen_random_uuid() primary key, add member_index bytea, add recorded_at timestamptz not null default now();
create unique index membership_starts_once on donor.membership (donor_id, organisation_id, valid_from) nulls not distinct;
create index membership_member on donor.membership (organisation_id, member_index);

-- From the root down to the organisation: whose members an organiser may speak of.
alter table donor.organisation add path uuid[] not null default '{}';
