-- The public feed: every event of the platform once, with a place in one dense order.

create table partner.feed (
    event_id        uuid        not null primary key,
    sequence        bigint,                                   -- null until the sequencer has placed it
    source          text        not null,                     -- the service that published it
    type            text        not null,
    subject         text        not null,                     -- the contract's key
    version         bigint      not null,
    occurred_at     timestamptz not null,
    data            jsonb       not null,
    -- What decides who may read it; null means that nobody can prove it is his by this.
    station_id      uuid,
    donor_id        uuid,
    drive_id        uuid,
    organisation_id uuid,
    hospital_id     uuid,
    district        text,
    din             text,
    consumed_at     timestamptz not null default clock_timestamp(),
    xid             xid8        not null default pg_current_xact_id(),
    constraint feed_sequence_once unique (sequence)
);
create index feed_waiting on partner.feed (consumed_at) where sequence is null;
create index feed_waiting_subject on partner.feed (source, subject) where sequence is null;

-- The last number given. Whoever holds its row lock is the one who gives numbers.
create table partner.feed_head (only_row boolean not null primary key default true constraint feed_head_is_one_row check (only_row), last bigint not null);
insert into partner.feed_head (last) values (0);

create table partner.organisation (
    id       uuid   not null primary key,
    version  bigint not null,
    kind     text   not null,
    district text   not null,
    path     uuid[] not null,
    status   text   not null
);
create table partner.drive (
    id           uuid   not null primary key,
    version      bigint not null,
    organiser_id uuid   not null,
    station_id   uuid,
    district     text   not null
);
create table partner.donor (
    id       uuid   not null primary key,
    version  bigint not null,
    district text,
    apps     uuid[] not null
);

-- An event as its readers are told from each other. What the event itself does not say its drive, its station or its donor does;
-- joined when it is read, so that a fact which arrives late never opens less than it should, nor more.
create view partner.feed_item as
select f.sequence, f.event_id, f.source, f.type, f.subject, f.occurred_at, f.data, f.donor_id, f.hospital_id, f.din,
       coalesce(f.station_id, d.station_id) as station_id,
       coalesce(f.organisation_id, d.organiser_id) as organisation_id,
       coalesce(f.district, d.district, s.district, p.district) as district
from partner.feed f
left join partner.drive d on d.id = f.drive_id
left join partner.organisation s on s.id = coalesce(f.station_id, d.station_id)
left join partner.donor p on p.id = f.donor_id
where f.sequence is not null;
