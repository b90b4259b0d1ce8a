using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>GET /v1/organisations/{id}</summary>
public static class GetOrganisation
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/organisations/{id:guid}", Handle)
        .Allow("organisations", Roles.All)
        .WithSummary("One organisation");

    private static async Task<Results<Made<OrganisationView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.QuerySingle<OrganisationRow>(OrganisationRow.Select + " where o.id = @id", new { id }, ct) is { } organisation
            ? Answers.Ok(organisation.Version, organisation.ViewFor(caller, vault)) : CommonProblems.Unknown(id);
}
