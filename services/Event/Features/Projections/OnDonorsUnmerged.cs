using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>Each has his own bookings again. A place that the merge gave back is not booked anew: it may be gone.</summary>
public static class OnDonorsUnmerged
{
    public static Task Handle(DonorsUnmerged e, Transaction tx)
    {
        var (ids, versions) = Persons.Moved(e.Donors);
        tx.WriteAny(Persons.Keep.TrimEnd(';'), new { person = e.Absorbed, ids, versions });
        return Task.CompletedTask;
    }
}
