-- What the donor signed (forms, versions, when and how; where the sheet lies is in the sealed step), how the register of deferrals beyond this
-- platform answered, how long he rested.
alter table donor.visit
    add column signed            jsonb not null default '{}',
    add column external_check    text,
    add column external_asked_at timestamptz,
    add column rest_seconds      int,
    add constraint visit_external_check_known check (external_check in ('clear', 'hit', 'unavailable'));
create index visit_externally_unchecked on donor.visit (external_asked_at) where external_check = 'unavailable';

alter table donor.reaction add column care text[] not null default '{}';

-- What a second person found to be otherwise: the whole state after it. What was recorded stays as it was.
create table donor.donation_correction (
    id              uuid        not null primary key,
    din             text        not null references donor.donation (din),
    number          int         not null,
    kind            text        not null,
    reason_code     text        not null,
    note            bytea,
    nominal_ml      int,
    collected_ml    int,
    treatment_units int,
    outcome         text        not null,
    bag             jsonb       not null,
    arm             text        not null,
    started_at      timestamptz not null,
    ended_at        timestamptz not null,
    donated_on      date        not null,
    deviations      text[]      not null,
    restrictions    text[]      not null,
    recorded_at     timestamptz not null,
    recorded_by     uuid        not null,
    constraint donation_correction_in_order unique (din, number),
    constraint donation_correction_kind_known check (kind in ('corrected', 'voided'))
);
-- Nothing follows a voided donation.
create unique index donation_voided_once on donor.donation_correction (din) where kind = 'voided';

-- A donation with its newest correction; a voided one is nobody's.
create view donor.donation_as_it_stands as
select d.din, d.donor_id, d.visit_id, d.station_id, d.drive_id, d.procedure, d.backfilled, d.recorded_at,
       case when c.id is null then d.nominal_ml else c.nominal_ml end as nominal_ml,
       case when c.id is null then d.collected_ml else c.collected_ml end as collected_ml,
       case when c.id is null then d.treatment_units else c.treatment_units end as treatment_units,
       coalesce(c.donated_on, d.donated_on) as donated_on, coalesce(c.started_at, d.started_at) as started_at,
       coalesce(c.kind = 'voided', false) as voided
from donor.donation d
left join lateral (select * from donor.donation_correction n where n.din = d.din order by n.number desc limit 1) c on true;

-- A confirmed result turns the provisional deferral of the same donation into a lasting one, whichever comes first.
alter table donor.deferral
    add column confirmation_id uuid,
    add column reentry_case_id uuid,
    add constraint deferral_confirmation_once unique (confirmation_id);

-- The only way out of a deferral that a test or the list of lasting reasons made: criteria met one by one, two signatures.
create table donor.reentry_case (
    id               uuid        not null primary key,
    version          bigint      not null,
    donor_id         uuid        not null references donor.donor (id),
    deferral_id      uuid        not null references donor.deferral (id),
    station_id       uuid        not null,
    status           text        not null,
    rule_set         text        not null,
    rule_set_version text        not null,
    opened_at        timestamptz not null,
    opened_by        uuid        not null,
    closed_at        timestamptz,
    refusal          bytea,
    constraint reentry_case_status_known check (status in ('open', 'lifted', 'refused'))
);
create unique index reentry_case_one_open on donor.reentry_case (deferral_id) where status = 'open';
create index reentry_case_donor on donor.reentry_case (donor_id);

create table donor.reentry_criterion (
    case_id     uuid        not null references donor.reentry_case (id),
    code        text        not null,
    met_on      date        not null,
    finding     bytea,
    recorded_at timestamptz not null,
    recorded_by uuid        not null,
    constraint reentry_criterion_once primary key (case_id, code)
);
create table donor.reentry_signature (
    case_id   uuid        not null references donor.reentry_case (id),
    staff_id  uuid        not null,
    signed_at timestamptz not null,
    constraint reentry_signature_one_per_person primary key (case_id, staff_id)
);
alter table donor.deferral add constraint deferral_lifted_by_its_case foreign key (reentry_case_id) references donor.reentry_case (id);

-- What the sandbox's register answers about a donor; nobody is in it who was not put there.
create table donor.sandbox_register (
    donor_id uuid not null primary key,
    outcome  text not null
);

-- Facts are added, never rewritten.
do $$
declare kept text;
begin
    if exists (select from pg_roles where rolname = 'donor') then
        foreach kept in array array['donation_correction', 'reentry_criterion', 'reentry_signature'] loop
            execute format('revoke update, delete, truncate on donor.%I from donor', kept);
        end loop;
    end if;
end $$;
