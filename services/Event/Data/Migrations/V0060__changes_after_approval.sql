-- What was changed of a drive that others knew already: its log.
create table event.drive_change (
    id              uuid        not null primary key,
    drive_id        uuid        not null references event.drive (id),
    changed_at      timestamptz not null,
    role            text        not null,
    tenant_id       uuid,
    staff_id        uuid,
    field           text        not null,
    slot_starts_at  timestamptz, -- of one slot only
    before          text,
    after           text,
    reason          text
);
create index drive_change_drive on event.drive_change (drive_id, id);

-- Bookings of a drive that are there, by slot; and whom a cut took.
create index appointment_drive_settled on event.appointment (drive_id, settled_at) where status = 'cancelled';
