-- A visit that was recorded under the wrong donor, whether blood was taken or not. What came of it stays with who it was recorded under until a
-- second person signs; with the true donor, where he is known, it stands at once.
create table donor.visit_void (
    id            uuid        not null primary key,
    visit_id      uuid        not null references donor.visit (id),
    din           text,
    true_donor_id uuid        references donor.donor (id),
    note          bytea,
    recorded_at   timestamptz not null,
    recorded_by   uuid        not null,
    constraint visit_void_once unique (visit_id)
);
create index visit_void_din on donor.visit_void (din);
create index visit_void_true_donor on donor.visit_void (true_donor_id);

create table donor.visit_void_signature (
    void_id   uuid        not null primary key references donor.visit_void (id),
    staff_id  uuid        not null,
    signed_at timestamptz not null
);

-- Ended because it was entered in error (void_id); made for the true donor (copy_of), once.
alter table donor.deferral
    add column void_id uuid references donor.visit_void (id),
    add column copy_of uuid references donor.deferral (id),
    add constraint deferral_copied_once unique (copy_of),
    add constraint deferral_void_is_ended check (void_id is null or lifted_at is not null);
create index deferral_visit on donor.deferral (visit_id) where visit_id is not null;
create index deferral_din on donor.deferral (din) where din is not null;
create index reaction_visit on donor.reaction (visit_id);

-- A case of a deferral that was none of his ends with it.
alter table donor.reentry_case drop constraint reentry_case_status_known;
alter table donor.reentry_case add constraint reentry_case_status_known check (status in ('open', 'lifted', 'refused', 'void'));

do $$
declare kept text;
begin
    if exists (select from pg_roles where rolname = 'donor') then
        foreach kept in array array['visit_void', 'visit_void_signature'] loop
            execute format('revoke update, delete, truncate on donor.%I from donor', kept);
        end loop;
    end if;
end $$;
