using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Recognition.Features.Projections;

/// <summary>A donor's state changed: the apps that act for him decide who may read his honours.</summary>
public static class OnDonorChanged
{
    public static Task Handle(DonorChanged e, Transaction tx)
    {
        OnDonorRegistered.Put(tx, e.DonorId, e.Version, e.Status, e.Apps);
        return Task.CompletedTask;
    }
}
