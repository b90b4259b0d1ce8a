-- What the register of deferrals beyond this platform says of the donor (null: not asked), and whether the donation is void.
alter table inventory.donation
    add column external_check    text,
    add column corrected         int  not null default 0, -- number of the correction that stands
    add column voided_at         timestamptz,
    add constraint donation_external_check_known check (external_check in ('clear', 'hit', 'unavailable'));

-- Corrections as Donor said them, kept also for a donation that has not arrived; the highest number stands.
create table inventory.donation_correction (
    correction_id uuid        not null primary key,
    din           text        not null references inventory.donation (din),
    number        int         not null,
    kind          text        not null,
    reason_code   text        not null,
    after         jsonb,
    recorded_at   timestamptz not null,
    constraint donation_correction_kind_known check (kind in ('corrected', 'voided'))
);
create index donation_correction_of_donation on inventory.donation_correction (din);

-- Asked of Donor at once and provisionally, and once more when a retest is reactive too.
alter table inventory.deferral_requirement add column certainty text not null default 'provisional';
alter table inventory.deferral_requirement drop constraint deferral_requirement_once;
alter table inventory.deferral_requirement add constraint deferral_requirement_once unique (din, code, certainty);

do $$
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        revoke update, delete, truncate on inventory.donation_correction from inventory;
    end if;
end $$;
