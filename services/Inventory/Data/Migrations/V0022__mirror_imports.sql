-- A file of a station's own software: the same bytes are one import of a station, however often they are sent. A row's content goes once it is recorded or refused.
create table inventory.mirror_import (
    id          uuid        not null primary key,
    station_id  uuid        not null,
    kind        text        not null,
    fingerprint bytea       not null,
    client_id   text        not null,
    job_id      uuid        not null,
    rows        int         not null,
    accepted    int         not null,
    rejected    int         not null,
    created_at  timestamptz not null,
    finished_at timestamptz,
    constraint mirror_import_kind_known check (kind in ('donations', 'units', 'unit-movements')),
    constraint mirror_import_once unique (station_id, kind, fingerprint)
);

create table inventory.mirror_import_row (
    import_id uuid not null references inventory.mirror_import (id),
    line      int  not null,
    content   jsonb,
    outcome   text,
    code      text,
    errors    jsonb,
    constraint mirror_import_row_once primary key (import_id, line),
    constraint mirror_import_row_outcome_known check (outcome is null or outcome in ('accepted', 'rejected')),
    constraint mirror_import_row_done_or_kept check ((content is null) = (outcome is not null))
);
create index mirror_import_row_kept on inventory.mirror_import_row (import_id, line) where content is not null;

do $$
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        revoke delete, truncate on inventory.mirror_import, inventory.mirror_import_row from inventory;
    end if;
end $$;
