using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>
/// GET /v1/drives.ics with the filters of GET /v1/drives: public drives for a calendar to subscribe to, the soonest thousand. A drive keeps
/// its UID, its version is the SEQUENCE; one that was cancelled or postponed stays for 30 days after its time, so that subscribers learn it.
/// </summary>
public static class GetDrivesCalendar
{
    private const int Most = 1000;

    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives.ics", Handle).Public()
        .WithSummary("Public drives as iCalendar").Produces(200, contentType: "text/calendar").Produces(304);

    private static async Task<Results<ContentHttpResult, StatusCodeHttpResult, ProblemHttpResult>> Handle(
        DateOnly? from, DateOnly? to, string? district, string? near, string? procedure, HttpContext http, Database db, TimeProvider clock, CancellationToken ct)
    {
        if (PublicDrives.Parse(near, out var point) is { } invalid) return invalid;
        var rows = await db.Query<CalendarDrive>($"""
            select * from (
                select {DriveRow.Columns}, o.name as organisation, {PublicDrives.Distance(point)} as distance_km,
                       (select max(c.changed_at) from event.drive_change c where c.drive_id = d.id) as changed_at
                from event.drive d join event.organisation o on o.id = d.organisation_id
                where d.visibility = 'public' and ((d.status in ('approved', 'open', 'started') and (@from::date is not null or d.ends_at > @now)) or (d.status in ('cancelled', 'postponed') and d.approved_at is not null and d.ends_at > @now - interval '30 days'))
                  {PublicDrives.Filter(point)}) found
            where {PublicDrives.Near}
            order by ends_at <= @now, starts_at, id limit {Most}
            """, new { from, to, district, procedure, now = clock.GetUtcNow() }, ct);

        var body = Write(rows);
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body)))[..32]}\"";
        http.Response.Headers.ETag = tag;
        http.Response.Headers.CacheControl = "public, max-age=300";
        http.Response.Headers.Vary = "Accept-Language";
        return http.Request.Headers.IfNoneMatch.SelectMany(h => (h ?? "").Split(',', StringSplitOptions.TrimEntries)).Any(h => h == "*" || h == tag || h == "W/" + tag)
            ? TypedResults.StatusCode(304) : TypedResults.Text(body, "text/calendar; charset=utf-8");
    }

    private static string Write(IEnumerable<CalendarDrive> drives)
    {
        var calendar = new ICalendar().Raw("BEGIN", "VCALENDAR").Raw("VERSION", "2.0").Raw("PRODID", "-//blood-platform//drives//ZH").Raw("CALSCALE", "GREGORIAN").Raw("METHOD", "PUBLISH")
            .Text("X-WR-CALNAME", Language.IsChinese ? "无偿献血活动" : "Blood donation drives").Raw("X-WR-TIMEZONE", "Asia/Shanghai").Raw("REFRESH-INTERVAL;VALUE=DURATION", "PT1H").Raw("X-PUBLISHED-TTL", "PT1H");
        foreach (var d in drives)
        {
            var changedAt = new[] { d.ApprovedAt, d.OpenedAt, d.StartedAt, d.CancelledAt, d.PostponedAt, d.ChangedAt }.Max()!.Value;
            calendar.Raw("BEGIN", "VEVENT").Raw("UID", $"{d.Id}@drives.blood-platform").Raw("SEQUENCE", d.Version.ToString(CultureInfo.InvariantCulture))
                .Instant("DTSTAMP", changedAt).Instant("LAST-MODIFIED", changedAt).Instant("DTSTART", d.StartsAt).Instant("DTEND", d.StartsAt + d.Plan.OfDay)
                .Text("SUMMARY", $"{(Language.IsChinese ? "无偿献血" : "Blood donation")} · {d.Theme ?? d.Organisation}")
                .Text("LOCATION", $"{d.VenueName}, {d.VenueAddress}")
                .Text("DESCRIPTION", Description(d))
                .Raw("STATUS", d.Status switch { "cancelled" => "CANCELLED", "postponed" => "TENTATIVE", _ => "CONFIRMED" })
                .Raw("TRANSP", "TRANSPARENT").Raw("CLASS", "PUBLIC").Raw("CATEGORIES", string.Join(',', d.Procedures));
            if (d.Days > 1) calendar.Raw("RRULE", $"FREQ=DAILY;COUNT={d.Days.ToString(CultureInfo.InvariantCulture)}");
            if (d is { Latitude: { } latitude, Longitude: { } longitude }) calendar.Raw("GEO", string.Create(CultureInfo.InvariantCulture, $"{latitude:F6};{longitude:F6}"));
            calendar.Raw("END", "VEVENT");
        }
        return calendar.Raw("END", "VCALENDAR").ToString();
    }

    private static string Description(CalendarDrive d)
    {
        var procedures = string.Join(Language.IsChinese ? "、" : ", ", d.Procedures.Select(p => (p, Language.IsChinese) switch { ("whole-blood", true) => "全血", ("apheresis-platelets", true) => "机采血小板", (_, true) => p, _ => p }));
        var organiser = Language.IsChinese ? $"主办：{d.Organisation}\n献血方式：{procedures}" : $"Organiser: {d.Organisation}\nProcedures: {procedures}";
        return (d.Status, Language.IsChinese) switch
        {
            ("postponed", true) => $"已延期，新时间待定\n{organiser}",
            ("postponed", false) => $"Postponed, new time to be confirmed\n{organiser}",
            ("cancelled", true) => $"已取消\n{organiser}",
            ("cancelled", false) => $"Cancelled\n{organiser}",
            _ => organiser,
        };
    }

    private sealed record CalendarDrive : DriveRow
    {
        public required string Organisation { get; init; }

        /// <summary>Of its last change after the approval.</summary>
        public DateTimeOffset? ChangedAt { get; init; }
    }
}
