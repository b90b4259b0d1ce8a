using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Sites;

/// <summary>GET /v1/sites?stationId=&amp;kind=: of every station; organisers look for where a drive of theirs may be.</summary>
public static class ListSites
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/sites", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Sites and vehicles, oldest first");

    private static async Task<Ok<Page<SiteView>>> Handle(Guid? stationId, string? kind, int? limit, Guid? cursor, Caller caller, Database db, CancellationToken ct)
    {
        var rows = await db.Query<SiteRow>(SiteRow.Select + " where (@stationId::uuid is null or s.station_id = @stationId) and (@kind::text is null or s.kind = @kind) and (@cursor::uuid is null or s.id > @cursor) order by s.id limit @rows",
            new { stationId, kind, cursor, rows = Answers.Limit(limit) + 1 }, ct);
        return TypedResults.Ok(Page<SiteView>.From(rows.ConvertAll(r => r.ViewFor(caller)), Answers.Limit(limit), s => s.Id.ToString()));
    }
}
