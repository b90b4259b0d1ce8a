-- Which person a donor's donations count for; a donor without a row stands for himself. Said by merges and their undoing, the greatest version stands.
create table inventory.donor_person (
    donor_id  uuid   not null primary key,
    person_id uuid   not null,
    version   bigint not null
);
create index donor_person_person on inventory.donor_person (person_id);
