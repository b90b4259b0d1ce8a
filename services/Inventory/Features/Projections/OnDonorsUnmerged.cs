using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Inventory.Features.Projections;

/// <summary>Each has his own history again. What was held because of the merge stays held until quality has looked at it.</summary>
public static class OnDonorsUnmerged
{
    public static Task Handle(DonorsUnmerged e, Transaction tx)
    {
        var (ids, versions) = Persons.Moved(e.Donors);
        tx.WriteAny(Persons.Keep.TrimEnd(';'), new { person = e.Absorbed, ids, versions });
        return Task.CompletedTask;
    }
}
