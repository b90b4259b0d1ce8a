-- Each time a consent was given or withdrawn, and to which text: kept as proof (PIPL Art. 14, 15), never rewritten.
create table donor.consent_fact (
    id        uuid        not null primary key,
    donor_id  uuid        not null references donor.donor (id),
    code      text        not null,
    version   int         not null,
    given     boolean     not null,
    at        timestamptz not null,
    client_id text        not null
);
create index consent_fact_donor on donor.consent_fact (donor_id, at);

-- Who read a full identity, why, and in which look-back.
create table donor.full_read (
    id           uuid        not null primary key,
    donor_id     uuid        not null references donor.donor (id),
    at           timestamptz not null,
    station_id   uuid        not null,
    client_id    text        not null,
    staff_id     uuid        not null,
    purpose      text        not null,
    reason       bytea       not null,
    lookback_id  uuid
);
create index full_read_donor on donor.full_read (donor_id, at);
create index full_read_station on donor.full_read (station_id, id);

-- How often a person wishes to be told that he may give again. The date is that of age and interval alone: nothing medical moves it.
create table donor.contact_preference (
    donor_id  uuid        not null primary key references donor.donor (id),
    version   bigint      not null,
    reminders text        not null constraint contact_preference_known check (reminders in ('never', 'once', 'every-time', 'monthly')),
    channels  text[]      not null,
    set_at    timestamptz not null,
    next_on   date
);
create index contact_preference_due on donor.contact_preference (next_on) where next_on is not null;
create table donor.reminder (
    donor_id uuid        not null references donor.donor (id),
    due_on   date        not null,
    sent_at  timestamptz not null,
    constraint reminder_once primary key (donor_id, due_on)
);

do $$
declare kept text;
begin
    if exists (select from pg_roles where rolname = 'donor') then
        foreach kept in array array['consent_fact', 'full_read'] loop
            execute format('revoke update, delete, truncate on donor.%I from donor', kept);
        end loop;
    end if;
end $$;
