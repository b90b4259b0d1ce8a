using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Features.Orders;

/// <summary>
/// Orders that lack bags get them when there are any: emergencies first, then urgent orders, then whoever has waited longest. What is released is
/// noticed within seconds; an order that is placed before that lets those ahead of it come first (<see cref="PlaceOrder"/>).
/// </summary>
public sealed class ServeWaiting(IServiceScopeFactory scopes, ILogger<ServeWaiting> log) : Sweep(scopes, TimeSpan.FromSeconds(2), log)
{
    private const int AtOnce = 100;

    protected override Task Look(Database db, CancellationToken ct) => All(db, ct);

    /// <summary>Each in a transaction of its own; a replica that is at the same order waits and finds it served.</summary>
    internal static async Task All(Database db, CancellationToken ct)
    {
        var lacking = await db.InTransaction(tx => tx.Query<Guid>($"select o.id from inventory.hospital_order o where {Stocked.Servable} order by inventory.urgency_rank(o.urgency), o.created_at, o.id limit @AtOnce", new { now = tx.Now, AtOnce }), ct);
        await Each(lacking, id => db.InTransaction(async tx =>
        {
            var order = (await OrderFile.Load(tx, "o.id = @id", new { id }, forUpdate: true, withStock: true)).Single();
            if (order.Row.Status is "waiting" or "partially-allocated" && order.Row.NeededBy > tx.Now) AllocateOrder.Fill(tx, order, null);
        }, ct), ct);
    }
}
