-- What was last said of each stock: the next crossing is news.
create table inventory.stock_level (
    station_id    uuid          not null,
    component     text          not null,
    blood_group   text          not null,
    version       bigint        not null,
    level         text          not null,
    available     int           not null,
    days_of_cover numeric(8, 1),
    missing       int           not null,
    changed_at    timestamptz   not null,
    primary key (station_id, component, blood_group)
);
