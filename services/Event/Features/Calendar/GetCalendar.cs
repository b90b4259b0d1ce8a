using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Calendar;

/// <summary>GET /v1/exclusion-calendars/{id}: no secret to anybody who works with organisations.</summary>
public static class GetCalendar
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/exclusion-calendars/{id:guid}", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("One exclusion calendar");

    private static async Task<Results<Made<CalendarView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<CalendarRow>(CalendarRow.Select + " where c.id = @id", new { id }, ct) is { } calendar ? Answers.Ok(calendar.Version, calendar.ViewFor(caller)) : CommonProblems.Unknown(id);
}
