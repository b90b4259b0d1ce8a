using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Inventory.Features.Donations;

namespace BloodPlatform.Inventory.Features.Projections;

/// <summary>
/// What was recorded of a collection is otherwise: the donation and its bags are held until quality has looked, shelf lives only get shorter. Before
/// the donation arrives the correction is kept for it; of several the newest stands.
/// </summary>
public static class OnDonationCorrected
{
    public static async Task Handle(DonationCorrected e, Transaction tx)
    {
        var station = e.StationId ?? throw new InvalidOperationException("a correction without its station");
        var files = await DonationFile.Load(tx, [e.Din], null, forUpdate: true, recalls: station, prepare: """
            insert into inventory.donation (din, version, station_id) values (@din, 0, @of) on conflict (din) do nothing;
            """, prepareArgs: new { din = e.Din, of = station });
        var file = files.ByDin[e.Din];
        if (file.Corrections.Exists(c => c.CorrectionId == e.CorrectionId)) return;
        file.Correct(tx, new CorrectionRow { CorrectionId = e.CorrectionId, Din = e.Din, Number = e.Number, Kind = "corrected" }, e.ReasonCode, e.After);
        // Only the arm, or what the label does not say: nothing of the blood changed.
        if (!e.Backfilled && DonationFile.BloodDiffers(e.Before, e.After)) file.Hold(tx, "quality", e.CorrectionId);
        files.HoldForRecalls(tx); // the bag that was meant may be of a lot under recall
        file.Save(tx);
    }
}
