-- A look-back case. It is named by a donation and follows its donor's person, whoever he is merged with; words are sealed under the case's own key.
create table inventory.lookback (
    id           uuid        not null primary key,
    version      bigint      not null,
    donor_id     uuid        not null,
    din          text        not null references inventory.donation (din),
    station_id   uuid        not null,
    reason       text        not null,
    note         bytea,
    opened_at    timestamptz not null,
    opened_by    uuid        not null,
    closed_at    timestamptz,
    closed_by    uuid,
    conclusion   text,
    closing_note bytea,
    constraint lookback_reason_known check (reason in ('donor-reactive-later', 'donor-seroconverted', 'post-donation-information', 'recipient-infection')),
    constraint lookback_conclusion_known check (conclusion in ('donor-infection-confirmed', 'donor-infection-excluded', 'undetermined', 'duplicate', 'opened-in-error')),
    constraint lookback_closed_whole check (num_nulls(closed_at, closed_by, conclusion) in (0, 3) and (closing_note is null or closed_at is not null)),
    constraint lookback_closed_by_another check (closed_by <> opened_by)
);
-- Of a person who was merged meanwhile two may be open; the lock on his rows keeps a third from opening.
create unique index lookback_one_open on inventory.lookback (donor_id, station_id) where closed_at is null;
create index lookback_of_station on inventory.lookback (station_id, id);

do $$
begin
    if exists (select from pg_roles where rolname = 'inventory') then
        revoke delete, truncate on inventory.lookback from inventory;
    end if;
end $$;
