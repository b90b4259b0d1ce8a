-- What the others said. Types of events come in any order: no foreign keys between these, one version per fact.

create table event.donor (
    donor_id            uuid   not null primary key,
    profile_version     bigint not null default 0, -- of DonorRegistered and DonorChanged: both are whole state and count with the donor
    status              text,
    district            text,
    apps                uuid[],
    memberships         jsonb,
    eligibility_version bigint not null default 0,
    rule_set            text,
    windows             jsonb
);

create table event.rule_set (
    code             text   not null,
    rule_set_version text   not null,
    version          bigint not null,
    valid_from       date   not null,
    valid_to         date,
    intervals        jsonb  not null,
    primary key (code, rule_set_version)
);

create table event.visit (
    visit_id        uuid    not null primary key,
    donor_id        uuid    not null,
    drive_id        uuid,
    appointment_id  uuid,
    backfilled      boolean not null,
    opened_at       timestamptz,
    opened_version  bigint  not null default 0,
    outcome         text,   -- deferred, abandoned or completed
    outcome_version bigint  not null default 0
);
create index visit_drive on event.visit (drive_id);
create index visit_appointment on event.visit (appointment_id);

create table event.donation (
    din                   text    not null primary key,
    version               bigint  not null,
    donor_id              uuid    not null,
    visit_id              uuid,
    drive_id              uuid,
    appointment_id        uuid,
    station_id            uuid,
    organiser_id          uuid,
    donor_organisation_id uuid,
    district              text,
    procedure             text    not null,
    nominal_ml            int,
    collected_ml          int,
    treatment_units       int,
    first_time            boolean not null,
    donated_on            date    not null, -- the Shanghai date of its start
    backfilled            boolean not null
);
create index donation_drive on event.donation (drive_id);
create index donation_district on event.donation (donated_on, district);
create index donation_organiser on event.donation (organiser_id, donated_on);
