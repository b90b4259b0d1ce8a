-- A collection that nobody has ended for a day counts as an attempt from then on; since when whoever books was told.
alter table donor.visit add column left_told_at timestamptz;
