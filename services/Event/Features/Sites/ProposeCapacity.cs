using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Sites;

/// <param name="Capacity">Places per slot, walk-ins included.</param>
public sealed record ProposedCapacity(int Capacity, int Beds, int? Staff, int SlotMinutes);

/// <summary>GET /v1/sites/{id}/capacity?slotMinutes=&amp;staff=&amp;procedure=: beds × staff × minutes.</summary>
public static class ProposeCapacity
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/sites/{id:guid}/capacity", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser)
        .WithSummary("How many donors a slot can take at a site");

    private static async Task<Results<Ok<ProposedCapacity>, ProblemHttpResult>> Handle(Guid id, [Range(1, 720)] int slotMinutes, [Range(1, 200)] int? staff, string? procedure, Database db, CancellationToken ct) =>
        await db.QuerySingle<SiteRow>(SiteRow.Select + " where s.id = @id", new { id }, ct) is { } site
            ? TypedResults.Ok(new ProposedCapacity(Rules.Sites.Capacity(site.Beds, staff, slotMinutes, [procedure ?? "whole-blood"]), site.Beds, staff, slotMinutes)) : CommonProblems.Unknown(id);
}
