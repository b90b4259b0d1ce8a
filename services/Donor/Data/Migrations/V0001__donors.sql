-- The rules that were in force, each version announced once.
create table donor.rule_set (
    code        text        not null,
    version     text        not null,
    valid_from  date        not null,
    valid_to    date,
    document    jsonb       not null,
    recorded_at timestamptz not null,
    constraint rule_set_once primary key (code, version)
);

-- A person. What identifies him is sealed under his own key (subject_key); without the key's row he is erased.
create table donor.donor (
    id                 uuid        not null primary key,
    version            bigint      not null,
    status             text        not null,
    name               bytea       not null,
    document_kind      text        not null,
    document_number    bytea       not null,
    document_index     bytea       not null,
    birth_date         bytea       not null,
    phone              bytea       not null,
    phone_index        bytea       not null,
    sex                text        not null,
    blood_group        text,
    district           text,
    consents           jsonb       not null,
    apps               uuid[]      not null,
    identity_assurance text        not null,
    registered_at      timestamptz not null,
    constraint donor_document_once unique (document_index)
);
create index donor_phone on donor.donor (phone_index);

-- An app that met a known person: kept to limit asking, and for the link that a later step makes.
create table donor.link_request (
    id           uuid        not null primary key,
    donor_id     uuid        not null references donor.donor (id),
    app_id       uuid        not null,
    requested_at timestamptz not null
);
create index link_request_app on donor.link_request (app_id, requested_at);

create table donor.membership (
    donor_id            uuid    not null references donor.donor (id),
    organisation_id     uuid    not null,
    member_number       bytea,
    group_id            text,
    valid_from          date,
    valid_to            date,
    share_participation boolean not null,
    primary key (donor_id, organisation_id)
);

-- The reason is sealed; the dates alone make the windows.
create table donor.deferral (
    id             uuid        not null primary key,
    donor_id       uuid        not null references donor.donor (id),
    version        bigint      not null,
    code           bytea       not null,
    starts_on      date        not null,
    ends_on        date,
    certainty      text        not null,
    reentry        boolean     not null,
    origin         text        not null,
    note           bytea,
    requirement_id uuid,
    din            text,
    visit_id       uuid,
    recorded_at    timestamptz not null,
    recorded_by    uuid,
    lifted_at      timestamptz,
    lifted_by      uuid,
    lift_reason    bytea,
    constraint deferral_requirement_once unique (requirement_id),
    constraint deferral_in_order check (ends_on is null or ends_on >= starts_on)
);
create index deferral_donor on donor.deferral (donor_id);

create table donor.visit (
    id                 uuid        not null primary key,
    version            bigint      not null,
    donor_id           uuid        not null references donor.donor (id),
    station_id         uuid        not null,
    drive_id           uuid,
    appointment_id     uuid,
    collection_point   text        not null,
    status             text        not null,
    opened_at          timestamptz not null,
    backfilled         boolean     not null,
    backfill_reason    bytea,
    last_at            timestamptz not null,
    identity_kind      text        not null,
    identity_method    text        not null,
    identity_outcome   text        not null,
    rule_set           text        not null,
    rule_set_version   text        not null,
    reasons            bytea,
    blood_group        text,
    apheresis_checked  boolean     not null default false,
    procedure          text,
    nominal_ml         int,
    treatment_units    int,
    din                text,
    bag                jsonb,
    arm                text,
    started_at         timestamptz,
    ended_at           timestamptz,
    collected_ml       int,
    outcome            text,
    deviations         text[]      not null default '{}',
    restrictions       text[]      not null default '{}',
    private_withdrawal boolean     not null default false
);
-- What settles the races: one open visit per donor, a number once, an appointment once.
create unique index visit_one_open_per_donor on donor.visit (donor_id) where status not in ('deferred', 'abandoned', 'collected', 'completed');
create unique index visit_din_once on donor.visit (din);
create unique index visit_appointment_once on donor.visit (appointment_id) where status not in ('deferred', 'abandoned');
create index visit_station on donor.visit (station_id, drive_id, id);
create index visit_donor on donor.visit (donor_id);

-- What was done, by whom and when; what was measured or answered is sealed.
create table donor.visit_step (
    visit_id uuid        not null references donor.visit (id),
    step     text        not null,
    at       timestamptz not null,
    staff_id uuid        not null,
    record   bytea       not null,
    recorded_at timestamptz not null,
    constraint visit_step_once primary key (visit_id, step)
);

create table donor.reaction (
    id          uuid        not null primary key,
    visit_id    uuid        not null references donor.visit (id),
    donor_id    uuid        not null references donor.donor (id),
    kind        text        not null,
    severity    text        not null,
    at          timestamptz not null,
    note        bytea,
    recorded_at timestamptz not null
);
create index reaction_donor on donor.reaction (donor_id);

-- The fact itself: never changed, never deleted.
create table donor.donation (
    din             text        not null,
    donor_id        uuid        not null references donor.donor (id),
    visit_id        uuid        not null,
    station_id      uuid        not null,
    drive_id        uuid,
    procedure       text        not null,
    nominal_ml      int,
    collected_ml    int,
    treatment_units int,
    donated_on      date        not null,
    started_at      timestamptz not null,
    backfilled      boolean     not null,
    recorded_at     timestamptz not null,
    constraint donation_once primary key (din),
    constraint donation_visit_once unique (visit_id)
);
create index donation_donor on donor.donation (donor_id, donated_on);

-- Which donations must not be used. Why is not kept.
create table donor.withdrawal (
    id          uuid        not null primary key,
    din         text        not null,
    donor_id    uuid        not null,
    hold_kind   text        not null,
    recorded_at timestamptz not null
);

-- What other services said. Their facts come in any order: every column but the key may still be missing.
create table donor.organisation (
    organisation_id uuid   not null primary key,
    district        text,
    state_version   bigint not null
);
create table donor.drive (
    drive_id         uuid   not null primary key,
    station_id       uuid,
    organiser_id     uuid,
    district         text,
    procedures       text[],
    starts_at        timestamptz,
    ends_at          timestamptz,
    status           text,
    state_version    bigint not null default 0,
    cancelled_version bigint not null default 0,
    closed_version   bigint not null default 0
);
create table donor.appointment (
    appointment_id    uuid   not null primary key,
    donor_id          uuid   not null,
    drive_id          uuid   not null,
    procedure         text   not null,
    booked_version    bigint not null default 0,
    cancelled_version bigint not null default 0
);
create table donor.din_block (
    block_id       uuid   not null primary key,
    station_id     uuid   not null,
    prefix         text   not null,
    first_sequence int    not null,
    last_sequence  int    not null
);
create index din_block_prefix on donor.din_block (prefix, first_sequence);
