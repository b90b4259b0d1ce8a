using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Recognition.Features.Projections;

/// <summary>The credit that stands is taken back and granted anew as it should have been; levels follow. In any order with the collection, and once.</summary>
public static class OnDonationCorrected
{
    public static async Task Handle(DonationCorrected e, Transaction tx) => (await CreditAccount.Open(tx, e.DonorId, e.Din)).Account.Correct(tx, e.Din, e.Number, e.After);
}
