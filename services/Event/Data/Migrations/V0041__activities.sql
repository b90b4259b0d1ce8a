-- Outreach of every kind, as its organisation says it. A row is never changed: what was wrong is voided with a reason, and recorded anew.
create table event.activity (
    id              uuid        not null primary key,
    version         bigint      not null,
    organisation_id uuid        not null references event.organisation (id),
    kind            text        not null,
    held_on         date        not null,
    title           text        not null,
    reach           int,          -- persons reached, as counted or estimated by whoever recorded it
    reach_estimated boolean     not null,
    hours           numeric(7,1),  -- person-hours of those who did it
    items           int,          -- letters sent, gifts given, banners hung
    drive_id        uuid        references event.drive (id),
    recorded_at     timestamptz not null,
    voided_at       timestamptz,
    void_reason     text,
    constraint activity_void_has_a_reason check ((voided_at is null) = (void_reason is null))
);
create index activity_organisation on event.activity (organisation_id, held_on, id);
