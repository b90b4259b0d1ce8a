using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Organisations;

/// <param name="From">A Shanghai date, from its first minute on; absent: from now on. Not before the present coordinator began.</param>
public sealed record HandOverRequest(
    [property: System.ComponentModel.DataAnnotations.StringLength(80, MinimumLength = 1)] string Name,
    [property: System.ComponentModel.DataAnnotations.StringLength(30, MinimumLength = 5)] string Phone,
    DateOnly? From = null);

/// <summary>POST /v1/organisations/{id}/coordinators: the present coordinator's time ends when the next one's begins.</summary>
public static class HandOverCoordinator
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/organisations/{id:guid}/coordinators", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin).Creates()
        .WithSummary("Hands the coordination of an organisation over");

    private static async Task<Results<Made<CoordinatorPeriodView>, ProblemHttpResult>> Handle(Guid id, HandOverRequest request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<CoordinatorPeriodView>, ProblemHttpResult>>(async tx =>
        {
            var before = await tx.Read(OrganisationRow.ForUpdate, new { id }, async grid => { await grid.ReadAsync<int>(); return await grid.ReadSingleOrDefaultAsync<OrganisationRow>(); });
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            var at = request.From is { } day ? Shanghai.StartOf(day) : before.NextCoordinatorFrom(tx.Now);
            if (request.From > Shanghai.DateOf(tx.Now)) return CommonProblems.Invalid.With("A handover is recorded when it has happened", new FieldError("/from", "in_the_future", "Today or earlier"));
            if (at < DrivePlan.Earliest) return CommonProblems.Invalid.With(null, new FieldError("/from", "too_early", "From 1998-10-01 on"));
            if (at <= before.CoordinatorSince) return CommonProblems.Invalid.With("The present coordinator began later", new FieldError("/from", "before_present_coordinator", $"After {Shanghai.Local(before.CoordinatorSince.Value):yyyy-MM-dd}; without from it is now"));

            var view = CoordinatorRow.HandOver(tx, vault, caller, before, new(request.Name, request.Phone), at);
            tx.Write("update event.organisation set version = version + 1 where id = @id", new { id }); // its answer shows the coordinator
            return Answers.Created($"/v1/organisations/{id}/coordinators", before.Version + 1, view);
        }, ct);
}
