using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Drives.Features.Appointments;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>Each has his own bookings again. A place that the merge gave back is not booked anew: it may be gone.</summary>
public static class OnDonorsUnmerged
{
    public static async Task Handle(DonorsUnmerged e, Transaction tx)
    {
        var (ids, versions) = Persons.Moved(e.Donors);
        await ReviewBookings.Of(tx, e.Absorbed, Persons.Keep, new { person = e.Absorbed, ids, versions });
        await ReviewBookings.Of(tx, e.Survivor);
    }
}
