-- Who coordinates no more may wish to be forgotten: name, telephone and key go, that somebody was there and when stays.
alter table event.coordinator
    alter column name drop not null,
    alter column phone drop not null,
    add column forgotten_at timestamptz,
    add constraint coordinator_is_known_or_forgotten check ((name is null) = (forgotten_at is not null) and (phone is null) = (forgotten_at is not null)),
    add constraint coordinator_is_forgotten_afterwards check (forgotten_at is null or ends_at is not null);
