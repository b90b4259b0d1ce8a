create table event.organisation (
    id          uuid        not null primary key,
    version     bigint      not null,
    name        text        not null,
    kind        text        not null,
    district    text        not null,
    parent_id   uuid        references event.organisation (id),
    path        uuid[]      not null,
    members     int,
    status      text        not null,
    coordinator_name  bytea,
    coordinator_phone bytea,
    created_at  timestamptz not null,
    constraint organisation_is_in_its_path check (path[cardinality(path)] = id)
);
create index organisation_path on event.organisation using gin (path);
