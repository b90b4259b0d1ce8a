using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Recognition.Features.Projections;

/// <summary>None of this donor's: his credit for it is taken back, and nothing is granted for it any more.</summary>
public static class OnDonationVoided
{
    public static async Task Handle(DonationVoided e, Transaction tx) => (await CreditAccount.Open(tx, e.DonorId, e.Din)).Account.Correct(tx, e.Din, e.Number, null);
}
