using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Features.Units;

/// <summary>
/// What passed its expiry in the station's stock becomes `expired`, is noted and said. Nothing waits for it: whoever reads or chooses bags looks at the time itself. A reserved
/// bag stays its order's until that lets it go. Some at a time, and never one that somebody else is at: orders are not kept waiting.
/// </summary>
public sealed class ExpireUnits(IServiceScopeFactory scopes, ILogger<ExpireUnits> log) : Sweep(scopes, TimeSpan.FromSeconds(30), log)
{
    private const int AtOnce = 1000, AtWork = 2;

    protected override async Task Look(Database db, CancellationToken ct)
    {
        // Some at a time while others are at work: none waits for another's bags (skip locked).
        await Task.WhenAll(Enumerable.Range(0, AtWork).Select(async _ => { while (await db.InTransaction(Some, ct)) { /* more are there */ } }));
    }

    private static async Task<bool> Some(Transaction tx)
    {
        var due = await tx.Query<Row>("""
            select u.id, u.din, u.station_id, u.component, u.blood_group, u.volume_ml, u.content_u, u.expires_at, d.version as donation_version, d.donor_id from inventory.donation d join inventory.unit u on u.din = d.din
            where u.id = any(array(select e.id from inventory.unit e where e.status in ('quarantine', 'available') and e.expires_at < @now order by e.expires_at limit @AtOnce for update skip locked)) and u.status in ('quarantine', 'available')
            order by d.din, u.id for update of d, u skip locked
            """, new { now = tx.Now, AtOnce });
        if (due.Count == 0) return false;
        var ids = due.Select(u => u.Id).ToArray();
        tx.Moved(ids, "expired", "expired", null);
        tx.Write("update inventory.unit set status = 'expired', version = version + 1 where id = any(@ids) and status in ('quarantine', 'available')", new { ids }, rows: ids.Length);
        var donations = due.GroupBy(u => u.Din).ToArray();
        foreach (var donation in donations)
        {
            var version = donation.First().DonationVersion;
            foreach (var unit in donation)
                tx.Append(new UnitExpired
                {
                    Key = unit.Din, Version = ++version, OccurredAt = unit.ExpiresAt, StationId = unit.StationId, UnitId = unit.Id, Din = unit.Din, DonorId = unit.DonorId, Component = unit.Component,
                    BloodGroup = unit.BloodGroup, VolumeMl = unit.VolumeMl, ContentU = unit.ContentU,
                });
        }
        tx.Write("update inventory.donation d set version = d.version + n.units from unnest(@dins, @units) n(din, units) where d.din = n.din", new { dins = donations.Select(d => d.Key).ToArray(), units = donations.Select(d => d.Count()).ToArray() }, rows: donations.Length);
        return due.Count == AtOnce;
    }

    private sealed record Row
    {
        public Guid Id { get; init; }
        public string Din { get; init; } = "";
        public Guid StationId { get; init; }
        public string Component { get; init; } = "";
        public string? BloodGroup { get; init; }
        public int VolumeMl { get; init; }
        public decimal? ContentU { get; init; }
        public DateTimeOffset ExpiresAt { get; init; }
        public long DonationVersion { get; init; }
        public Guid DonorId { get; init; }
    }
}
