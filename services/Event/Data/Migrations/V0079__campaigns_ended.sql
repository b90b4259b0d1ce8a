-- Who made a campaign may end it before its last day, with a reason. Ended while it runs, that day is its last one; before its first day it is
-- withdrawn: it keeps the days it was meant for and counts nothing.
alter table event.campaign
    add column owner_districts text[], -- of an authority, which has no tenant; null: a station's, or from before they were kept
    add column ended_at        timestamptz,
    add column end_reason      text,
    add column withdrawn       boolean not null default false,
    add constraint campaign_is_owned_once check (owner_id is null or owner_districts is null),
    add constraint campaign_end_has_a_reason check ((ended_at is null) = (end_reason is null)),
    add constraint campaign_ends_on_the_day_it_was_ended check (
        case when ended_at is null then not withdrawn
             when withdrawn then (ended_at at time zone 'Asia/Shanghai')::date < begins_on
             else (ended_at at time zone 'Asia/Shanghai')::date = ends_on end);
