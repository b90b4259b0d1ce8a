using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Features.Invitations;

/// <summary>
/// Forgets who was meant where nobody needs it any more: a lapsed row after a week, the whole roster with its key a month after the drive
/// (rows of event.booking_setting). Some at a time; replicas pass over what another one holds.
/// </summary>
public sealed class EraseRosters(IServiceScopeFactory scopes, ILogger<EraseRosters> log) : Sweep(scopes, TimeSpan.FromMinutes(1), log)
{
    protected override async Task Look(Database db, CancellationToken ct)
    {
        await db.InTransaction(async tx =>
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
