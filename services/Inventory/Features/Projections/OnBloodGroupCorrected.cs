using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.TestRuns;

namespace BloodPlatform.Inventory.Features.Projections;

/// <summary>
/// The group of the chair is another: what the laboratory found is compared with that one from now on. The donation is held until quality has looked,
/// because tubes of two donors that changed places look just like this.
/// </summary>
public static class OnBloodGroupCorrected
{
    public static async Task Handle(BloodGroupCorrected e, Transaction tx)
    {
        var station = e.StationId ?? throw new InvalidOperationException("a correction without its station");
        var files = await DonationFile.Load(tx, [e.Din], null, forUpdate: true, others: true, donor: e.DonorId, prepare: """
            insert into inventory.donor_safety (donor_id) values (@donor) on conflict (donor_id) do nothing;
            insert into inventory.donation (din, version, station_id) values (@din, 0, @of) on conflict (din) do nothing;
            """, prepareArgs: new { din = e.Din, of = station });
        var file = files.ByDin[e.Din];
        if (e.Number <= file.Row.ChairGroupCorrected) return;
        file.CorrectChairGroup(tx, e.Number, e.After);
        if (!e.Backfilled) file.Hold(tx, "quality", e.CorrectionId);
        TestEffects.Apply(tx, file, files, null);
        DonationFile.Save(tx, files.ByDin.Values.Where(f => f.Changed || f == file));
    }
}
