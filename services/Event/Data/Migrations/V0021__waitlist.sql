-- Who waits for a place at a full drive, in the order of position. An open offer holds a place of its slot.
create table event.waiting (
    id             uuid        not null primary key,
    version        bigint      not null,
    position       bigint      generated always as identity,
    drive_id       uuid        not null references event.drive (id),
    slot_starts_at timestamptz, -- null: whichever becomes free
    donor_id       uuid        not null,
    procedure      text        not null,
    channel        text        not null,
    status         text        not null,
    offered_slot   timestamptz,
    offered_at     timestamptz,
    expires_at     timestamptz,
    appointment_id uuid,
    joined_at      timestamptz not null,
    settled_at     timestamptz,
    constraint waiting_status_is_known check (status in ('waiting', 'offered', 'accepted', 'expired', 'left', 'ended')),
    constraint waiting_offer_is_whole check (status <> 'offered' or (offered_slot is not null and expires_at is not null))
);
create unique index waiting_once on event.waiting (drive_id, donor_id) where status in ('waiting', 'offered');
create index waiting_in_line on event.waiting (drive_id, position) where status = 'waiting';
create index waiting_offered on event.waiting (drive_id, expires_at) where status = 'offered';
create index waiting_donor on event.waiting (donor_id);

alter table event.slot add column held int not null default 0;
alter table event.slot drop constraint slot_never_overbooked;
alter table event.slot add constraint slot_never_overbooked check (booked >= 0 and held >= 0 and booked + held <= capacity);

-- Figures of booking that may change without a release.
create table event.booking_setting (
    name  text not null primary key,
    value int  not null
);
insert into event.booking_setting (name, value) values ('waitlist-offer-minutes', 120);
