-- What a body is responsible for besides all that is below it: whole districts, and organisations with all below them.
create table event.responsibility (
    id              uuid        not null primary key,
    body_id         uuid        not null references event.organisation (id),
    district        text,
    organisation_id uuid        references event.organisation (id),
    starts_at       timestamptz not null,
    ends_at         timestamptz, -- null: still is
    constraint responsibility_is_for_one_thing check ((district is null) <> (organisation_id is null)),
    constraint responsibility_is_for_another check (organisation_id <> body_id)
);
create unique index responsibility_once_now on event.responsibility (body_id, coalesce(district, organisation_id::text)) where ends_at is null;

-- What an organisation itself sets out to bring in a period; what those below it set out to bring is theirs.
create table event.target (
    organisation_id uuid   not null references event.organisation (id),
    period_from     date   not null,
    period_to       date   not null,
    version         bigint not null,
    donations       bigint not null, -- 0: none
    volume_ml       bigint not null,
    primary key (organisation_id, period_from, period_to),
    constraint target_period_is_whole check (period_to >= period_from),
    constraint target_is_not_negative check (donations >= 0 and volume_ml >= 0)
);

-- Kept with every target and every move: an organisation's own and all below it, as they stood on the period's first day.
create table event.target_total (
    organisation_id uuid   not null references event.organisation (id),
    period_from     date   not null,
    period_to       date   not null,
    donations       bigint not null,
    volume_ml       bigint not null,
    primary key (organisation_id, period_from, period_to),
    constraint target_total_is_not_negative check (donations >= 0 and volume_ml >= 0)
);
