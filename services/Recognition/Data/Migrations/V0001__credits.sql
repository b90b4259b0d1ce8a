-- Whom Recognition knows, from Donor's events: pseudonymous ids, and the apps that act for them. Identity stays in Donor.
create table recognition.donor (
    donor_id      uuid   not null primary key,
    state_version bigint not null,
    status        text   not null,
    apps          uuid[] not null
);

-- One row per credited donor: its lock orders all that changes his credits, its version numbers Recognition's events about him.
-- No foreign key to recognition.donor: a donation may arrive before the registration.
create table recognition.credit_account (
    donor_id uuid   not null primary key,
    version  bigint not null
);

-- One line per collected donation, abandoned ones with zero counts. Totals are always sums of these lines.
create table recognition.credit (
    id                uuid         not null primary key,
    din               text         not null,
    donor_id          uuid         not null references recognition.credit_account (donor_id),
    station_id        uuid,
    drive_id          uuid,
    procedure         text         not null,
    outcome           text         not null,
    volume_ml         int          not null,
    treatment_units   int          not null,
    national_counts   numeric(8,3) not null,
    national_rules    text         not null,
    provincial_counts numeric(8,3) not null,
    provincial_rules  text         not null,
    collected_at      timestamptz  not null,
    backfilled        boolean      not null,
    granted_at        timestamptz  not null,
    constraint credit_one_per_donation unique (din),
    constraint credit_is_not_negative check (volume_ml >= 0 and treatment_units >= 0 and national_counts >= 0 and provincial_counts >= 0)
);
create index credit_of_donor on recognition.credit (donor_id, collected_at);
create index credit_of_station on recognition.credit (station_id, id);
create index credit_of_drive on recognition.credit (drive_id, id) where drive_id is not null;

-- A level is earned once, whatever order the donations were learned in. When it was reached is read from the credit lines,
-- because a backfilled donation may move that day.
create table recognition.honour (
    id               uuid        not null primary key,
    donor_id         uuid        not null references recognition.credit_account (donor_id),
    award            text        not null,
    level            text        not null,
    rule_set_version text        not null,
    earned_at        timestamptz not null,
    constraint honour_earned_once unique (donor_id, award, level)
);
