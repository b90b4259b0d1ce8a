using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Calendar;

/// <summary>GET /v1/exclusion-calendars?organisationId=: with an organisation, its own and those of the organisations above it, which its series may use.</summary>
public static class ListCalendars
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/exclusion-calendars", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Exclusion calendars, oldest first");

    private static async Task<Ok<Page<CalendarView>>> Handle(Guid? organisationId, int? limit, Guid? cursor, Caller caller, Database db, CancellationToken ct)
    {
        var rows = await db.Query<CalendarRow>(CalendarRow.Select + """
             where (@organisationId::uuid is null or c.organisation_id = any(select unnest(path) from event.organisation where id = @organisationId)) and (@cursor::uuid is null or c.id > @cursor)
            order by c.id limit @rows
            """, new { organisationId, cursor, rows = Answers.Limit(limit) + 1 }, ct);
        return TypedResults.Ok(Page<CalendarView>.From(rows.ConvertAll(r => r.ViewFor(caller)), Answers.Limit(limit), c => c.Id.ToString()));
    }
}
