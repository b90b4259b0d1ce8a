using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Inventory.Features.Donations;

namespace BloodPlatform.Inventory.Features.Projections;

/// <summary>The register beyond this platform has answered: `clear` opens the way to release, `hit` closes it. Its word outlasts a collection that arrives later.</summary>
public static class OnDonationExternallyChecked
{
    public static async Task Handle(DonationExternallyChecked e, Transaction tx)
    {
        var station = e.StationId ?? throw new InvalidOperationException("a check without its station");
        var file = (await DonationFile.Load(tx, [e.Din], null, forUpdate: true, prepare: """
            insert into inventory.donation (din, version, station_id) values (@din, 0, @of) on conflict (din) do nothing;
            """, prepareArgs: new { din = e.Din, of = station })).ByDin[e.Din];
        if (file.Row.ExternalCheck is "clear" or "hit") return;
        file.Row.ExternalCheck = e.Outcome;
        file.Save(tx);
    }
}
