using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>GET /v1/organisations?kind=&amp;district=&amp;parentId=</summary>
public static class ListOrganisations
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/organisations", Handle)
        .Allow("organisations", Roles.All)
        .WithSummary("Organisations, oldest first");

    private static async Task<Ok<Page<OrganisationView>>> Handle(string? kind, string? district, Guid? parentId, int? limit, Guid? cursor, Caller caller, Database db, Vault vault, CancellationToken ct)
    {
        var rows = await db.Query<OrganisationRow>(OrganisationRow.Select + """
             where (@kind::text is null or o.kind = @kind) and (@district::text is null or o.district = @district)
               and (@parentId::uuid is null or o.parent_id = @parentId) and (@cursor::uuid is null or o.id > @cursor)
            order by o.id limit @rows
            """, new { kind, district, parentId, cursor, rows = Answers.Limit(limit) + 1 }, ct);
        return TypedResults.Ok(Page<OrganisationView>.From(rows.ConvertAll(r => r.ViewFor(caller, vault)), Answers.Limit(limit), o => o.Id.ToString()));
    }
}
