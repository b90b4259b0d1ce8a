-- A card is looked for by its number among renewals too: the one index on numbers knows only first cards, and every registration read the whole table.
create index document_identity on donor.document (identity_index);
