using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;

namespace BloodPlatform.Donors.Features.Visits;

/// <summary>
/// A collection that nobody has ended for a day counts as an attempt (docs/decisions/0017), by the clock and without anybody's doing: the dates on which
/// its donor may give have changed, and whoever books by them is told here. One donor is one transaction with his row locked: two replicas tell it once.
/// </summary>
public sealed class AnnounceLeft(IServiceScopeFactory scopes, Vault vault, RuleBooks books, ILogger<AnnounceLeft> log) : Sweep(scopes, TimeSpan.FromMinutes(1), log)
{
    // Said so that the index of open visits answers it. Of whom no key is left nothing can be judged, nor is he booked.
    private const string Left = "v.status <> all (array['deferred', 'abandoned', 'collected', 'completed']) and v.status = 'collecting' and v.started_at < now() - interval '1 day' and v.left_told_at is null";

    protected override async Task Look(Database db, CancellationToken ct)
    {
        var donors = await db.Query<Guid>($"select distinct v.donor_id from donor.visit v join donor.subject_key k on k.subject_id = v.donor_id where {Left} limit 1000", null, ct);
        await Each(donors, donor => db.InTransaction(tx => Tell(tx, donor), ct), ct);
    }

    private async Task Tell(Transaction tx, Guid donorId)
    {
        if (await DonorFile.Lock(tx, vault, books, donorId) is not { } donor) return;
        if (await tx.QuerySingle<bool>($"select exists (select from donor.visit v where v.donor_id = @donorId and {Left})", new { donorId }) is false) return; // ended meanwhile, or another replica was first
        tx.WriteAny($"update donor.visit v set left_told_at = @now where v.donor_id = @donorId and {Left}", new { donorId, now = tx.Now });
        donor.AnnounceWindows(tx);
        donor.Save(tx);
        tx.Audit("visit.left", $"donors/{donorId}");
    }
}
