-- A time-boxed effort ("40-day campaign") and what each organisation is asked to bring.
create table event.campaign (
    id              uuid        not null primary key,
    version         bigint      not null,
    owner_id        uuid,       -- the station or authority that made it
    organisation_id uuid        not null references event.organisation (id), -- it and all below take part
    name            text        not null,
    theme           text,
    begins_on       date        not null,
    ends_on         date        not null,
    created_at      timestamptz not null,
    constraint campaign_ends_after_it_begins check (ends_on >= begins_on)
);
create index campaign_organisation on event.campaign (organisation_id, begins_on);

create table event.campaign_target (
    campaign_id     uuid   not null references event.campaign (id),
    organisation_id uuid   not null references event.organisation (id),
    donations       int,
    volume_ml       bigint,
    primary key (campaign_id, organisation_id),
    constraint campaign_target_asks_for_something check (donations is not null or volume_ml is not null)
);
