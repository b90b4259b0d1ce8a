using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Visits;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>
/// A laboratory's result forbids a donor to give, at once and without end: only re-entry opens the way again. What confirms it makes the same
/// deferral a lasting one, whichever of the two comes first. A code that the rule set does not know holds all the same; an ALT over its limit is
/// no such result: it is tested again after its time.
/// </summary>
public static class OnDonorDeferralRequired
{
    // What the laboratory says of ALT, which names no marker, and the rule that dates it (domain rules 2.4, T32).
    private const string Unqualified = "T32";
    private const string UnqualifiedAlt = "T32-alt";

    public static async Task Handle(DonorDeferralRequired e, Transaction tx, IServiceProvider services)
    {
        var (vault, books) = (services.GetRequiredService<Vault>(), services.GetRequiredService<RuleBooks>());
        var (donor, sameDonation, trueVoid) = await tx.Read(DonorFile.Locked + "select id, code, requirement_id, confirmation_id, certainty, lifted_at from donor.deferral where donor_id = @donorId and din = @Din and origin = 'test'; select id from donor.visit_void where din = @Din and true_donor_id is not null", new { donorId = e.DonorId, e.Din },
            async grid => (await DonorFile.Read(grid, vault, books), (await grid.ReadAsync<SameDonationRow>()).ToList(), await grid.ReadSingleOrDefaultAsync<VoidedRow>()));
        // His key may be destroyed: then what remains of him holds it.
        if (donor is null && await Tombstone.Add(tx, vault, e.DonorId, [new DeferralFact(e.DeferralCode, Shanghai.DateOf(e.OccurredAt), null)])) return;
        if (donor is null) throw new InvalidOperationException($"Requirement {e.RequirementId} is about a donor this service never registered");
        if (sameDonation.Exists(d => d.RequirementId == e.RequirementId || d.ConfirmationId == e.RequirementId)) return; // an older replay
        // Said before the laboratory heard that it was another donor's blood: it stands here until two persons end it, and with him too.
        if (trueVoid is not null) FollowVoid.Start(tx, trueVoid.Id);

        var rules = donor.Book.Near(Shanghai.DateOf(tx.Now));
        if (e.DeferralCode == Unqualified && rules.Find(UnqualifiedAlt) is not null)
        {
            donor.Defer(tx, Checks.Defer(rules, UnqualifiedAlt, Shanghai.DateOf(e.OccurredAt)), "final", "test", rules, requirementId: e.RequirementId, din: e.Din);
            donor.AnnounceWindows(tx);
            donor.Save(tx);
            return;
        }

        // The windows are those of before: provisional or confirmed, it has no end. So nobody can tell from an event which of them it is.
        var confirms = e.Certainty == "confirmed";
        var known = sameDonation.Find(d => d.LiftedAt is null && donor.Key.Open("deferral_code", d.Code) == e.DeferralCode && (confirms ? d.ConfirmationId : d.RequirementId) is null);
        if (known is not null && confirms) tx.Write("update donor.deferral set version = version + 1, certainty = 'confirmed', confirmation_id = @RequirementId where id = @Id", new { e.RequirementId, known.Id });
        else if (known is not null) tx.Write("update donor.deferral set version = version + 1, requirement_id = @RequirementId where id = @Id", new { e.RequirementId, known.Id });
        else
        {
            donor.Defer(tx, new DeferralFact(e.DeferralCode, Shanghai.DateOf(e.OccurredAt), null), e.Certainty, "test", rules, requirementId: confirms ? null : e.RequirementId, confirmationId: confirms ? e.RequirementId : null, din: e.Din);
            donor.AnnounceWindows(tx);
            donor.Save(tx);
        }
    }

    private sealed record VoidedRow(Guid Id);

    private sealed record SameDonationRow(Guid Id, byte[] Code, Guid? RequirementId, Guid? ConfirmationId, string Certainty, DateTimeOffset? LiftedAt);
}
