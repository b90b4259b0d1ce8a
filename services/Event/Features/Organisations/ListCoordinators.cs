using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>What the number is needed for; kept with the audit entry.</summary>
public sealed record CoordinatorReadRequest([property: RegularExpression("[a-z0-9-]{1,40}")] string Purpose);

/// <summary>A coordinator in full: to be telephoned.</summary>
public sealed record CoordinatorContactView(Guid Id, string Name, string Phone);

/// <summary>
/// GET /v1/organisations/{id}/coordinators: all there were, newest first, masked. POST …/coordinators/full-reads: the present one in
/// full, to those who manage the organisation; the read and its purpose are in the audit log.
/// </summary>
public static class ListCoordinators
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/organisations/{id:guid}/coordinators", Handle).Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin).WithSummary("Who was coordinator when");
        app.MapPost("/v1/organisations/{id:guid}/coordinators/full-reads", InFull).Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin).IgnoresIdempotencyKey().WithSummary("The present coordinator in full, with a purpose");
    }

    private static async Task<Results<Ok<Page<CoordinatorPeriodView>>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<Page<CoordinatorPeriodView>>, ProblemHttpResult>>(async tx =>
        {
            var (organisation, coordinators) = await tx.Read($"{OrganisationRow.Select} where o.id = @id; {CoordinatorRow.Select} where c.organisation_id = @id order by c.starts_at desc limit 200", new { id },
                async grid => (await grid.ReadSingleOrDefaultAsync<OrganisationRow>(), (await grid.ReadAsync<CoordinatorRow>()).ToList()));
            if (organisation is null) return CommonProblems.Unknown(id);
            if (!organisation.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            tx.Audit("organisation.coordinators", $"organisation/{id}");
            return TypedResults.Ok(new Page<CoordinatorPeriodView>(coordinators.ConvertAll(c => c.View(vault)), null));
        }, ct);

    private static async Task<Results<Ok<CoordinatorContactView>, ProblemHttpResult>> InFull(Guid id, CoordinatorReadRequest request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<CoordinatorContactView>, ProblemHttpResult>>(async tx =>
        {
            var (organisation, coordinator) = await tx.Read($"{OrganisationRow.Select} where o.id = @id; {CoordinatorRow.Select} where c.organisation_id = @id and c.ends_at is null", new { id },
                async grid => (await grid.ReadSingleOrDefaultAsync<OrganisationRow>(), await grid.ReadSingleOrDefaultAsync<CoordinatorRow>()));
            if (organisation is null) return CommonProblems.Unknown(id);
            if (!organisation.IsManagedBy(caller) || coordinator is null) return CommonProblems.NotFound.With();
            var (name, phone) = coordinator.Open(vault)!.Value; // of the present one nothing is forgotten
            tx.Audit("organisation.coordinator-full-read", $"organisation/{id}", new { coordinator = coordinator.Id, request.Purpose });
            return TypedResults.Ok(new CoordinatorContactView(coordinator.Id, name, phone));
        }, ct);
}
