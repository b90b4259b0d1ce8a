-- What the resource of a donor shows has a version of its own: the other one counts events, of which an app is not told all.
alter table donor.donor add column profile_version bigint not null default 1;

-- A person who asked for erasure. While the record duty runs his identity is restricted; then its key is destroyed.
create table donor.erasure (
    id           uuid        not null primary key,
    donor_id     uuid        not null references donor.donor (id),
    requested_at timestamptz not null,
    outcome      text        not null constraint erasure_outcome_known check (outcome in ('erased', 'restricted')),
    retain_until date,
    retention    jsonb,
    destroyed_at timestamptz,
    constraint erasure_once unique (donor_id),
    constraint erasure_ends check ((outcome = 'restricted') = (retain_until is not null) and (outcome = 'restricted' or destroyed_at is not null))
);
create index erasure_due on donor.erasure (retain_until) where destroyed_at is null;

-- What remains of him for his own safety and the patients': keyed hashes of his documents, and sealed under the platform's key (his own dies)
-- the deferrals that still stand and the donations of the last year. Whoever registers afresh with one of the documents meets them.
create table donor.tombstone (
    donor_id   uuid  not null primary key references donor.donor (id),
    reasons    bytea not null,
    claimed_by uuid  references donor.donor (id)
);
create index tombstone_claimed on donor.tombstone (claimed_by);
create table donor.tombstone_document (
    identity_index bytea not null primary key,
    donor_id       uuid  not null references donor.tombstone (donor_id)
);
create index tombstone_document_donor on donor.tombstone_document (donor_id);

-- Donations of a registration that was erased, as far as intervals and yearly limits need them: no number, no place.
create table donor.carried_donation (
    donor_id        uuid not null references donor.donor (id),
    donated_on      date not null,
    procedure       text not null,
    collected_ml    int,
    treatment_units int
);
create index carried_donation_donor on donor.carried_donation (donor_id);
