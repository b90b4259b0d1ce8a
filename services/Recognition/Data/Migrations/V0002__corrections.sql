-- A credit that no longer stands is taken back by a line of its own with the same amounts below zero; a corrected one is granted anew. Totals
-- stay sums of lines.
alter table recognition.credit
    add column voids      uuid references recognition.credit (id),
    add column correction   int not null default 0, -- number of the correction that it was granted or taken back for; 0 is the collection itself
    drop constraint credit_one_per_donation,
    drop constraint credit_is_not_negative,
    add constraint credit_voided_once unique (voids),
    add constraint credit_has_its_sign check (case when voids is null then volume_ml >= 0 and treatment_units >= 0 and national_counts >= 0 and provincial_counts >= 0
                                                   else volume_ml <= 0 and treatment_units <= 0 and national_counts <= 0 and provincial_counts <= 0 end);
create unique index credit_once_per_fact on recognition.credit (din, correction) where voids is null;

-- What Donor says a donation really was: the newest stands, kept also for one that has not arrived. No state is void.
create table recognition.donation_correction (
    din    text not null primary key,
    number int  not null,
    state  jsonb
);

-- A level that corrections undid; it can be earned again.
alter table recognition.honour add column revoked_at timestamptz, drop constraint honour_earned_once;
create unique index honour_earned_once on recognition.honour (donor_id, award, level) where revoked_at is null;
