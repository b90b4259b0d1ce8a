-- The tables every service has. {schema} is the service's own schema; nothing here knows the domain.

create table {schema}.outbox (
    position      bigint generated always as identity,
    recorded_at   timestamptz not null,
    event_id      uuid        not null,
    type          text        not null,
    key           text        not null,
    version       bigint      not null,
    payload       jsonb       not null,
    trace_parent  text,
    published_at  timestamptz,
    attempts      int         not null default 0,
    next_attempt_at timestamptz,
    parked_at     timestamptz,
    last_error    text,
    primary key (position, recorded_at)
) partition by range (recorded_at);

-- What the relay looks for is tiny beside the history kept for ever.
create index outbox_unsent on {schema}.outbox (position) where published_at is null;
create index outbox_history on {schema}.outbox (recorded_at, position);
create table {schema}.outbox_default partition of {schema}.outbox default;

-- The service's own login has no DDL: it asks for the coming months through this function.
create function {schema}.outbox_ensure_partitions(months int) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
    first_day date := date_trunc('month', now() at time zone 'UTC')::date;
    month_start date;
    partition_name text;
begin
    for i in 0..months loop
        month_start := (first_day + make_interval(months => i))::date;
        partition_name := format('outbox_%s', to_char(month_start, 'YYYY_MM'));
        if to_regclass(format('{schema}.%I', partition_name)) is null then
            begin
                execute format('create table {schema}.%I partition of {schema}.outbox for values from (%L) to (%L)',
                    partition_name, (month_start::timestamp at time zone 'UTC')::text, ((month_start + interval '1 month')::timestamp at time zone 'UTC')::text);
            exception
                when duplicate_table then null;   -- another replica was first
                when check_violation then         -- rows of that month already lie in the default partition: they stay there
                    raise warning 'outbox rows of % stay in the default partition', month_start;
            end;
        end if;
    end loop;
end $$;
select {schema}.outbox_ensure_partitions(3);

create table {schema}.inbox (
    consumer    text        not null,
    message_id  uuid        not null,
    received_at timestamptz not null default now(),
    constraint inbox_once primary key (consumer, message_id)
);
create index inbox_message on {schema}.inbox (message_id);
create index inbox_age on {schema}.inbox (received_at);

-- Messages that can never succeed as they are. Alarmed, listed and replayed with "dotnet X.dll parked".
create table {schema}.parked_message (
    id          bigint generated always as identity primary key,
    message_id  uuid,
    type        text,
    key         text,
    body        text        not null,
    error       text        not null,
    parked_at   timestamptz not null default now(),
    times       int         not null default 1,
    constraint parked_message_once unique (message_id)
);

-- The newest seal of each publisher this service listens to, and the sent events it still has to see.
create table {schema}.seal (
    service   text        not null primary key,
    through   timestamptz not null,
    held_keys text[]      not null,
    received_at timestamptz not null
);
create table {schema}.seal_await (
    service    text not null,
    message_id uuid not null,
    key        text not null,
    primary key (service, message_id)
);
-- On the publishing side: what was sent since the last seal.
create table {schema}.seal_pending (
    event_id uuid not null primary key,
    key      text not null,
    type     text not null
);

create table {schema}.idempotency (
    client_id    text        not null,
    key          text        not null,
    fingerprint  bytea       not null,
    answer       bytea       not null,
    created_at   timestamptz not null,
    constraint idempotency_once primary key (client_id, key)
);
create index idempotency_age on {schema}.idempotency (created_at);

create table {schema}.audit (
    id         uuid        not null primary key,
    at         timestamptz not null,
    client_id  text        not null,
    tenant_id  uuid,
    staff_id   uuid,
    action     text        not null,
    resource   text        not null,
    detail     jsonb       not null,
    trace_id   text
);
create index audit_resource on {schema}.audit (resource, at);

create table {schema}.subject_key (
    subject_id  uuid  not null primary key,
    wrapped_key bytea not null,
    created_at  timestamptz not null default now()
);

-- Append-only for the service's login: history and audit are added to, never rewritten.
do $$ begin
    if exists (select from pg_roles where rolname = '{schema}') then
        revoke update, delete, truncate on {schema}.audit from {schema};
        revoke delete, truncate on {schema}.outbox from {schema};
        grant execute on function {schema}.outbox_ensure_partitions(int) to {schema};
    end if;
end $$;
