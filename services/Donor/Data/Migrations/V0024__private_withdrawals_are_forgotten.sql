-- A private withdrawal in the chair is known until the needle is out, and not a moment longer: what ended in an earlier release still said so.
update donor.visit set private_withdrawal = false where private_withdrawal and status <> 'collecting';
