-- What is in stock, in the order in which it will have expired.
create index unit_to_expire on inventory.unit (expires_at) where status in ('quarantine', 'available');

-- The label's unique index begins with the number, too.
drop index inventory.unit_of_donation;
