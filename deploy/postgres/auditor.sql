-- The auditor's login: reads the five schemas, writes nothing. Run after service.sql of all five services.
-- {password} is filled in by the caller. A second run is harmless.

do $$
declare
    service text;
begin
    lock table pg_catalog.pg_authid in share row exclusive mode;
    if not exists (select from pg_catalog.pg_roles where rolname = 'auditor') then
        create role auditor login nosuperuser nocreatedb nocreaterole;
    end if;
    alter role auditor password '{password}';
    -- A session that forgets itself still cannot write.
    alter role auditor set default_transaction_read_only = on;
    execute format('grant connect on database %I to auditor', current_database());

    foreach service in array array['donor', 'event', 'inventory', 'recognition', 'partner'] loop
        execute format('grant usage on schema %I to auditor', service);
        execute format('grant select on all tables in schema %I to auditor', service);
        execute format('alter default privileges for role %I in schema %I grant select on tables to auditor', service || '_owner', service);
    end loop;
end
$$;
