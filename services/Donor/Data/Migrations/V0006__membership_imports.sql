-- Members' groups from an organisation's list, row by row. A row is sealed under the import's own key, which is destroyed when all
-- rows are done: what stays is which row came to what.
create table donor.membership_import (
    id              uuid        not null primary key,
    organisation_id uuid        not null,
    role            text        not null,
    tenant_id       uuid        not null,
    job_id          uuid        not null,
    rows            int         not null,
    accepted        int         not null default 0,
    rejected        int         not null default 0,
    created_at      timestamptz not null,
    finished_at     timestamptz
);
create table donor.membership_import_row (
    import_id uuid not null references donor.membership_import (id),
    row       int  not null,
    content   bytea,
    outcome   text,
    code      text,
    primary key (import_id, row)
);
