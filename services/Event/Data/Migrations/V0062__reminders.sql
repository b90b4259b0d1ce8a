-- A booking is reminded once of the slot that it has, of each kind; moved to another slot, of that.
create table event.reminder (
    appointment_id uuid        not null references event.appointment (id),
    kind           text        not null,
    slot_starts_at timestamptz not null,
    reminded_at    timestamptz not null,
    primary key (appointment_id, kind, slot_starts_at),
    constraint reminder_kind_is_known check (kind in ('reminder-24h', 'reminder-3h'))
);
create index appointment_to_come on event.appointment (slot_starts_at, id) where status = 'booked';
