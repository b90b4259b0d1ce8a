using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Series;

/// <summary>
/// Makes the drives that came within a series' horizon and follows a calendar that changed: a transaction for each series, so that
/// whoever dies in between leaves each either planned or waiting. Any replica goes on.
/// </summary>
public sealed class PlanSeries(IServiceScopeFactory scopes, TimeProvider clock, ILogger<PlanSeries> log) : Sweep(scopes, TimeSpan.FromSeconds(1), log)
{
    protected override async Task Look(Database db, CancellationToken ct)
    {
        var waiting = await db.Query<Guid>("select id from event.drive_series where status = 'active' and (replan or planned_through < least(last_day, @today + horizon_days)) order by id limit 100", new { today = Shanghai.DateOf(clock.GetUtcNow()) }, ct);
        await Each(waiting, id => db.InTransaction(tx => Plan(tx, id), ct), ct);
    }

    private static async Task Plan(Transaction tx, Guid id)
    {
        if (await SeriesFile.Lock(tx, id) is not { Series: { Status: "active" } before } file) return;
        var horizon = SeriesFile.Horizon(before.LastDay, before.HorizonDays, tx.Now);
        if (!before.Replan && before.PlannedThrough >= horizon) return; // another replica was first
        if (Recurrence.Parse(before.Rrule, out _)?.DaysFrom(before.StartsAt, out _) is not { } days) throw new InvalidOperationException("A rule that was accepted can be followed no more");
        var after = before with { Version = before.Version + 1, PlannedThrough = horizon > before.PlannedThrough ? horizon : before.PlannedThrough, Replan = false };
        tx.Write("update event.drive_series set version = @Version, planned_through = @PlannedThrough, replan = false where id = @Id", after);
        var planned = file.Follow(tx, after, days, changed: false);
        if (planned.Count > 0) tx.Audit("drive-series.plan", $"drive-series/{id}", new { planned = planned.Count });
    }
}
