using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using Npgsql;

namespace BloodPlatform.Donors.Features.Erasures;

/// <summary>
/// When the record duty is over the keys of a restricted person are destroyed. Some at a time, each time one transaction: killed in the
/// middle it goes on with those that are left, on every replica at once without meeting.
/// </summary>
public sealed class DestroyKeys(IServiceScopeFactory scopes, TimeProvider clock, ILogger<DestroyKeys> log) : BackgroundService
{
    private const int AtATime = 50;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);
    private readonly TimeProvider machine = TimeProvider.System; // waiting is the machine's time, the duty's end business time

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                while (await Some(stopping) > 0) await Task.Delay(TimeSpan.FromMilliseconds(50), machine, stopping);
                await Task.Delay(LookEvery, machine, stopping);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException && !stopping.IsCancellationRequested)
            {
                log.LogWarning("Keys whose time is over wait for the database: {Reason}", e.GetType().Name);
                await Task.Delay(TimeSpan.FromSeconds(2), machine, stopping);
            }
            catch (OperationCanceledException) { return; }
        }
    }

    /// <summary>Destroys the keys of some persons; says of how many.</summary>
    internal async Task<int> Some(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(async tx =>
        {
            var today = Shanghai.DateOf(clock.GetUtcNow());
            var due = await tx.Query<DueRow>($"""
                select e.id, e.donor_id, (select array_agg(x.id) from (select e.donor_id as id union select q.donor_id from donor.donor_person q where q.person_id = e.donor_id) x) as ids
                from donor.erasure e where e.destroyed_at is null and e.retain_until <= @today order by e.retain_until, e.id limit {AtATime} for update of e skip locked
                """, new { today });
            foreach (var person in due)
            {
                EraseDonor.Destroy(tx, person.Ids);
                tx.Write("update donor.erasure set destroyed_at = @now where id = @Id", new { person.Id, now = tx.Now });
                tx.Audit("donor.key-destroyed", $"donors/{person.DonorId}", new { erasure = person.Id });
            }
            return due.Count;
        }, ct);
    }

    private sealed record DueRow(Guid Id, Guid DonorId, Guid[] Ids);
}
