-- Who may call (clients), who may answer for an act (staff), and the key that signs both kinds of token.

create table partner.signing_key (
    kid         text        not null primary key,
    private_key bytea       not null,   -- PKCS#8, sealed under the master key
    modulus     bytea       not null,   -- the public half, so that the key set is published without opening anything
    exponent    bytea       not null,
    status      text        not null constraint signing_key_status check (status in ('current', 'previous')),
    created_at  timestamptz not null
);
-- Replicas that start together agree: the first insert wins, the others read it.
create unique index signing_key_one_current on partner.signing_key (status) where status = 'current';

create table partner.client (
    id          uuid        not null primary key,
    version     bigint      not null,
    name        text        not null,
    role        text        not null constraint client_role check (role in ('station', 'organiser', 'app', 'hospital', 'authority', 'admin')),
    tenant_id   uuid,
    districts   text[]      not null,
    scopes      text[]      not null,
    secret_hash bytea       not null,
    status      text        not null constraint client_status check (status in ('active', 'revoked')),
    bootstrap   boolean     not null default false,
    created_at  timestamptz not null,
    rotated_at  timestamptz,
    revoked_at  timestamptz,
    constraint client_tenant_or_none check ((tenant_id is null) = (role in ('authority', 'admin'))),
    constraint client_districts_of_authority check ((cardinality(districts) > 0) = (role = 'authority'))
);
create unique index client_one_bootstrap on partner.client (bootstrap) where bootstrap and status = 'active';
create index client_tenant on partner.client (tenant_id, id);

create table partner.staff (
    id              uuid        not null primary key,
    version         bigint      not null,
    tenant_id       uuid        not null,
    staff_number    text        not null,
    name            bytea       not null,
    functions       text[]      not null,
    qualified_until date        not null,
    pin_salt        bytea       not null,
    pin_hash        bytea       not null,
    status          text        not null constraint staff_status check (status in ('active', 'suspended')),
    created_at      timestamptz not null,
    constraint staff_number_once unique (tenant_id, staff_number)
);

-- Wrong PINs are counted for a number whether or not anybody has it, so that a lock tells nobody which numbers exist.
create table partner.sign_in (
    tenant_id    uuid not null,
    staff_number text not null,
    failed       int  not null,
    locked_until timestamptz,
    primary key (tenant_id, staff_number)
);
