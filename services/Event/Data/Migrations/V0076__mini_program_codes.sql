-- The image that opens a partner app's mini-program at a code: its platform draws it for that app only, so the app stores it here.
create table event.mini_program_code (
    code       text        not null references event.code (code),
    app_id     uuid        not null,
    name       text        not null,
    media_type text        not null,
    image      bytea       not null,
    changed_at timestamptz not null,
    primary key (code, app_id)
);
