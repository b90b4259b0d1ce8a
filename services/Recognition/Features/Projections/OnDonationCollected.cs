using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Recognition.Features.Projections;

/// <summary>
/// A collection becomes exactly one credit line, and the levels it completes are earned. The DIN is the once: an older replay,
/// or the same collection under another event id, changes nothing.
/// </summary>
public static class OnDonationCollected
{
    public static async Task Handle(DonationCollected e, Transaction tx)
    {
        var (account, granted) = await CreditAccount.Open(tx, e.DonorId, e.Din);
        if (!granted) account.Grant(tx, e);
    }
}
