-- Who has said that a hold may go. The second person's word lifts it.
create table inventory.hold_lift_signature (
    hold_id   uuid        not null references inventory.hold (id),
    staff_id  uuid        not null,
    reason    text        not null,
    signed_at timestamptz not null,
    constraint hold_lift_signature_one_per_person primary key (hold_id, staff_id)
);

do $$
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        revoke update, delete, truncate on inventory.hold_lift_signature from inventory;
    end if;
end $$;
