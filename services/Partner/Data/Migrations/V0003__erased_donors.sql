-- Who asked for erasure: his apps read that event of him and no other.
alter table partner.donor add column erased boolean not null default false;
