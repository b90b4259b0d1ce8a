-- A place that somebody took on the page of a code with nothing but name and telephone. It becomes a booking at the desk, where he shows his document.
-- Who it is, is sealed under a key of its own (event.subject_key), which goes when the row is settled, and with it what is sealed and the index.
create table event.provisional_booking (
    id             uuid        not null primary key,
    version        bigint      not null,
    drive_id       uuid        not null references event.drive (id),
    slot_starts_at timestamptz not null,
    held_until     timestamptz not null, -- the slot's end
    channel        text        not null,
    reference      text        not null, -- what he says at the desk; no secret
    content        bytea,      -- sealed: name and telephone; null once settled
    phone_index    bytea,      -- keyed hash of the telephone; null once settled
    status         text        not null,
    appointment_id uuid        references event.appointment (id),
    created_at     timestamptz not null, -- when he agreed to be kept
    settled_at     timestamptz,
    constraint provisional_status_is_known check (status in ('held', 'confirmed', 'declined', 'lapsed')),
    constraint provisional_kept_while_held check ((status = 'held') = (content is not null) and (status = 'held') = (phone_index is not null)),
    constraint provisional_confirmed_is_booked check ((status = 'confirmed') = (appointment_id is not null))
);
create unique index provisional_phone_once on event.provisional_booking (drive_id, phone_index) where status = 'held';
create unique index provisional_reference_once on event.provisional_booking (drive_id, reference);
create unique index provisional_appointment_once on event.provisional_booking (appointment_id);
create index provisional_holds on event.provisional_booking (drive_id, slot_starts_at) where status = 'held';
create index provisional_due on event.provisional_booking (held_until) where status = 'held';
