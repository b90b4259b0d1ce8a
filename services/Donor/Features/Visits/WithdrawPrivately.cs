using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <summary>
/// POST /v1/visits/{id}/private-withdrawal: nobody asks why, and nothing is kept of it. Before the needle the visit ends like one
/// whose donor went home (<see cref="AbandonVisit"/>); afterwards the visit looks as it did, its version too, and his blood is not used.
/// </summary>
public static class WithdrawPrivately
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/private-withdrawal", Handle)
        .Allow("visits", Roles.Station).WithSummary("A donor leaves, or asks that his blood not be used");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            var (row, donor) = (visit.Row, visit.Donor);
            switch (row.Status)
            {
                case VisitSteps.Deferred or VisitSteps.Abandoned:
                    return Problems.StepOutOfOrder.With($"The visit is {row.Status}");
                case VisitSteps.Collecting: // withdrawn when it ends: the number has no donation yet
                    tx.Write("update donor.visit set private_withdrawal = true where id = @id", new { id });
                    break;
                case VisitSteps.Collected or VisitSteps.Completed:
                    donor.Withdraw(tx, row.Din!, row.StationId);
                    donor.Save(tx);
                    break;
                default:
                    visit.Leave(tx);
                    visit.Save(tx);
                    break;
            }
            return Answers.Ok(visit.Row.Version, visit.View());
        }, ct);
}
