using BloodPlatform.Chassis;
using Npgsql;

namespace BloodPlatform.Drives.Features.Provisional;

/// <summary>Held places lapse when their slot has ended, and who they were for is forgotten. Some at a time; replicas pass over what another one holds.</summary>
public sealed class LapseProvisional(IServiceScopeFactory scopes, TimeProvider clock, ILogger<LapseProvisional> log) : BackgroundService
{
    private const int AtOnce = 100;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private readonly TimeProvider machine = TimeProvider.System; // waiting is the machine's time, a slot's end business time

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        await Task.Yield();
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await All(stopping);
                await Task.Delay(LookEvery, machine, stopping);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException && !stopping.IsCancellationRequested)
            {
                log.LogWarning("Held places wait for the database: {Reason}", e.GetType().Name);
                await Task.Delay(TimeSpan.FromSeconds(2), machine, stopping);
            }
            catch (OperationCanceledException) { return; }
        }
    }

    /// <summary>All that is due now.</summary>
    internal async Task All(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Database>();
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
