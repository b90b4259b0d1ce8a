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
        // Its group may be what is held against the donor's own blood: known of him is what his other donations say.
        if (file.Row is { DonorId: not null, BloodGroup: not null })
            tx.WriteAny("""
                update inventory.donor_safety s set blood_group = (
                    select d.blood_group from inventory.donation d where d.donor_id = s.donor_id and d.din <> @Din and d.voided_at is null and d.arrived_at is not null and d.blood_group is not null order by d.arrived_at, d.din limit 1)
                where s.donor_id = @DonorId and s.blood_group = @BloodGroup
                """, file.Row);
        file.Save(tx);
    }
}
