using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Drives.Features.Appointments;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>
/// Two donors are one person: his bookings stand against each other from now on. Of two that can't both be kept, the later
/// one to be booked gives its place back.
/// </summary>
public static class OnDonorsMerged
{
    public static async Task Handle(DonorsMerged e, Transaction tx)
    {
        var (ids, versions) = Persons.Moved(e.Donors);
        await ReviewBookings.Of(tx, e.Survivor, Persons.Keep, new { person = e.Survivor, ids, versions }, duplicate: "duplicate-booking");
    }
}
