-- A station's own rooms and vehicles stand open day by day: so many days before, a series' drives there are approved and opened without anybody's doing. Null: by hand.
alter table event.drive_series add column open_days_ahead int constraint drive_series_opens_within_its_horizon check (open_days_ahead is null or (open_days_ahead between 1 and horizon_days and make = 'submitted' and station_id is not null));
create index drive_of_series_submitted on event.drive (series_id) where series_id is not null and status = 'submitted';
