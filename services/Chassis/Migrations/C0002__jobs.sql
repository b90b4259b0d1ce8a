-- Long work in steps. The row lock of a step's transaction is its lease: a runner that dies loses it with its connection, and the
-- next one goes on from the cursor.
create table {schema}.job (
    id           uuid        not null primary key,
    kind         text        not null,
    state        text        not null default 'queued',
    role         text,
    tenant_id    uuid,
    input        jsonb       not null,
    cursor       jsonb,
    done         bigint      not null default 0,
    total        bigint,
    result       jsonb,
    failures     int         not null default 0,
    last_error   text,
    created_at   timestamptz not null,
    started_at   timestamptz,
    finished_at  timestamptz,
    stepped_at   timestamptz,
    not_before   timestamptz not null default '-infinity',
    constraint job_state check (state in ('queued', 'running', 'succeeded', 'failed'))
);
create index job_waiting on {schema}.job (stepped_at nulls first, id) where state in ('queued', 'running');

-- What a job could not do, row by row. Codes and pointers, never the values.
create table {schema}.job_problem (
    job_id   uuid   not null references {schema}.job (id),
    position bigint generated always as identity,
    row      bigint,
    code     text   not null,
    detail   text,
    errors   jsonb,
    primary key (job_id, position)
);
