using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Rules;
using Npgsql;

namespace BloodPlatform.Drives.Features.Waitlist;

/// <summary>
/// Offers what becomes free to the first who may take it, and takes back what nobody accepted in time. One offer is one transaction, and one replica at a
/// time looks after a drive: nobody is overtaken. While somebody waits for a slot nobody books it (<see cref="BookingFacts.TakePlace"/>), so a free
/// place is his even before it is offered. Whoever may not give then waits no longer for it, or he would keep the others from it; for another day of the
/// drive he waits on.
/// </summary>
public sealed class OfferPlaces(IServiceScopeFactory scopes, TimeProvider clock, ILogger<OfferPlaces> log) : Sweep(scopes, TimeSpan.FromSeconds(1), log)
{
    protected override async Task Look(Database db, CancellationToken ct)
    {
        var drives = await db.Query<Guid>("""
            select w.drive_id from event.waiting w where w.status = 'offered' and w.expires_at <= @now
            union
            select w.drive_id from event.waiting w join event.drive d on d.id = w.drive_id and d.status in ('open', 'started')
            join event.slot s on s.drive_id = w.drive_id and s.starts_at = coalesce(w.slot_starts_at, s.starts_at) and s.starts_at > @now and s.booked + s.held < s.capacity
            where w.status = 'waiting' and s.starts_at <> all(w.passed_over)
            """, new { now = clock.GetUtcNow() }, ct);
        await Each(drives, async drive =>
        {
            try
            {
                while (await db.InTransaction(tx => One(tx, drive), ct)) { /* more is to do */ }
            }
            catch (PostgresException e) when (e.ConstraintName == "slot_never_overbooked")
            {
                log.LogInformation("A place at drive {DriveId} went meanwhile", drive);
            }
        }, ct);
    }

    /// <summary>One act at a drive; false when there is none.</summary>
    private static async Task<bool> One(Transaction tx, Guid driveId)
    {
        var (leads, minutes, expired, slots, waiting) = await tx.Read($"""
            select pg_try_advisory_xact_lock(hashtextextended('event.waitlist/' || @driveId, 0));
            select value from event.booking_setting where name = 'waitlist-offer-minutes';
            {WaitingRow.Select} where w.drive_id = @driveId and w.status = 'offered' and w.expires_at <= @now order by w.position limit 1 for update of w;
            select {BookingFacts.SlotColumns} from event.slot s where s.drive_id = @driveId and s.starts_at > @now order by s.starts_at;
            {WaitingRow.Select} where w.drive_id = @driveId and w.status = 'waiting'
                and exists (select from event.slot s where s.drive_id = w.drive_id and s.starts_at > @now and s.starts_at = coalesce(w.slot_starts_at, s.starts_at) and s.starts_at <> all(w.passed_over) and s.booked + s.held < s.capacity) order by w.position limit 100;
            {BookingFacts.PlacesRules}
            """, new { driveId, now = tx.Now }, async grid =>
        {
            var leads = await grid.ReadSingleAsync<bool>();
            var minutes = await grid.ReadSingleAsync<int>();
            var expired = await grid.ReadSingleOrDefaultAsync<WaitingRow>();
            var slots = (await grid.ReadAsync<BookableSlot>()).ToList();
            var waiting = (await grid.ReadAsync<WaitingRow>()).ToList();
            var limits = (await grid.ReadAsync<PlacesRule>()).ToList();
            return (leads, minutes, expired, slots.ConvertAll(s => s.Under(limits)), waiting);
        });
        if (!leads) return false;
        if (expired is not null)
        {
            expired.Settle(tx, "expired").Tell(tx, "offer-expired", Rules.Waitlist.ToldAt(tx.Now), Rules.Waitlist.ToldAt(tx.Now).AddDays(1));
            return true;
        }
        var free = slots.FindAll(s => s.Booked + s.Held < s.Places);
        var (first, place) = waiting.Select(w => (Entry: w, Slot: free.Find(s => w.WaitsFor(s.StartsAt)))).FirstOrDefault(x => x.Slot is not null);
        if (place is null) return false;

        var (drive, there, donor, others, rules) = await BookingFacts.Read(tx, driveId, first.RecordedFor, place.StartsAt);
        if (drive is not { Status: "open" or "started" } || there is null || donor is not { HasArrived: true }) return false;
        // After the donor's, as in every other change of it.
        if (await tx.QuerySingle<WaitingRow>(WaitingRow.Select + " where w.id = @Id and w.status = 'waiting' for update of w", new { first.Id }) is not { } entry) return true;
        var possible = slots.FindAll(s => entry.WaitsFor(s.StartsAt)
            && Booking.DonorForbids(drive.Bookable, entry.Procedure, Shanghai.DateOf(s.StartsAt), donor.OpenWindows, null) is null && Booking.OthersForbid(driveId, entry.Procedure, s.StartsAt, others, rules) is null);
        if (possible.Count == 0)
        {
            entry.Settle(tx, "ended").Tell(tx, "waitlist-ended", Rules.Waitlist.ToldAt(tx.Now), Rules.Waitlist.ToldAt(tx.Now).AddDays(1));
            return true;
        }
        if (free.Find(possible.Contains) is not { } slot)
        {
            // It was his turn for these: noted, so that they go to the next, or to whoever books.
            tx.Write("update event.waiting set passed_over = passed_over || @passed::timestamptz[] where id = @Id", new { entry.Id, passed = free.FindAll(s => entry.WaitsFor(s.StartsAt)).ConvertAll(s => s.StartsAt).ToArray() });
            return true;
        }
        var offered = entry with { Version = entry.Version + 1, Status = "offered", OfferedSlot = slot.StartsAt, ExpiresAt = Rules.Waitlist.ExpiresAt(tx.Now, minutes, slot.StartsAt) };
        tx.Write("update event.waiting set version = @Version, status = @Status, offered_slot = @OfferedSlot, offered_at = @now, expires_at = @ExpiresAt where id = @Id", new { offered.Version, offered.Status, offered.OfferedSlot, offered.ExpiresAt, now = tx.Now, offered.Id });
        tx.Write("update event.slot set held = case when booked + held < @places then held + 1 else capacity + 1 end where drive_id = @driveId and starts_at = @startsAt", new { driveId, startsAt = slot.StartsAt, places = slot.Places });
        offered.Tell(tx, "place-offered", Rules.Waitlist.ToldAt(tx.Now) is var told && told < offered.ExpiresAt ? told : tx.Now, offered.ExpiresAt.Value);
        return true;
    }
}
