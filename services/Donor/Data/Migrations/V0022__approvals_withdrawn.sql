-- A physician who approved a shorter interval for a day may take it back while the day is not over, and approve it anew.
alter table donor.interval_approval
    add column withdrawn_at    timestamptz,
    add column withdrawn_by    uuid,
    add column withdraw_reason bytea,
    add constraint interval_approval_withdrawn_whole check ((withdrawn_at is null) = (withdrawn_by is null) and (withdrawn_at is null) = (withdraw_reason is null));
alter table donor.interval_approval drop constraint interval_approval_once;
create unique index interval_approval_once on donor.interval_approval (donor_id, rule, approved_for) where withdrawn_at is null;
