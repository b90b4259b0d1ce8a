namespace BloodPlatform.Audit.Invariants;

/// <summary>A drive that was planned takes place once, and not when its organisation is away.</summary>
internal static class Schedules
{
    public static IEnumerable<Invariant> All { get; } =
    [
        new("series-has-one-drive-a-day", "Each day of a series has at most one drive that was not cancelled, and it is the one that the day names.",
            "select count(*) from event.drive_occurrence",
            """
            select series_id, series_day as day, count(*) as drives from event.drive where series_id is not null and status <> 'cancelled' group by 1, 2 having count(*) > 1
            union all
            select coalesce(o.series_id, d.series_id), coalesce(o.day, d.series_day), null
            from (select * from event.drive_occurrence where drive_id is not null) o full join (select * from event.drive where series_id is not null) d on d.id = o.drive_id
            where (d.id is null or (o.drive_id is not null and (o.series_id, o.day) is distinct from (d.series_id, d.series_day))) or (o.drive_id is null and d.status <> 'cancelled')
            """),
        // A calendar that changed reaches the days from the second day on: the series is planned anew within seconds, from tomorrow.
        new("series-leaves-excluded-days-out", "No series has a drive of its own making on a day that its calendars exclude; where one was kept because somebody changed it, the day says so.",
            "select count(*) from event.drive_occurrence",
            """
            select o.series_id, o.day, o.drive_id, e.calendar_id
            from event.drive_occurrence o join event.drive_series s on s.id = o.series_id join event.drive d on d.id = o.drive_id and d.status <> 'cancelled'
              join event.exclusion_calendar c on c.id = any(s.calendar_ids) join event.exclusion_entry e on e.calendar_id = c.id and o.day between e.from_date and e.to_date
            where o.entry is null and s.status = 'active' and not s.replan and o.day > (greatest(c.changed_at, s.changed_at) at time zone 'Asia/Shanghai')::date + 1
            """),
        new("drive-is-as-its-log-says", "What the log of a drive's changes says last of a field is what the drive has, and each line begins where the one before ended.",
            "select count(*) from event.drive_change",
            """
            select c.drive_id, c.field, c.before, c.after, d.has
            from (select *, lead(before) over w as next_before, lead(number) over w is null as newest from event.drive_change where slot_starts_at is null window w as (partition by drive_id, field order by number)) c
            cross join lateral (select case c.field when 'theme' then theme when 'description' then description when 'meetingPoint' then meeting_point when 'venue.name' then venue_name when 'venue.address' then venue_address
                when 'venue.district' then district when 'capacityPerSlot' then capacity_per_slot::text when 'walkInPerSlot' then walk_in_per_slot::text when 'visibility' then visibility when 'stationId' then station_id::text
                when 'startsAt' then case when starts_at = c.after::timestamptz then c.after end when 'endsAt' then case when ends_at = c.after::timestamptz then c.after end else c.after end as has from event.drive where id = c.drive_id) d
            where (c.newest and d.has is distinct from c.after) or (not c.newest and c.next_before is distinct from c.after)
            """),
        new("drive-at-a-qualified-site", "A drive that is approved is at sites and vehicles of its station that are qualified through its last day.",
            "select count(*) from event.drive",
            """
            select d.id, d.ends_at, s.id as site_id, s.qualified_until
            from event.drive d cross join lateral (select d.site_id as id union all select d.vehicle_id) w left join event.site s on s.id = w.id
            where w.id is not null and d.status in ('approved', 'open', 'started') and not d.backfilled
              and (s.id is null or s.station_id is distinct from d.station_id or s.qualified_until is null or s.qualified_until < (d.ends_at at time zone 'Asia/Shanghai')::date)
            """),
        new("vehicle-at-one-drive", "No vehicle is at two drives at a time.",
            "select count(*) from event.drive",
            """
            select a.vehicle_id, a.id, b.id as other from event.drive a join event.drive b on b.vehicle_id = a.vehicle_id and b.id > a.id and b.starts_at < a.ends_at and a.starts_at < b.ends_at
            where a.status in ('approved', 'open', 'started') and b.status in ('approved', 'open', 'started')
            """),
        new("request-taken-has-one-drive", "A request for a drive that was taken has exactly the drive it names; any other has none.",
            "select count(*) from event.drive_request",
            """
            select coalesce(r.id, d.request_id) as request_id, r.status, r.drive_id, d.id as found
            from event.drive_request r full join (select id, request_id from event.drive where request_id is not null) d on d.request_id = r.id
            where r.id is null or r.drive_id is distinct from d.id or (r.status = 'taken') is distinct from (d.id is not null)
            """),
    ];
}
