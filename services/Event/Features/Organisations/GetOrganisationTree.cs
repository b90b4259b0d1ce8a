using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>An organisation with everything below it: city → district → street office → village, or university → college → class.</summary>
public sealed record OrganisationNode(Guid Id, string Name, string Kind, string District, int? Members, IReadOnlyList<OrganisationNode> Children);

/// <summary>GET /v1/organisations/{id}/tree</summary>
public static class GetOrganisationTree
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/organisations/{id:guid}/tree", Handle)
        .Allow("organisations", Roles.All)
        .WithSummary("The organisation and all below it");

    private static async Task<Results<Ok<OrganisationNode>, ProblemHttpResult>> Handle(Guid id, Database db, CancellationToken ct)
    {
        var rows = await db.Query<NodeRow>("""
            select id, name, kind, district, parent_id, members from event.organisation where path @> array[@id]::uuid[] order by cardinality(path), name, id
            """, new { id }, ct);
        if (rows.Count == 0) return CommonProblems.Unknown(id);
        var below = rows.ToLookup(r => r.ParentId);
        return TypedResults.Ok(Node(rows[0]));

        OrganisationNode Node(NodeRow row) => new(row.Id, row.Name, row.Kind, row.District, row.Members, [.. below[row.Id].Select(Node)]);
    }

    private sealed record NodeRow(Guid Id, string Name, string Kind, string District, Guid? ParentId, int? Members);
}
