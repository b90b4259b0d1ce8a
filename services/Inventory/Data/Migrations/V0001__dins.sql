-- The next number of each facility and nominal year. Taking numbers is one update of this row, so two at once never overlap.
create table inventory.din_sequence (
    fin  text not null,
    yy   int  not null,
    next int  not null,
    constraint din_sequence_one_per_year primary key (fin, yy),
    constraint din_sequence_exhausted check (next between 1 and 1000000)
);

create table inventory.din_block (
    id           uuid        not null primary key,
    station_id   uuid        not null,
    fin          text        not null,
    yy           int         not null,
    first_number int         not null,
    last_number  int         not null,
    drive_id     uuid,
    client_id    text        not null,
    issued_at    timestamptz not null,
    constraint din_block_is_a_range check (first_number between 1 and last_number and last_number <= 999999),
    constraint din_block_starts_once unique (fin, yy, first_number)
);
