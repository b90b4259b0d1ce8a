using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Features.Orders;

/// <summary>
/// An order ends by itself: with no bag when the time of need has come (`not-met-in-time`), with bags that nobody fetched when their reservation is over
/// (`reservation-lapsed`; how long is in the rules of allocation). Its bags are free again.
/// </summary>
public sealed class LapseOrders(IServiceScopeFactory scopes, ILogger<LapseOrders> log) : Sweep(scopes, TimeSpan.FromSeconds(10), log)
{
    protected override async Task Look(Database db, CancellationToken ct)
    {
        var over = await db.InTransaction(tx => tx.Query<Guid>("""
            select o.id from inventory.hospital_order o
            where o.status = 'waiting' and o.needed_by <= @now or o.status in ('partially-allocated', 'allocated') and o.reserved_until <= @now order by o.reserved_until, o.id limit 100
            """, new { now = tx.Now }), ct);
        await Each(over, id => db.InTransaction(async tx =>
        {
            // Fetched or cancelled meanwhile: who waited for its lock looks at what it is now.
            var order = (await OrderFile.Load(tx, "o.id = @id", new { id }, forUpdate: true)).Single();
            if (order.Row is { Status: "waiting" } waiting && waiting.NeededBy <= tx.Now) CancelOrder.End(tx, order, "not-met-in-time", null);
            else if (order.Row is { Status: "partially-allocated" or "allocated" } reserved && reserved.ReservedUntil <= tx.Now) CancelOrder.End(tx, order, "reservation-lapsed", null);
        }, ct), ct);
    }
}
