-- The last word on two bookings of one person that the interval between donations forbids. A booking occupies its day for its procedure ('on') and, for
-- each procedure, blocks the days on which that would come too soon after it ('after'); no 'on' may lie within another booking's 'after'. Only booked
-- places have rows: whoever has come is settled by what he then gave.
create table event.booking_block (
    appointment_id uuid           not null references event.appointment (id),
    person_id      uuid           not null,
    procedure      text           not null, -- of the later of two
    side           text           not null,
    days           datemultirange not null,
    primary key (appointment_id, procedure, side),
    constraint booking_block_side_is_known check (side in ('on', 'after')),
    constraint booking_interval_kept exclude using gist (person_id with =, procedure with =, appointment_id with <>, side with <>, days with &&)
);

-- Places beside the bookable ones that only whoever stands at the desk may take, and those of them taken.
alter table event.slot add column walk_in int not null default 0, add column walked_in int not null default 0, add constraint slot_walk_ins_fit check (walked_in between 0 and walk_in);
update event.slot s set walk_in = d.walk_in_per_slot from event.drive d where d.id = s.drive_id;
alter table event.appointment add column walk_in boolean not null default false; -- took one of those

-- Bookings made before there were such rows get theirs, person by person.
insert into event.job (id, kind, input, created_at) select gen_random_uuid(), 'review-bookings', '{}', now() where exists (select from event.appointment where status = 'booked');
