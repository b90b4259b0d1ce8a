using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>
/// A laboratory's result forbids a donor to give, at once and without end: only re-entry opens the way again. A code that the rule
/// set does not know holds all the same.
/// </summary>
public static class OnDonorDeferralRequired
{
    public static async Task Handle(DonorDeferralRequired e, Transaction tx, IServiceProvider services)
    {
        var (vault, books) = (services.GetRequiredService<Vault>(), services.GetRequiredService<RuleBooks>());
        var (donor, done) = await tx.Read(DonorFile.Locked + "select exists (select from donor.deferral where requirement_id = @RequirementId)", new { donorId = e.DonorId, e.RequirementId },
            async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleAsync<bool>()));
        // His key may be destroyed: then what remains of him holds it.
        if (donor is null && await Tombstone.Add(tx, vault, e.DonorId, [new DeferralFact(e.DeferralCode, Shanghai.DateOf(e.OccurredAt), null)])) return;
        if (donor is null) throw new InvalidOperationException($"Requirement {e.RequirementId} is about a donor this service never registered");
        if (done) return; // an older replay

        donor.Defer(tx, new DeferralFact(e.DeferralCode, Shanghai.DateOf(e.OccurredAt), null), e.Certainty, "test", donor.Book.Near(Shanghai.DateOf(tx.Now)), requirementId: e.RequirementId, din: e.Din);
        donor.AnnounceWindows(tx);
        donor.Save(tx);
    }
}
