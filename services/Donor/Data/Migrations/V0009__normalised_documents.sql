-- A passport was another one when it was typed with a hyphen or in full-width characters. True once the service has hashed the number as it is
-- normalised now: only it has the key. Which other kinds were strict enough before is the rules' knowledge, so all are looked at once.
alter table donor.document add column normalised boolean not null default false;
alter table donor.document alter column normalised set default true;
update donor.document set normalised = true where kind not in ('passport', 'military-id', 'foreign-permanent-residence');
create index document_unnormalised on donor.document (id) where not normalised;
