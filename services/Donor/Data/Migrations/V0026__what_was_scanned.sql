-- What was compared with the number when the needle went in: bag, tubes, nothing. Null where nobody could say, before this release.
alter table donor.visit add column scanned text[];
