-- A roster that an organiser handed in for a drive, and one invitation for each of its rows. Who is meant is sealed under the roster's own key
-- (event.subject_key), which is destroyed when the roster has had its time.
create table event.group_booking (
    id         uuid        not null primary key,
    version    bigint      not null,
    drive_id   uuid        not null references event.drive (id),
    claim_by   timestamptz not null,
    rows       int         not null,
    status     text        not null,
    created_at timestamptz not null,
    settled_at timestamptz,
    erased_at  timestamptz,
    constraint group_booking_status_is_known check (status in ('open', 'closed'))
);
create index group_booking_drive on event.group_booking (drive_id);
create index group_booking_due on event.group_booking (claim_by) where status = 'open';
create index group_booking_kept on event.group_booking (id) where erased_at is null;

create table event.invitation (
    id               uuid        not null primary key,
    version          bigint      not null,
    group_booking_id uuid        not null references event.group_booking (id),
    drive_id         uuid        not null references event.drive (id),
    row              int         not null,
    content          bytea,      -- sealed: name, member's number, group, telephone; null once erased
    member_index     bytea,      -- keyed hash of who is meant, within the drive; null once erased
    code_hash        bytea       not null, -- keyed hash of the claim code: nobody can read the code again
    slot_starts_at   timestamptz, -- of the place that is kept for it
    status           text        not null,
    donor_id         uuid,       -- who claimed it; the organiser never learns it
    appointment_id   uuid        references event.appointment (id),
    settled_at       timestamptz, -- booked or lapsed
    constraint invitation_status_is_known check (status in ('invited', 'claimed', 'booked', 'lapsed')),
    constraint invitation_claimed_by_somebody check (status <> 'claimed' or donor_id is not null),
    constraint invitation_row_once unique (group_booking_id, row),
    constraint invitation_code_once unique (code_hash)
);
create unique index invitation_member_once on event.invitation (drive_id, member_index) where status <> 'lapsed';
create unique index invitation_donor_once on event.invitation (drive_id, donor_id) where status in ('claimed', 'booked');
create unique index invitation_appointment_once on event.invitation (appointment_id);
create index invitation_holds on event.invitation (drive_id, slot_starts_at) where status in ('invited', 'claimed') and slot_starts_at is not null;
create index invitation_donor on event.invitation (donor_id);
create index invitation_lapsed on event.invitation (settled_at) where status = 'lapsed' and content is not null;

insert into event.booking_setting (name, value) values ('roster-keep-days', 30), ('lapsed-invitation-keep-days', 7);
