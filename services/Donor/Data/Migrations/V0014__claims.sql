-- A person had several documents: who registers with one of them after his erasure, and who with another, each goes on with what remains of him.
create table donor.tombstone_claim (
    tombstone_id uuid        not null references donor.tombstone (donor_id),
    claimant_id  uuid        not null references donor.donor (id),
    constraint tombstone_claim_once primary key (tombstone_id, claimant_id)
);
create index tombstone_claim_claimant on donor.tombstone_claim (claimant_id);
insert into donor.tombstone_claim (tombstone_id, claimant_id) select donor_id, claimed_by from donor.tombstone where claimed_by is not null;
alter table donor.tombstone drop column claimed_by;
