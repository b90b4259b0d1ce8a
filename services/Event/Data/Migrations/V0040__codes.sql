-- What a printed code stands for: a drive, and the channel through which its readers come.
create table event.code (
    code       text        not null primary key,
    drive_id   uuid        not null references event.drive (id),
    channel    text        not null,
    created_at timestamptz not null,
    constraint code_fits_a_mini_program check (code ~ '^[0-9A-Za-z]{1,12}$'),
    constraint code_one_per_channel unique (drive_id, channel)
);

-- How the page behind a code opens a partner app.
create table event.launch_template (
    app_id     uuid        not null primary key,
    name       text        not null,
    template   text        not null,
    changed_at timestamptz not null
);
