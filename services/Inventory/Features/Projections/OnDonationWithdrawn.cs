using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Inventory.Features.Donations;

namespace BloodPlatform.Inventory.Features.Projections;

/// <summary>A donation must not be used: it and all its bags are held in this transaction, also when the donation has not arrived yet.</summary>
public static class OnDonationWithdrawn
{
    public static async Task Handle(DonationWithdrawn e, Transaction tx)
    {
        var station = e.StationId ?? throw new InvalidOperationException("a withdrawal without its station");
        var files = await DonationFile.Load(tx, [e.Din], null, forUpdate: true, prepare: """
            insert into inventory.donation (din, version, station_id) values (@din, 0, @of) on conflict (din) do nothing;
            """, prepareArgs: new { din = e.Din, of = station });
        var file = files.ByDin[e.Din];
        if (await tx.QuerySingle<bool>("select exists (select from inventory.hold where source_id = @WithdrawalId and din = @Din)", new { e.WithdrawalId, e.Din })) return;
        file.Hold(tx, e.HoldKind is "late-information" ? "late-information" : "quality", e.WithdrawalId);
        file.Save(tx);
    }
}
