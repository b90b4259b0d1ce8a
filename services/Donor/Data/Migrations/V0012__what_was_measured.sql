-- What the drop of blood was measured for, by the names of the rules: a bound that was never looked at is said to be so when the needle goes in.
alter table donor.visit add column measured text[] not null default '{}';
update donor.visit set measured = '{hematocrit,plateletCount}' where apheresis_checked;
alter table donor.visit drop column apheresis_checked;
