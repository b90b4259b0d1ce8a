using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Recognition.Features.Projections;

/// <summary>A donor asked for erasure: no app acts for him. What he gave stays counted under an id that is nobody's.</summary>
public static class OnDonorErased
{
    public static Task Handle(DonorErased e, Transaction tx)
    {
        OnDonorRegistered.Put(tx, e.DonorId, e.Version, "erased", []); // the last that is said of him, so no older state replaces it
        return Task.CompletedTask;
    }
}
