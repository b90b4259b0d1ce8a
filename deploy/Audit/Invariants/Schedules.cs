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
        new("request-taken-has-one-drive", "A request for a drive that was taken has exactly the drive it names; any other has none.",
            "select count(*) from event.drive_request",
            """
            select coalesce(r.id, d.request_id) as request_id, r.status, r.drive_id, d.id as found
            from event.drive_request r full join (select id, request_id from event.drive where request_id is not null) d on d.request_id = r.id
            where r.id is null or r.drive_id is distinct from d.id or (r.status = 'taken') is distinct from (d.id is not null)
            """),
    ];
}
