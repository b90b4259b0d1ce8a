-- What an order may be given, as the rules of its day decided when it was placed: whoever looks for bags later, an order that waits among them, asks the same.
alter table inventory.hospital_order
    add column groups                text[],       -- permitted, best first; the exact group is the first unless something forbids it
    add column keeps_until           timestamptz,  -- a bag must not have expired by then: the need, and the shortest remaining life
    add column collected_from        timestamptz,  -- nothing older; null: any age
    add column irradiated            boolean not null default false,
    add column reserved_until        timestamptz,  -- then the bags that nobody fetched are free again
    add column rhd_positive_approved boolean not null default false,
    add column reason_code           text;         -- why it ended
update inventory.hospital_order set groups = array[blood_group], keeps_until = needed_by, reserved_until = needed_by + interval '72 hours';
alter table inventory.hospital_order
    alter column groups set not null,
    alter column keeps_until set not null,
    alter column reserved_until set not null,
    add constraint hospital_order_reason_known check (reason_code is null or reason_code in ('cancelled', 'reservation-lapsed', 'not-met-in-time'));

-- Orders that lack bags, as they are served: emergencies first, then who waits longest.
create index hospital_order_waiting on inventory.hospital_order (component, created_at, id) where status in ('waiting', 'partially-allocated');
create index hospital_order_reserved on inventory.hospital_order (reserved_until) where status in ('waiting', 'partially-allocated', 'allocated');

-- What a station has of a group, in the order in which it must leave: for saying why a bag was passed over.
create index unit_in_stock on inventory.unit (station_id, component, blood_group, expires_at, collected_at, id) where status in ('available', 'reserved', 'quarantine');

create function inventory.urgency_rank(urgency text) returns int language sql immutable parallel safe as $$
    select array_position(array['emergency', 'urgent', 'routine'], urgency)
$$;
