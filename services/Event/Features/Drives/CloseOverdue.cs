using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>
/// A drive that nobody closed is closed a day after its end: who booked and did not come would stand in his own way for months, and its figures would never show. What
/// becomes known later still counts. What is recorded afterwards is closed by whoever records it.
/// </summary>
public sealed class CloseOverdue(IServiceScopeFactory scopes, TimeProvider clock, ILogger<CloseOverdue> log) : Sweep(scopes, TimeSpan.FromMinutes(1), log)
{
    /// <summary>In that time a van that was offline brings its visits in. [assumption]</summary>
    public static readonly TimeSpan After = TimeSpan.FromHours(24);

    protected override async Task Look(Database db, CancellationToken ct)
    {
        var overdue = await db.Query<Guid>("select id from event.drive where status in ('approved', 'open', 'started') and not backfilled and ends_at <= @over order by ends_at limit 100", new { over = clock.GetUtcNow() - After }, ct);
        await Each(overdue, id => db.InTransaction(tx => Close(tx, id), ct), ct);
    }

    private static async Task Close(Transaction tx, Guid id)
    {
        var (drive, places) = await SlotPlaces.Lock(tx, id);
        // Somebody at the station, or another replica, may have been first, or it has another time.
        if (drive is { Status: "approved" or "open" or "started", Backfilled: false } && drive.EndsAt <= tx.Now - After) CloseDrive.Close(tx, drive, places, tx.Now);
    }
}
