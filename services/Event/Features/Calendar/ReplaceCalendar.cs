using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Calendar;

/// <summary>The whole of it: entries that are not sent are gone.</summary>
public sealed record ReplaceCalendarRequest([property: StringLength(80, MinimumLength = 1)] string Name, IReadOnlyList<ExcludedDaysRequest> Entries);

/// <summary>PUT /v1/exclusion-calendars/{id}: the series that leave its days out are planned anew within seconds, from tomorrow on.</summary>
public static class ReplaceCalendar
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPut("/v1/exclusion-calendars/{id:guid}", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser)
        .WithSummary("Replaces the days of a calendar");

    private static async Task<Results<Made<CalendarView>, ProblemHttpResult>> Handle(Guid id, ReplaceCalendarRequest request, Caller caller, HttpRequest http, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<CalendarView>, ProblemHttpResult>>(async tx =>
        {
            var before = await tx.QuerySingle<CalendarRow>(CalendarRow.Select + " where c.id = @id for update of c", new { id });
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (Answers.Precondition(http, before.Version) is { } stale) return stale;
            if (ExcludedDaysRequest.Faults(request.Entries) is { Length: > 0 } faults) return CommonProblems.Invalid.With(null, faults);

            tx.Write("update event.exclusion_calendar set version = version + 1, name = @Name, changed_at = @now where id = @id", new { id, request.Name, now = tx.Now });
            tx.WriteAny("delete from event.exclusion_entry where calendar_id = @id", new { id });
            ExcludedDaysRequest.Write(tx, id, request.Entries);
            tx.WriteAny("update event.drive_series set replan = true where status = 'active' and calendar_ids @> array[@id]", new { id });
            tx.Audit("exclusion-calendar.replace", $"exclusion-calendar/{id}");
            return Answers.Ok(before.Version + 1, new CalendarView(id, before.OrganisationId, request.Name,
                [.. request.Entries.OrderBy(e => e.From).Select(e => new ExcludedDaysView(e.Name, e.From, e.To, e.Source))], tx.Now, ["change"]));
        }, ct);
}
