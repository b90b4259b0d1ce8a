-- Look-backs as Inventory says them, opening and closing in any order: within an open one its station may read that donor's identity.
create table donor.lookback (
    id         uuid not null primary key,
    donor_id   uuid not null,
    station_id uuid not null,
    opened_at  timestamptz,
    closed_at  timestamptz
);
