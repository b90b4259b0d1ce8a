-- Figures as somebody reported them. They are never added to what the platform counted.

create table event.reported_figure (
    id                   uuid        not null primary key,
    version              bigint      not null,
    reference            text,
    subject_kind         text        not null,
    subject_code         text,
    organisation_id      uuid        references event.organisation (id),
    subject_name         text,
    period_from          date,       -- both null: the source states no period
    period_to            date,
    year_on_year_percent numeric(7, 2),
    source               text        not null,
    quality_flag         text        not null,
    stated_flag          text,
    note                 text,
    reported_at          timestamptz not null,
    constraint reported_figure_period_is_whole check ((period_from is null) = (period_to is null) and period_to >= period_from)
);
create index reported_figure_period on event.reported_figure (subject_kind, period_from, period_to);

create table event.reported_measure (
    figure_id   uuid   not null references event.reported_figure (id),
    subject_key text   not null,
    period_key  text   not null,
    source      text   not null,
    measure     text   not null,
    value       bigint not null,
    bound       text   not null,
    primary key (figure_id, measure),
    -- A source states a measure of a subject and period once.
    constraint reported_figure_once unique (subject_key, period_key, source, measure)
);
