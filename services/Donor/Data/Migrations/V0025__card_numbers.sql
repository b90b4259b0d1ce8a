-- The number on a donor's card is his alone, and its code finds him: allotted once, when the card is first asked for. Of the code only a keyed hash is kept, so
-- that nobody prints cards from a copy of this table. Both go with his erasure.
create table donor.card (
    donor_id    uuid        not null,
    number      text        not null,
    code_index  bytea       not null,
    allotted_at timestamptz not null,
    constraint card_once primary key (donor_id),
    constraint card_of_donor foreign key (donor_id) references donor.donor (id),
    constraint card_number_once unique (number),
    constraint card_code_once unique (code_index),
    constraint card_number_known check (number ~ '^[0-9]{12}$')
);

do $$
begin
    if exists (select from pg_roles where rolname = 'donor') then
        revoke update, truncate on donor.card from donor;
    end if;
end $$;
