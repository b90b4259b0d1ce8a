using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Series;

/// <summary>
/// A day of the rule. `made`: its drive follows the series, or was changed by hand (`changedByHand`); `kept`: its drive stands though the
/// series would have it otherwise; `dropped`: the series cancelled its drive; `skipped`: no drive. `excludedBy` names the days it falls into.
/// </summary>
public sealed record OccurrenceView(DateOnly Day, string Outcome, Guid? DriveId, string? DriveStatus, DateTimeOffset? StartsAt, bool ChangedByHand, ExcludedView? ExcludedBy);

/// <summary>GET /v1/drive-series/{id}/occurrences?outcome=</summary>
public static class ListOccurrences
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drive-series/{id:guid}/occurrences", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("The days of a series as far as it is planned");

    private static async Task<Results<Ok<Page<OccurrenceView>>, ProblemHttpResult>> Handle(Guid id, string? outcome, int? limit, DateOnly? cursor, Caller caller, Database db, CancellationToken ct)
    {
        if (await db.QuerySingle<SeriesRow>(SeriesRow.Select + " where s.id = @id", new { id }, ct) is not { } series) return CommonProblems.Unknown(id);
        if (!series.IsReadableBy(caller)) return CommonProblems.NotFound.With();
        var rows = await db.Query<Row>("""
            select o.day, o.outcome, o.drive_id, d.status as drive_status, d.starts_at, coalesce(d.version <> o.drive_version, false) as changed_by_hand, o.calendar_id, o.calendar, o.entry, o.entry_from, o.entry_to
            from event.drive_occurrence o left join event.drive d on d.id = o.drive_id
            where o.series_id = @id and (@outcome::text is null or o.outcome = @outcome) and (@cursor::date is null or o.day > @cursor) order by o.day limit @rows
            """, new { id, outcome, cursor, rows = Answers.Limit(limit) + 1 }, ct);
        return TypedResults.Ok(Page<OccurrenceView>.From(rows.ConvertAll(r => r.View), Answers.Limit(limit), o => o.Day.ToString("O")));
    }

    private sealed record Row
    {
        public DateOnly Day { get; init; }
        public required string Outcome { get; init; }
        public Guid? DriveId { get; init; }
        public string? DriveStatus { get; init; }
        public DateTimeOffset? StartsAt { get; init; }
        public bool ChangedByHand { get; init; }
        public Guid? CalendarId { get; init; }
        public string? Calendar { get; init; }
        public string? Entry { get; init; }
        public DateOnly? EntryFrom { get; init; }
        public DateOnly? EntryTo { get; init; }

        public OccurrenceView View => new(Day, Outcome, DriveId, DriveStatus, StartsAt, ChangedByHand, Entry is null ? null : new(CalendarId, Calendar, Entry, EntryFrom!.Value, EntryTo!.Value));
    }
}
