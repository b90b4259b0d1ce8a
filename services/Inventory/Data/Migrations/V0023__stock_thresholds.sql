-- From how many days of cover a level holds, as an authority approved it: for its city, a component, one group or all, from a day on. Said again, the last word stands.
create table inventory.stock_threshold (
    id          uuid          not null primary key,
    district    text          not null,
    component   text          not null,
    blood_group text,
    normal      numeric(6, 2) not null,
    blue        numeric(6, 2) not null,
    yellow      numeric(6, 2) not null,
    orange      numeric(6, 2) not null,
    valid_from  date          not null,
    reference   text          not null,
    approved_at timestamptz   not null,
    client_id   text          not null,
    constraint stock_threshold_falls check (normal > blue and blue > yellow and yellow > orange and orange > 0)
);
create index stock_threshold_of on inventory.stock_threshold (district, component, valid_from);

do $$
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        revoke update, delete, truncate on inventory.stock_threshold from inventory;
    end if;
end $$;
