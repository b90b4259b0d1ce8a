using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Visits;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>
/// A laboratory's result forbids a donor to give, at once and without end: only re-entry opens the way again. What confirms it makes the same
/// deferral a lasting one, whichever of the two comes first. A code that the rule set does not know holds all the same; an ALT over its limit is
/// no such result: it is tested again after its time. Of a donation that was another donor's, in whatever order result, voiding and signature come, the end is one.
/// </summary>
public static class OnDonorDeferralRequired
{
    // What the laboratory says of ALT, which names no marker, and the rule that dates it (domain rules 2.4, T32).
    private const string Unqualified = "T32";
    private const string UnqualifiedAlt = "T32-alt";

    public static Task Handle(DonorDeferralRequired e, Transaction tx, IServiceProvider services) => Handle(e, e.DonorId, null, tx, services);

    /// <param name="insteadOf">The erased donor under whom the donation of <paramref name="donorId"/> was recorded.</param>
    private static async Task Handle(DonorDeferralRequired e, Guid donorId, Guid? insteadOf, Transaction tx, IServiceProvider services)
    {
        var (vault, books) = (services.GetRequiredService<Vault>(), services.GetRequiredService<RuleBooks>());
        var (donor, found, @void) = await tx.Read(DonorFile.Locked + """
            select f.id, f.code, f.requirement_id, f.confirmation_id, f.lifted_at, f.void_id is not null and not exists (select from donor.deferral c where c.copy_of = f.id and c.lifted_at is not null) as in_error
            from donor.deferral f where f.donor_id = @donorId and (f.din = @Din or f.requirement_id = @RequirementId or f.confirmation_id = @RequirementId) and f.origin = 'test';
            select w.id, t.true_donor_id, s.staff_id as signed_by from donor.visit_void w left join donor.visit_void_named t on t.void_id = w.id left join donor.visit_void_signature s on s.void_id = w.id where w.din = @Din
            """, new { donorId, e.Din, e.RequirementId }, async grid => (await DonorFile.Read(grid, vault, books), (await grid.ReadAsync<SameDonationRow>()).ToList(), await grid.ReadSingleOrDefaultAsync<VoidedRow>()));
        var (wrong, day) = (insteadOf is null ? @void : null, Shanghai.DateOf(e.OccurredAt));
        if (donor is null)
        {
            // With his key destroyed nothing can be kept under him to be copied from: the true donor is deferred himself.
            if (wrong?.TrueDonorId is { } truly) await Handle(e, truly, donorId, tx, services);
            // What remains of an erased person holds his results. Of one whom two persons called innocent nothing holds: it can't be signed away any more.
            if (wrong?.SignedBy is not null || await Tombstone.Add(tx, vault, donorId, [new DeferralFact(e.DeferralCode, day, null)])) return;
            throw new InvalidOperationException($"Requirement {e.RequirementId} is about a donor this service never registered");
        }
        if (found.Exists(d => d.RequirementId == e.RequirementId || d.ConfirmationId == e.RequirementId)) return; // an older replay
        // It was another donor's blood: until two persons say so it stands here, and with him, where he is known, at once.
        if (wrong?.TrueDonorId is not null) FollowVoid.Start(tx, wrong.Id);

        var rules = donor.Book.Near(day);
        var din = insteadOf is null ? e.Din : null;
        if (e.DeferralCode == Unqualified && rules.Find(UnqualifiedAlt) is not null)
        {
            var fact = Checks.Defer(rules, UnqualifiedAlt, day);
            Keep(donor.Defer(tx, fact, "final", "test", rules, requirementId: e.RequirementId, din: din), fact);
            return;
        }

        // The windows are those of before: provisional or confirmed, it has no end. So nobody can tell from an event which of them it is.
        var confirms = e.Certainty == "confirmed";
        var known = found.Find(d => (d.LiftedAt is null || d.InError) && donor.Key.Open("deferral_code", d.Code) == e.DeferralCode && (confirms ? d.ConfirmationId : d.RequirementId) is null);
        if (known is not null && confirms) tx.Write("update donor.deferral set version = version + 1, certainty = 'confirmed', confirmation_id = @RequirementId where id = @Id", new { e.RequirementId, known.Id });
        else if (known is not null) tx.Write("update donor.deferral set version = version + 1, requirement_id = @RequirementId where id = @Id", new { e.RequirementId, known.Id });
        else
        {
            var fact = new DeferralFact(e.DeferralCode, day, null);
            Keep(donor.Defer(tx, fact, e.Certainty, "test", rules, requirementId: confirms ? null : e.RequirementId, confirmationId: confirms ? e.RequirementId : null, din: din), fact);
        }

        void Keep(Guid id, DeferralFact fact)
        {
            // Signed already: as if it had come before the signature. It ends nobody's giving, and is kept for who is the true donor, named now or later.
            if (wrong?.SignedBy is { } by)
            {
                tx.Write("update donor.deferral set lifted_at = @now, lifted_by = @by, lift_reason = @reason, void_id = @Id where id = @deferralId", new { deferralId = id, now = tx.Now, by, wrong.Id, reason = donor.Key.Seal("lift_reason", "entered-in-error") });
                donor.Lifted(fact, Shanghai.DateOf(tx.Now));
            }
            donor.AnnounceWindows(tx);
            donor.Save(tx);
        }
    }

    private sealed record VoidedRow(Guid Id, Guid? TrueDonorId, Guid? SignedBy);

    private sealed record SameDonationRow(Guid Id, byte[] Code, Guid? RequirementId, Guid? ConfirmationId, DateTimeOffset? LiftedAt, bool InError);
}
