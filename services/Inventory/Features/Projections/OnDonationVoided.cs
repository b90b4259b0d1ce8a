using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Inventory.Features.Donations;

namespace BloodPlatform.Inventory.Features.Projections;

/// <summary>Nobody knows whose blood it is: held for good, also when the donation has not arrived yet.</summary>
public static class OnDonationVoided
{
    public static async Task Handle(DonationVoided e, Transaction tx)
    {
        var station = e.StationId ?? throw new InvalidOperationException("a voiding without its station");
        var file = (await DonationFile.Load(tx, [e.Din], null, forUpdate: true, prepare: """
            insert into inventory.donation (din, version, station_id) values (@din, 0, @of) on conflict (din) do nothing;
            """, prepareArgs: new { din = e.Din, of = station })).ByDin[e.Din];
        if (file.Corrections.Exists(c => c.CorrectionId == e.CorrectionId)) return;
        file.Correct(tx, new CorrectionRow { CorrectionId = e.CorrectionId, Din = e.Din, Number = e.Number, Kind = "voided" }, e.ReasonCode, null);
        file.Row.VoidedAt ??= tx.Now;
        file.Hold(tx, "quality", e.CorrectionId);
        file.Save(tx);
    }
}
