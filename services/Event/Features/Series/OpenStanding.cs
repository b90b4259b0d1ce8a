using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Features.Sites;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Series;

/// <summary>
/// Approves and opens the drives of a station's series at its own rooms or with its vehicles, `openDaysAhead` days before: nobody signs each day of a room that is always
/// open. Where the qualification does not last, the vehicle is elsewhere or there are more places than beds, the drive stays submitted for somebody to look at.
/// </summary>
public sealed class OpenStanding(IServiceScopeFactory scopes, TimeProvider clock, ILogger<OpenStanding> log) : Sweep(scopes, TimeSpan.FromSeconds(5), log)
{
    protected override async Task Look(Database db, CancellationToken ct)
    {
        var due = await db.Query<Guid>("""
            select d.id from event.drive_series s join event.drive d on d.series_id = s.id and d.status = 'submitted' and d.station_id = s.station_id
            where s.open_days_ahead is not null and (d.site_id is not null or d.vehicle_id is not null) and d.starts_at > @now and (d.starts_at at time zone 'Asia/Shanghai')::date <= @today + s.open_days_ahead
              and not exists (select from event.drive o where o.vehicle_id = d.vehicle_id and o.id <> d.id and o.status in ('approved', 'open', 'started') and tstzrange(o.starts_at, o.ends_at) && tstzrange(d.starts_at, d.ends_at))
            order by d.starts_at, d.id
            """, new { now = clock.GetUtcNow(), today = Shanghai.DateOf(clock.GetUtcNow()) }, ct);
        await Each(due, id => db.InTransaction(tx => Open(tx, id), ct), ct);
    }

    private static async Task Open(Transaction tx, Guid id)
    {
        var (drive, sites) = await tx.Read($"{DriveRow.ForUpdate}; {SiteRow.OfDrive}", new { id, siteId = (Guid?)null, vehicleId = (Guid?)null }, async grid =>
            (await grid.ReadSingleOrDefaultAsync<DriveRow>(), (await grid.ReadAsync<SiteRow>()).Select(s => s.Facts).ToList()));
        if (drive is not { Status: "submitted" }) return; // somebody was first
        if (DriveLifecycle.Forbids("approve", drive.State, null, tx.Now) is not null || Rules.Sites.Forbid(drive.StationId, Shanghai.DateOf(drive.EndsAt), drive.SiteId, drive.VehicleId, sites) is not null) return;
        if (drive.CapacityPerSlot + drive.WalkInPerSlot > Rules.Sites.Capacity(sites.Sum(s => s.Beds), drive.Staff, drive.SlotMinutes, drive.Procedures)) return;

        var after = drive with { Version = drive.Version + 1, Status = DriveLifecycle.StatusAfter("open"), ApprovedAt = tx.Now, OpenedAt = tx.Now };
        tx.Write("update event.drive set version = @Version, status = @Status, approved_at = @ApprovedAt, opened_at = @OpenedAt where id = @Id", new { after.Id, after.Version, after.Status, after.ApprovedAt, after.OpenedAt });
        tx.Write(DriveRow.MakeSlots, after, rows: after.Plan.Slots);
        tx.Append(after.ToScheduled(tx.Now));
        tx.Audit("drive.open-standing", $"drive/{id}");
    }
}
