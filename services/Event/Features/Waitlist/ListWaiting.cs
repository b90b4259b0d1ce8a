using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Features.Projections;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Waitlist;

/// <summary>GET /v1/waitlist/{id} and GET /v1/drives/{id}/waitlist: who still waits, the first first.</summary>
public static class ListWaiting
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/waitlist/{id:guid}", Get).Allow("appointments", Roles.Station, Roles.App).WithSummary("One entry of a wait-list");
        app.MapGet("/v1/drives/{id:guid}/waitlist", List).Allow("appointments", Roles.Station, Roles.App).WithSummary("Who waits for a place at a drive");
    }

    private static async Task<Results<Made<WaitingView>, ProblemHttpResult>> Get(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<WaitingRow>(WaitingRow.Select + " where w.id = @id", new { id }, ct) is not { } entry ? CommonProblems.Unknown(id)
            : entry.IsVisibleTo(caller) ? Answers.Ok(entry.Version, entry.View) : CommonProblems.NotFound.With();

    private static async Task<Results<Ok<Page<WaitingView>>, ProblemHttpResult>> List(Guid id, Caller caller, Database db, CancellationToken ct)
    {
        if (await db.QuerySingle<DriveRow>(DriveRow.ById, new { id }, ct) is not { } drive) return CommonProblems.Unknown(id);
        // A station's own; an app's donors wait at any drive that they can know of.
        if (caller.Is(Roles.Station) ? drive.StationId != caller.Tenant : !drive.IsReadableBy(caller)) return CommonProblems.NotFound.With();
        var rows = await db.Query<WaitingRow>(WaitingRow.Select + $"""
             where w.drive_id = @id and w.status in ('waiting', 'offered')
               and case when @station then d.station_id = @tenant else exists (select from event.donor p where p.donor_id = {Persons.Of("w.donor_id")} and p.apps @> array[@tenant]::uuid[]) end
            order by w.position limit 1000
            """, new { id, station = caller.Is(Roles.Station), tenant = caller.Tenant }, ct);
        return TypedResults.Ok(new Page<WaitingView>(rows.ConvertAll(r => r.View), null));
    }
}
