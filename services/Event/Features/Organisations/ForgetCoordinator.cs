using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <summary>
/// POST /v1/organisations/{id}/coordinators/{coordinatorId}/forget: name, telephone and key of a former coordinator are destroyed, on his wish (PIPL Art. 47); that
/// somebody coordinated and when stays. The present one hands over first. The same again changes nothing.
/// </summary>
public static class ForgetCoordinator
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/organisations/{id:guid}/coordinators/{coordinatorId:guid}/forget", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin).WithSummary("Forgets who a former coordinator was");

    private static async Task<Results<Ok<CoordinatorPeriodView>, ProblemHttpResult>> Handle(Guid id, Guid coordinatorId, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<CoordinatorPeriodView>, ProblemHttpResult>>(async tx =>
        {
            var (organisation, before) = await tx.Read($"{OrganisationRow.Select} where o.id = @id; {CoordinatorRow.Select} where c.organisation_id = @id and c.id = @coordinatorId for update of c", new { id, coordinatorId },
                async grid => (await grid.ReadSingleOrDefaultAsync<OrganisationRow>(), await grid.ReadSingleOrDefaultAsync<CoordinatorRow>()));
            if (organisation is null) return CommonProblems.Unknown(id);
            if (!organisation.IsManagedBy(caller) || before is null) return CommonProblems.NotFound.With();
            if (before.EndsAt is null) return Problems.CoordinatorPresent.With();
            if (before.ForgottenAt is not null) return TypedResults.Ok(before.View(vault));

            var after = before with { Name = null, Phone = null, WrappedKey = null, ForgottenAt = tx.Now };
            tx.Write("update event.coordinator set name = null, phone = null, forgotten_at = @ForgottenAt where id = @Id", after);
            tx.Write("delete from event.subject_key where subject_id = @Id", after);
            tx.Audit("organisation.coordinator-forget", $"organisation/{id}", new { coordinator = coordinatorId });
            return TypedResults.Ok(after.View(vault));
        }, ct);
}
