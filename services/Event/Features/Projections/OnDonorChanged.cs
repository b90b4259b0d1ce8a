using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>A donor's status, apps or memberships changed.</summary>
public static class OnDonorChanged
{
    public static Task Handle(DonorChanged e, Transaction tx) => DonorProfile.Keep(tx, e.DonorId, e.Version, e.Status, e.District, e.Apps, e.Memberships);
}
