-- Where an organisation stood when. What a drive or a target counts for is decided by the day, so that a move leaves the past alone.
create table event.organisation_move (
    id              uuid        not null primary key,
    organisation_id uuid        not null references event.organisation (id),
    from_parent_id  uuid        references event.organisation (id),
    to_parent_id    uuid        references event.organisation (id),
    effective_on    date        not null, -- the first day at the new place
    reason_code     text        not null,
    recorded_at     timestamptz not null,
    client_id       text        not null,
    staff_id        uuid,
    constraint organisation_move_goes_elsewhere check (from_parent_id is distinct from to_parent_id)
);
create index organisation_move_organisation on event.organisation_move (organisation_id);

create table event.organisation_placement (
    organisation_id uuid   not null references event.organisation (id),
    valid_from      date   not null, -- -infinity: since ever
    valid_to        date   not null, -- the first day elsewhere; infinity: until further notice
    path            uuid[] not null,
    move_id         uuid   references event.organisation_move (id),
    primary key (organisation_id, valid_from),
    constraint organisation_placement_lasts check (valid_from < valid_to),
    constraint organisation_placement_is_in_its_path check (path[cardinality(path)] = organisation_id)
);
create unique index organisation_placement_one_now on event.organisation_placement (organisation_id) where valid_to = 'infinity';
create index organisation_placement_path on event.organisation_placement using gin (path);
insert into event.organisation_placement (organisation_id, valid_from, valid_to, path) select id, '-infinity', 'infinity', path from event.organisation;

create index organisation_parent on event.organisation (parent_id, id);

-- Who answers the telephone there, and who did. Every person has a key of his own: one can be forgotten without the others.
create table event.coordinator (
    id              uuid        not null primary key,
    organisation_id uuid        not null references event.organisation (id),
    name            bytea       not null,
    phone           bytea       not null,
    starts_at       timestamptz not null,
    ends_at         timestamptz, -- null: still is
    recorded_at     timestamptz not null,
    client_id       text        not null, -- who recorded the handover
    staff_id        uuid,
    constraint coordinator_ends_after_he_starts check (ends_at > starts_at)
);
create unique index coordinator_one_now on event.coordinator (organisation_id) where ends_at is null;
create index coordinator_organisation on event.coordinator (organisation_id, starts_at);
-- Those known so far are sealed under their organisation's key, so they keep its id. The old columns are empty from here on and go in a later release.
insert into event.coordinator (id, organisation_id, name, phone, starts_at, recorded_at, client_id)
select id, id, coordinator_name, coordinator_phone, created_at, created_at, 'event' from event.organisation where coordinator_name is not null and coordinator_phone is not null;
update event.organisation set coordinator_name = null, coordinator_phone = null;

create table event.organisation_size (
    organisation_id uuid        not null references event.organisation (id),
    as_of           date        not null,
    members         int         not null,
    recorded_at     timestamptz not null,
    primary key (organisation_id, as_of)
);
insert into event.organisation_size (organisation_id, as_of, members, recorded_at)
select id, (created_at at time zone 'Asia/Shanghai')::date, members, created_at from event.organisation where members is not null;

-- Whom a drive is also about, besides its organiser.
create index drive_host on event.drive (host_organisation_id) where host_organisation_id is not null;
create index drive_parties on event.drive using gin (parties jsonb_path_ops);
