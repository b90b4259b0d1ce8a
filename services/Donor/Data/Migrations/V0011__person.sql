-- Who a donor's id means, and every id of that person, for statements that ask about a person. Written out in each of them, the
-- question took ten times longer to plan than to answer, on each connection and again after each analyze; a function is planned once.

create function donor.person_of(asked uuid) returns uuid language plpgsql stable parallel safe as $$
begin
    return coalesce((select q.person_id from donor.donor_person q where q.donor_id = asked), asked);
end $$;

create function donor.ids_of(asked uuid) returns uuid[] language plpgsql stable parallel safe as $$
declare
    person uuid := donor.person_of(asked);
begin
    return array(select person union select q.donor_id from donor.donor_person q where q.person_id = person);
end $$;
