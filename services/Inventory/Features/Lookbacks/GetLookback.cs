using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Donations;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Lookbacks;

/// <summary>GET /v1/lookbacks/{id}: the case, and where everything lies now.</summary>
public static class GetLookback
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/lookbacks/{id:guid}", Handle).Allow("inventory", Roles.Station).WithSummary("A look-back, with what the donor gave and where it is");

    private static async Task<Results<Made<LookbackView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<LookbackView>, ProblemHttpResult>>(async tx =>
        {
            var files = await DonationFile.Load(tx, [], caller.Tenant, others: true, historic: true, which: OfCase, lookback: id);
            if (files.Lookbacks.Find(l => l.Id == id && l.StationId == caller.Tenant) is not { } row) return await tx.Unknown("inventory.lookback", id);
            tx.Audit("lookback.read", $"/v1/lookbacks/{id}");
            return Answers.Ok(row.Version, row.View(files, row.Key(vault), tx.Now));
        }, ct);

    /// <summary>The number by which the case of @lookback is named.</summary>
    internal const string OfCase = "= (select l.din from inventory.lookback l where l.id = @lookback)";
}
