using BloodPlatform.Chassis;
using Npgsql;

namespace BloodPlatform.Drives.Features.Invitations;

/// <summary>
/// Invitations that nobody has booked by `claimBy` lapse and their places are free: whoever waits for one, or books, gets it. Some at a time, each time with what
/// it frees in one transaction; replicas pass over what another one holds. Rosters that have had their time are erased: a lapsed row after a week, the whole
/// with its key a month after the drive (rows of event.booking_setting).
/// </summary>
public sealed class LapseInvitations(IServiceScopeFactory scopes, TimeProvider clock, ILogger<LapseInvitations> log) : BackgroundService
{
    private const int AtOnce = 200;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private readonly TimeProvider machine = TimeProvider.System; // waiting is the machine's time, claimBy business time

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        await Task.Yield();
        for (var round = 0; !stopping.IsCancellationRequested; round++)
        {
            try
            {
                await Lapse(stopping);
                if (round % 60 == 0) await Erase(stopping);
                await Task.Delay(LookEvery, machine, stopping);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException && !stopping.IsCancellationRequested)
            {
                log.LogWarning("Invitations wait for the database: {Reason}", e.GetType().Name);
                await Task.Delay(TimeSpan.FromSeconds(2), machine, stopping);
            }
            catch (OperationCanceledException) { return; }
        }
    }

    /// <summary>All that is due now.</summary>
    internal async Task Lapse(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Database>();
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

    /// <summary>Forgets who was meant where nobody needs it any more.</summary>
    internal async Task Erase(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(async tx =>
        {
            var groups = await tx.Query<Guid>("""
                select g.id from event.group_booking g join event.drive d on d.id = g.drive_id
                where g.erased_at is null and g.status = 'closed'
                  and greatest(g.settled_at, case when d.status = 'cancelled' then d.cancelled_at else d.ends_at end) < @now - make_interval(days => (select value from event.booking_setting where name = 'roster-keep-days'))
                order by g.id limit 100 for update of g skip locked
                """, new { now = tx.Now });
            tx.WriteAny("update event.invitation set content = null, member_index = null where group_booking_id = any(@groups)", new { groups = groups.ToArray() });
            tx.WriteAny("delete from event.subject_key where subject_id = any(@groups)", new { groups = groups.ToArray() });
            tx.WriteAny("update event.group_booking set erased_at = @now where id = any(@groups)", new { groups = groups.ToArray(), now = tx.Now });
            tx.WriteAny("""
                update event.invitation set content = null, member_index = null
                where status = 'lapsed' and content is not null and settled_at < @now - make_interval(days => (select value from event.booking_setting where name = 'lapsed-invitation-keep-days'))
                """, new { now = tx.Now });
        }, ct);
    }
}
