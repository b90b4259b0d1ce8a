using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.TestRuns;

namespace BloodPlatform.Inventory.Features.Projections;

/// <summary>
/// A donation arrives, before or after its results and withdrawals. It is unique by its number: whatever comes again changes nothing.
/// </summary>
public static class OnDonationCollected
{
    public static async Task Handle(DonationCollected e, Transaction tx)
    {
        var station = e.StationId ?? throw new InvalidOperationException("a collection without its station");
        var files = await DonationFile.Load(tx, [e.Din], null, forUpdate: true, others: true, donor: e.DonorId, recalls: station, prepare: """
            insert into inventory.donor_safety (donor_id) values (@donor) on conflict (donor_id) do nothing;
            insert into inventory.donation (din, version, station_id) values (@din, 0, @of) on conflict (din) do nothing;
            """, prepareArgs: new { din = e.Din, of = station });
        var file = files.ByDin[e.Din];
        if (file.Arrived) return;
        // The visit that Donor makes of a report has its id; a number that a visit at the platform had used first is refused there.
        tx.WriteAny("update inventory.donation_report set answered_at = @now where id = @VisitId and answered_at is null", new { e.VisitId, now = tx.Now });

        file.Arrive(tx, e, files);
        if (e.Deviations.Length > 0) file.Hold(tx, "quality", e.EventId);
        var reactiveBefore = file.ReactiveBefore;
        TestEffects.Apply(tx, file, files, null);
        // A donor with a reactive donation should not have been bled again: what he gave stays here until somebody has looked.
        if (reactiveBefore && !e.Backfilled) file.Hold(tx, "lookback", tx.NewId());
        files.HoldForLookbacks(tx, file.Row.PersonId!.Value); // what he gave came on the way while a case was opened
        files.HoldForRecalls(tx); // and so its bag, or its drive, may be under recall
        DonationFile.Save(tx, files.ByDin.Values.Where(f => f.Changed || f == file));
    }
}
