using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <summary>
/// POST /v1/visits/{id}/abandon: the donor goes home before the needle. Nobody asks why and no person is kept with it, so that it can't be told
/// from one who asked for it in the booth.
/// </summary>
public static class AbandonVisit
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/abandon", Handle)
        .Allow("visits", Roles.Station).WithSummary("A donor goes before the collection");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            if (!VisitSteps.BeforeNeedle(visit.Row.Status)) return Problems.StepOutOfOrder.With($"The visit is {visit.Row.Status}");
            visit.Leave(tx);
            visit.Save(tx);
            return Answers.Ok(visit.Row.Version, visit.View());
        }, ct);
}
