-- Rule sets are rows that the authority publishes; those of a release are published by whichever replica starts first. The
-- documents recorded before are the release's own and are recorded again at its start, each with its position.
delete from donor.rule_set;
alter table donor.rule_set
    add column position     bigint not null,
    add column kind         text   not null,
    add column published_by text   not null,
    add constraint rule_set_position_once unique (position);

-- What a donor was last told about his dates, as a hash: only what differs is announced after a new version.
alter table donor.donor add column windows_digest bytea;

-- The place in time, to say which bookings a draft would touch.
alter table donor.appointment
    add column slot_starts_at timestamptz,
    add column moved_version  bigint not null default 0;
create index appointment_slot on donor.appointment (slot_starts_at);

-- What was judged and what came of it, both sealed under the donor's key: it can be judged again and must come out the same.
create table donor.decision (
    id               uuid        not null primary key,
    donor_id         uuid        not null references donor.donor (id),
    visit_id         uuid        not null references donor.visit (id),
    step             text        not null,
    judged_on        date        not null,
    rule_set         text        not null,
    rule_set_version text        not null,
    input            bytea       not null,
    outcome          bytea       not null,
    recorded_at      timestamptz not null
);
create index decision_visit on donor.decision (visit_id, id);

-- A physician's approval that on one day a shorter interval is enough.
create table donor.interval_approval (
    id           uuid        not null primary key,
    donor_id     uuid        not null references donor.donor (id),
    rule         text        not null,
    approved_for date        not null,
    approved_by  uuid        not null,
    reason       bytea       not null,
    recorded_at  timestamptz not null,
    constraint interval_approval_once unique (donor_id, rule, approved_for)
);
