using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Features.Invitations;

/// <summary>
/// Invitations that nobody has booked by `claimBy` lapse and their places are free: whoever waits for one, or books, gets it. Some at a time, each time with what
/// it frees in one transaction; replicas pass over what another one holds.
/// </summary>
public sealed class LapseInvitations(IServiceScopeFactory scopes, TimeProvider clock, ILogger<LapseInvitations> log) : Sweep(scopes, TimeSpan.FromSeconds(1), log)
{
    private const int AtOnce = 200;

    protected override async Task Look(Database db, CancellationToken ct)
    {
        if ((await db.Query<Guid>("select id from event.group_booking where status = 'open' and claim_by <= @now limit 1", new { now = clock.GetUtcNow() }, ct)).Count == 0) return;
        while (await db.InTransaction(Some, ct)) { /* more is due */ }
    }

    private static async Task<bool> Some(Transaction tx)
    {
        var due = await tx.Query<InvitationRow>(InvitationRow.Select + """
             where g.status = 'open' and g.claim_by <= @now and i.status in ('invited', 'claimed') order by i.id limit @AtOnce for update of i skip locked
            """, new { now = tx.Now, AtOnce });
        InvitationRow.Lapse(tx, due);
        tx.WriteAny("""
            update event.group_booking g set version = version + 1, status = 'closed', settled_at = @now
            where status = 'open' and claim_by <= @now and not exists (select from event.invitation i where i.group_booking_id = g.id and i.status in ('invited', 'claimed'))
            """, new { now = tx.Now });
        return due.Count == AtOnce;
    }
}
