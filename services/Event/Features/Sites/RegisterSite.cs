using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Sites;

/// <summary>POST /v1/sites</summary>
public static class RegisterSite
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/sites", Handle)
        .Allow("drives", Roles.Station).Creates()
        .WithSummary("Registers a site or vehicle of the station");

    private static async Task<Results<Made<SiteView>, ProblemHttpResult>> Handle(SiteRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<SiteView>, ProblemHttpResult>>(tx =>
        {
            var site = SiteRow.From(request, tx.NewId(), 1, caller.Tenant);
            tx.Write("""
                insert into event.site (id, version, station_id, kind, name, address, district, latitude, longitude, beds, power, water, indoor, qualification_number, qualified_until, created_at, changed_at)
                values (@Id, @Version, @StationId, @Kind, @Name, @Address, @District, @Latitude, @Longitude, @Beds, @Power, @Water, @Indoor, @QualificationNumber, @until::date, @now, @now)
                """, site.At(tx.Now));
            tx.Audit("site.register", $"site/{site.Id}");
            return Task.FromResult<Results<Made<SiteView>, ProblemHttpResult>>(Answers.Created($"/v1/sites/{site.Id}", 1, site.ViewFor(caller)));
        }, ct);
}
