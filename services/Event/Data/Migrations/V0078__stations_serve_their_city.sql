-- The stations that serve a district: those of its city, whichever of its districts they stand in, and those of the whole province. (GB/T 2260: two digits each for province, city, district.)
create index organisation_station on event.organisation (district) where kind = 'blood-station';
create function event.stations_of(district text) returns uuid[] language sql stable as $$
    select coalesce(array_agg(t.id), '{}') from event.organisation t
    where t.kind = 'blood-station' and (left(t.district, 4) = left($1, 4) or t.district = left($1, 2) || '0000')
$$;

-- A request to whichever station serves the district goes on while one of them has not declined it.
alter table event.drive_request add column whichever boolean, add column declined_stations uuid[] not null default '{}';
update event.drive_request set whichever = station_id is null;
alter table event.drive_request alter column whichever set not null;
