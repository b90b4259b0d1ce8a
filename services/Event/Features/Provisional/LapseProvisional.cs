using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Features.Provisional;

/// <summary>Held places lapse when their slot has ended, and who they were for is forgotten. Some at a time; replicas pass over what another one holds.</summary>
public sealed class LapseProvisional(IServiceScopeFactory scopes, TimeProvider clock, ILogger<LapseProvisional> log) : Sweep(scopes, TimeSpan.FromSeconds(1), log)
{
    private const int AtOnce = 100;

    protected override async Task Look(Database db, CancellationToken ct)
    {
        if ((await db.Query<Guid>("select id from event.provisional_booking where status = 'held' and held_until <= @now limit 1", new { now = clock.GetUtcNow() }, ct)).Count == 0) return;
        while (await db.InTransaction(Some, ct)) { /* more is due */ }
    }

    private static async Task<bool> Some(Transaction tx)
    {
        var due = await tx.Query<ProvisionalRow>(ProvisionalRow.Select + " where p.status = 'held' and p.held_until <= @now order by p.id limit @AtOnce for update of p skip locked", new { now = tx.Now, AtOnce });
        ProvisionalRow.Lapse(tx, due);
        return due.Count == AtOnce;
    }
}
