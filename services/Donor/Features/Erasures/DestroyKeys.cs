using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;

namespace BloodPlatform.Donors.Features.Erasures;

/// <summary>
/// When the record duty is over, and nobody looks back on him any more, the keys of a restricted person are destroyed. Some at a time, each time one transaction: killed in the
/// middle it goes on with those that are left, on every replica at once without meeting.
/// </summary>
public sealed class DestroyKeys(IServiceScopeFactory scopes, TimeProvider clock, ILogger<DestroyKeys> log) : Sweep(scopes, TimeSpan.FromMinutes(1), log)
{
    private const int AtATime = 50;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50); // donors at the table come first

    protected override async Task Look(Database db, CancellationToken ct)
    {
        while (await Some(db, ct) > 0) await Task.Delay(Pause, TimeProvider.System, ct);
    }

    /// <summary>Destroys the keys of some persons; says of how many.</summary>
    private async Task<int> Some(Database db, CancellationToken ct) =>
        await db.InTransaction(async tx =>
        {
            var today = Shanghai.DateOf(clock.GetUtcNow());
            var due = await tx.Query<DueRow>($"""
                select e.id, e.donor_id, (select array_agg(x.id) from (select e.donor_id as id union select q.donor_id from donor.donor_person q where q.person_id = e.donor_id) x) as ids
                from donor.erasure e where e.destroyed_at is null and e.retain_until <= @today
                  and not exists (select from donor.lookback l where l.opened_at is not null and l.closed_at is null and (l.donor_id = e.donor_id or exists (select from donor.donor_person q where q.donor_id = l.donor_id and q.person_id = e.donor_id)))
                order by e.retain_until, e.id limit {AtATime} for update of e skip locked
                """, new { today });
            foreach (var person in due)
            {
                EraseDonor.Destroy(tx, person.Ids);
                tx.Write("update donor.erasure set destroyed_at = @now where id = @Id", new { person.Id, now = tx.Now });
                tx.Audit("donor.key-destroyed", $"donors/{person.DonorId}", new { erasure = person.Id });
            }
            return due.Count;
        }, ct);

    private sealed record DueRow(Guid Id, Guid DonorId, Guid[] Ids);
}
