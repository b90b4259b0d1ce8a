-- What one service needs of PostgreSQL: two logins and a schema of its own. Run as superuser in the platform's database.
-- {service}, {password} and {owner_password} are filled in by the caller (deploy/lib.sh, the tests). A second run is harmless.

do $$
begin
    -- Roles belong to the whole cluster: callers preparing several databases at once wait for each other here.
    lock table pg_catalog.pg_authid in share row exclusive mode;

    -- {service}_owner migrates and owns what is made; {service} is the running service's login and has no DDL.
    if not exists (select from pg_catalog.pg_roles where rolname = '{service}_owner') then
        create role {service}_owner login nosuperuser nocreatedb nocreaterole;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = '{service}') then
        create role {service} login nosuperuser nocreatedb nocreaterole;
    end if;

    alter role {service}_owner password '{owner_password}';
    alter role {service} password '{password}';

    -- Nobody has anything in this database that is not granted here.
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect on database %I to {service}_owner, {service}', current_database());
end
$$;

revoke all on schema public from public;

-- A plain column beside a range in one exclusion constraint; whoever owns a schema may use it, nobody else is given anything.
create extension if not exists btree_gist with schema public;

create schema if not exists {service} authorization {service}_owner;
grant usage on schema {service} to {service};
alter default privileges for role {service}_owner in schema {service}
    grant select, insert, update, delete on tables to {service};
alter default privileges for role {service}_owner in schema {service}
    grant usage, select on sequences to {service};
alter default privileges for role {service}_owner in schema {service}
    grant execute on functions to {service};
