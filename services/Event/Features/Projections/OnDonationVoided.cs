using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>None of this donor's: counted nowhere any more.</summary>
public static class OnDonationVoided
{
    public static Task Handle(DonationVoided e, Transaction tx)
    {
        OnDonationCorrected.Put(tx, e.Din, e.Number, true, e.Before);
        return Task.CompletedTask;
    }
}
