using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Drives.Features.Appointments;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>Somebody who can be booked, and the apps that may book for him.</summary>
public static class OnDonorRegistered
{
    public static Task Handle(DonorRegistered e, Transaction tx) => DonorProfile.Keep(tx, e.DonorId, e.Version, e.Status, e.District, e.Apps, e.Memberships);
}

/// <summary>DonorRegistered and DonorChanged are both the whole state of one counted aggregate: the newest of either stands.</summary>
internal static class DonorProfile
{
    public static async Task Keep(Transaction tx, Guid donorId, long version, string status, string? district, Guid[] apps, DonorMembership[] memberships)
    {
        await ReviewBookings.Of(tx, donorId, """
            insert into event.donor (donor_id, profile_version, status, district, apps, memberships) values (@donorId, @version, @status, @district, @apps, @memberships::jsonb)
            on conflict (donor_id) do update set profile_version = excluded.profile_version, status = excluded.status, district = excluded.district, apps = excluded.apps, memberships = excluded.memberships
            where excluded.profile_version > donor.profile_version;
            """, new { donorId, version, status, district, apps, memberships = JsonSerializer.Serialize(memberships, Json.Options) });
    }
}
