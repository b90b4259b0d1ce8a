-- Slots that became free on a day on which who waits for any may not give: they are the others', and he waits on for the rest.
alter table event.waiting add column passed_over timestamptz[] not null default '{}';
