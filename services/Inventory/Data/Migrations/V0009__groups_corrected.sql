-- The blood group found in the chair was recorded wrong: the newest correction stands, whether it comes before or after the collection.
alter table inventory.donation add column chair_group_corrected int not null default 0;
