using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Units;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Orders;

/// <summary>POST /v1/orders/{id}/cancel: until it is issued; its bags are free again.</summary>
public static class CancelOrder
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/orders/{id:guid}/cancel", Handle).Allow("orders", Roles.Hospital, Roles.Station).WithSummary("Cancels an order that has not been issued");

    private static async Task<Results<Made<OrderView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<OrderView>, ProblemHttpResult>>(async tx =>
        {
            if ((await OrderFile.Load(tx, $"o.id = @id and {OrderFile.VisibleTo(caller)}", new { id, caller.Tenant }, forUpdate: true)).SingleOrDefault() is not { } order) return await tx.Unknown("inventory.hospital_order", id);
            var row = order.Row;
            if (row.Status is not ("waiting" or "partially-allocated" or "allocated")) return Problems.OrderState.With($"It is {row.Status}");
            End(tx, order, "cancelled", caller);
            tx.Audit("order.cancel", $"/v1/orders/{id}");
            return Answers.Ok(row.Version, order.View(vault, caller));
        }, ct);

    /// <summary>The order is over, and its bags are free; what was transfused out of it, before anybody had issued it, was given and stays in it.</summary>
    internal static void End(Transaction tx, OrderFile order, string reasonCode, Caller? caller)
    {
        var row = order.Row;
        Drop(tx, row.Id, [.. order.Lines.Where(l => l.Status == "reserved").Select(l => l.UnitId)], caller);
        tx.Write("update inventory.hospital_order set version = version + 1, status = 'cancelled', reason_code = @reasonCode where id = @Id and version = @Version", new { row.Id, row.Version, reasonCode });
        (row.Status, row.Version, row.ReasonCode) = ("cancelled", row.Version + 1, reasonCode);
        order.Lines.RemoveAll(l => l.Status == "reserved");
        order.Say(tx);
    }

    /// <summary>Frees reserved bags; whether they may go elsewhere their holds and expiry say.</summary>
    internal static void Drop(Transaction tx, Guid orderId, Guid[] units, Caller? caller)
    {
        if (units.Length == 0) return;
        tx.Moved(units, "unreserved", "available", caller, orderId: orderId);
        tx.Write("update inventory.unit set status = 'available', order_id = null, version = version + 1 where id = any(@units) and status = 'reserved' and order_id = @orderId", new { units, orderId }, rows: units.Length);
        tx.Write("update inventory.order_line set dropped_at = @now where order_id = @orderId and unit_id = any(@units) and dropped_at is null", new { now = tx.Now, orderId, units }, rows: units.Length);
    }
}
