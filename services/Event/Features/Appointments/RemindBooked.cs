using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Appointments;

/// <summary>
/// Reminds whoever is booked, a day and three hours before his slot. Some at a time in one transaction that holds their rows and writes down whom it
/// reminded: whoever dies in between leaves each either reminded or waiting, and any replica goes on. One replica at a time does it.
/// </summary>
public sealed class RemindBooked(IServiceScopeFactory scopes, ILogger<RemindBooked> log) : Sweep(scopes, TimeSpan.FromSeconds(10), log)
{
    private const int AtOnce = 100;

    protected override async Task Look(Database db, CancellationToken ct)
    {
        while (await db.InTransaction(Some, ct)) { /* more wait */ }
    }

    /// <summary>False when nobody waits any more, or another replica is at it.</summary>
    private static async Task<bool> Some(Transaction tx)
    {
        if (Reminders.Due(tx.Now) is not { Count: > 0 } due) return false;
        // Each statement sees what was committed before it began: the second sees whom the replica before reminded.
        var waiting = await tx.Read($"""
            select pg_try_advisory_xact_lock(hashtextextended('event.reminders', 0));
            {AppointmentRow.Select} cross join unnest(@kinds, @leads, @afters, @untils) as k(kind, lead, after, until)
            where a.status = 'booked' and not a.backfilled and d.status in ('approved', 'open', 'started') and a.slot_starts_at > k.after and a.slot_starts_at <= k.until and coalesce(a.placed_at, a.booked_at) <= a.slot_starts_at - k.lead
              and not exists (select from event.reminder r where r.appointment_id = a.id and r.kind = k.kind and r.slot_starts_at = a.slot_starts_at)
            order by a.slot_starts_at, a.id limit @AtOnce for update of a skip locked
            """, new { kinds = due.Select(d => d.Kind).ToArray(), leads = due.Select(d => d.Lead).ToArray(), afters = due.Select(d => d.After).ToArray(), untils = due.Select(d => d.Until).ToArray(), AtOnce },
            async grid => await grid.ReadSingleAsync<bool>() ? (await grid.ReadAsync<AppointmentRow>()).ToList() : []);
        foreach (var booking in waiting)
        {
            var kind = due.Last(d => booking.SlotStartsAt > d.After && booking.SlotStartsAt <= d.Until).Kind;
            tx.Write("insert into event.reminder (appointment_id, kind, slot_starts_at, reminded_at) values (@Id, @kind, @SlotStartsAt, @now)", new { booking.Id, kind, booking.SlotStartsAt, now = tx.Now });
            booking.Tell(tx, kind, purpose: "reminder");
        }
        return waiting.Count == AtOnce;
    }
}
