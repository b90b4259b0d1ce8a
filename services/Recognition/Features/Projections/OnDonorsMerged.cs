using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Recognition.Features.Projections;

/// <summary>Two donors are one person: his credits are counted together, and a level that they reach only together is earned.</summary>
public static class OnDonorsMerged
{
    public static async Task Handle(DonorsMerged e, Transaction tx)
    {
        var (ids, versions) = Persons.Moved(e.Donors);
        var account = await tx.Read(Persons.Keep + CreditAccount.Sql("@person"), new { person = e.Survivor, ids, versions }, grid => CreditAccount.Read(grid, e.Survivor));
        account.Settle(tx);
    }
}
