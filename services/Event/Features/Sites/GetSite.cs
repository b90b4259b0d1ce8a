using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Sites;

/// <summary>GET /v1/sites/{id}</summary>
public static class GetSite
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/sites/{id:guid}", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("A site or vehicle");

    private static async Task<Results<Made<SiteView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<SiteRow>(SiteRow.Select + " where s.id = @id", new { id }, ct) is { } site ? Answers.Ok(site.Version, site.ViewFor(caller)) : CommonProblems.Unknown(id);
}
