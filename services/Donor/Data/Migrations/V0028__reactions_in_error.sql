-- A reaction that was recorded wrong is entered in error: by a physician who did not record it. The row stays.
alter table donor.reaction add column recorded_by uuid;

create table donor.reaction_void (
    reaction_id uuid        not null primary key references donor.reaction (id),
    reason_code text        not null,
    note        bytea,
    voided_at   timestamptz not null,
    voided_by   uuid        not null
);

-- What counts for whom: of a visit that was another donor's, for him; of a person who was erased, for whoever shows his document.
create view donor.reaction_counted as
select r.id, r.visit_id, r.donor_id, r.at from donor.reaction r
where not exists (select from donor.reaction_void x where x.reaction_id = r.id)
  and not exists (select from donor.visit_void w join donor.visit_void_signature s on s.void_id = w.id where w.visit_id = r.visit_id)
union all
select r.id, r.visit_id, t.true_donor_id, r.at from donor.visit_void_named t join donor.visit_void w on w.id = t.void_id join donor.reaction r on r.visit_id = w.visit_id
where not exists (select from donor.reaction_void x where x.reaction_id = r.id)
union all
select null, null, donor_id, first_on::timestamp at time zone 'Asia/Shanghai' from donor.carried_reaction;

do $$
begin
    if exists (select from pg_roles where rolname = 'donor') then
        revoke update, delete, truncate on donor.reaction_void from donor;
    end if;
end $$;
