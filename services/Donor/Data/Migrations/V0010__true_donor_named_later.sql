-- Whose visit it really was may be known to the first person, or only to the second, or later still: a fact of its own, named once.
create table donor.visit_void_named (
    void_id       uuid        not null primary key references donor.visit_void (id),
    true_donor_id uuid        not null references donor.donor (id),
    named_at      timestamptz not null,
    named_by      uuid        not null
);
insert into donor.visit_void_named (void_id, true_donor_id, named_at, named_by) select id, true_donor_id, recorded_at, recorded_by from donor.visit_void where true_donor_id is not null;
create index visit_void_named_donor on donor.visit_void_named (true_donor_id);
alter table donor.visit_void drop column true_donor_id;

do $$
begin
    if exists (select from pg_roles where rolname = 'donor') then
        revoke update, delete, truncate on donor.visit_void_named from donor;
    end if;
end $$;
