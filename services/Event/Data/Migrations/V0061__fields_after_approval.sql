alter table event.drive
    add column description   text,
    add column meeting_point text; -- where exactly at the site one meets
-- When a booking got the slot that it has; null: when it was booked.
alter table event.appointment add column placed_at timestamptz;
-- In the order in which they were made; a drive's are made one after another.
alter table event.drive_change add column number bigint generated always as identity;
drop index event.drive_change_drive;
create unique index drive_change_in_order on event.drive_change (drive_id, number);
