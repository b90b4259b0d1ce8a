create table {schema}.thing (
    id      uuid   not null primary key,
    version bigint not null,
    name    text   not null,
    constraint thing_name_once unique (name)
);
create table {schema}.effect (
    position bigint generated always as identity primary key,
    event_id uuid   not null,
    type     text   not null,
    key      text   not null,
    version  bigint not null
);
create table {schema}.projection (
    key     text   not null primary key,
    version bigint not null,
    status  text   not null
);
