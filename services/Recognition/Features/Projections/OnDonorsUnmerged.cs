using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Recognition.Features.Projections;

/// <summary>The two are counted apart again; what they had reached only together is revoked.</summary>
public static class OnDonorsUnmerged
{
    public static async Task Handle(DonorsUnmerged e, Transaction tx)
    {
        var (ids, versions) = Persons.Moved(e.Donors);
        // In the order of their ids, as everywhere.
        var (first, second) = e.Survivor.CompareTo(e.Absorbed) < 0 ? (e.Survivor, e.Absorbed) : (e.Absorbed, e.Survivor);
        var (one, other) = await tx.Read(Persons.Keep + CreditAccount.Sql("@first") + CreditAccount.Sql("@second"), new { person = e.Absorbed, ids, versions, first, second },
            async grid => (await CreditAccount.Read(grid, first), await CreditAccount.Read(grid, second)));
        one.Settle(tx);
        if (one.PersonId != other.PersonId) other.Settle(tx); // else merged anew, which came first
    }
}
