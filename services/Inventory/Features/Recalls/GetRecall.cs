using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Recalls;

/// <summary>GET /v1/recalls/{id}: the case, where everything lies now, and who has not answered.</summary>
public static class GetRecall
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/recalls/{id:guid}", Handle).Allow("inventory", Roles.Station).WithSummary("A recall, with where its bags are and who has not answered");

    private static async Task<Results<Made<RecallView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<RecallView>, ProblemHttpResult>>(async tx =>
        {
            if (await RecallRow.Find(tx, id, caller) is not var (row, files, tasks)) return await tx.Unknown("inventory.recall", id);
            tx.Audit("recall.read", $"/v1/recalls/{id}");
            return Answers.Ok(row.Version, row.View(files.ByDin.Values, tasks, row.Key(vault), tx.Now));
        }, ct);
}
