-- What a station's own software, or a count by hand, said was there; and what differed. Facts.
create table inventory.stock_snapshot (
    id          uuid        not null primary key,
    station_id  uuid        not null,
    taken_at    timestamptz not null,
    received_at timestamptz not null,
    accepted    int         not null,
    rejected    int         not null,
    agreeing    int         not null,
    client_id   text        not null,
    constraint stock_snapshot_of_a_moment unique (station_id, taken_at)
);

create table inventory.snapshot_finding (
    snapshot_id  uuid    not null references inventory.stock_snapshot (id),
    n            int     not null,
    kind         text    not null,
    unit_id      uuid    references inventory.unit (id),
    din          text    not null,
    product_code text    not null,
    division     text    not null,
    here         text,
    there        text,
    act          text,
    constraint snapshot_finding_once primary key (snapshot_id, n),
    constraint snapshot_finding_act_known check (act is null or act in ('held', 'unaccounted', 'found'))
);

do $$
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        revoke update, delete, truncate on inventory.stock_snapshot, inventory.snapshot_finding from inventory;
    end if;
end $$;
