using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Units;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Orders;

/// <summary>
/// POST /v1/orders/{id}/allocate: drops the lines whose bag may no longer leave (held, expired) and tries again for what is missing.
/// </summary>
public static class AllocateOrder
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/orders/{id:guid}/allocate", Handle).Allow("orders", Roles.Hospital, Roles.Station).WithSummary("Tries again for what an order lacks");

    private static async Task<Results<Made<OrderView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<OrderView>, ProblemHttpResult>>(async tx =>
        {
            if ((await OrderFile.Load(tx, $"o.id = @id and {OrderFile.VisibleTo(caller)}", new { id, caller.Tenant }, forUpdate: true, withStock: true)).SingleOrDefault() is not { } order) return await tx.Unknown("inventory.hospital_order", id);
            var row = order.Row;
            if (row.Status is not ("waiting" or "partially-allocated" or "allocated")) return Problems.OrderState.With($"It is {row.Status}");
            if (row.NeededBy <= tx.Now) return Problems.NeededByPast.With();

            Fill(tx, order, caller);
            return Answers.Ok(row.Version, order.View(vault, caller));
        }, ct);

    /// <summary>Drops what may no longer leave and takes what is there, by what the rules permitted when the order was placed. Nothing is written where nothing changes.</summary>
    internal static void Fill(Transaction tx, OrderFile order, Caller? caller)
    {
        var (row, wanted, stock) = (order.Row, order.Row.Wanted, order.Stock!);
        var bad = order.Lines.Where(l => l.Status == "reserved" && (l.OpenHolds > 0 || l.ExpiresAt <= wanted.KeepsUntil)).ToList();
        var kept = order.Lines.Except(bad).Select(l => new StockUnit(l.UnitId, l.Din, l.Component, l.BloodGroup!, l.Status, l.OpenHolds, l.ContentU, l.TreatmentUnits, l.VolumeMl, l.ExpiresAt, l.ExpiresAt)).ToList();
        var picked = Allocation.Pick(stock.Candidates, wanted with { Amount = wanted.Amount - kept.Sum(u => Allocation.AmountOf(u, wanted.Unit)) });
        if (bad.Count == 0 && picked.Count == 0 && caller is null) return;
        CancelOrder.Drop(tx, row.Id, [.. bad.Select(l => l.UnitId)], caller);
        order.Lines.RemoveAll(bad.Contains);
        var (policy, groups) = JsonSerializer.Deserialize<ExplanationView>(row.Explanation, Json.Options) is { Policy: { } version, Groups: { } of } ? (version, of) : ("", [new GroupChoice(row.BloodGroup, null, "exact group, first to expire")]);
        Stocked.Reserve(tx, row.Id, picked, groups, caller);

        List<StockUnit> all = [.. kept, .. picked];
        (row.StationId, row.Status, row.Explanation) = (stock.StationId, Allocation.StatusOf(all, wanted), stock.Explain(row.Id, all, wanted, groups, policy, tx.Now));
        tx.Write("update inventory.hospital_order set version = version + 1, station_id = @StationId, status = @Status, explanation = @Explanation::jsonb where id = @Id and version = @Version", new { row.StationId, row.Status, row.Explanation, row.Id, row.Version });
        row.Version++;
        order.Lines.AddRange(picked.Select(u => PlaceOrder.LineOf(row.Id, u, groups)));
        order.Say(tx);
    }
}
