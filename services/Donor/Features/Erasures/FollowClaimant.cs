using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.Erasures;

/// <summary>
/// Two registrations showed documents of one erased person: until somebody merges them, what forbids one to give forbids the other, and what he gave that it
/// reaches is withdrawn. A job, because it is another donor's lock. What was lifted meanwhile is not carried on; what was carried is lifted by itself.
/// </summary>
public static class FollowClaimant
{
    public const string Kind = "follow-claimant";

    /// <param name="DeferralId">One that was just recorded; null for all that stand, where the other has only just come.</param>
    public sealed record Input(Guid From, Guid To, Guid? DeferralId = null);

    public static async Task<JobStep> Step(Job job, Transaction tx, IServiceProvider services)
    {
        var (vault, books, input) = (services.GetRequiredService<Vault>(), services.GetRequiredService<RuleBooks>(), job.Input<Input>());
        var known = input.DeferralId is null ? DonorFile.IdsOf.Replace("@donorId", "@From", StringComparison.Ordinal) : null;
        var (donor, sources) = await tx.Read(DonorFile.Locked + $"""
            select f.donor_id, f.code, f.starts_on, f.ends_on, k.wrapped_key from donor.deferral f join donor.subject_key k on k.subject_id = f.donor_id
            where f.lifted_at is null and {(known is null ? "f.id = @DeferralId" : $"f.donor_id = any({known})")} order by f.id
            """, new { donorId = input.To, input.From, input.DeferralId }, async grid => (await DonorFile.Read(grid, vault, books), (await grid.ReadAsync<SourceRow>()).ToList()));
        var facts = sources.ConvertAll(s => new DeferralFact(vault.Unwrap(s.DonorId, s.WrappedKey).Open("deferral_code", s.Code), s.StartsOn, s.EndsOn));
        // His key may be destroyed: then what remains of him holds it.
        if (donor is null) return JobStep.Finished(new { followed = facts.Count > 0 && await Tombstone.Add(tx, vault, input.To, facts) ? facts.Count : 0 });

        var missing = facts.Except(donor.Facts.Deferrals).ToList();
        if (missing.Count == 0) return JobStep.Finished(new { followed = 0 });
        var rules = donor.Book.Near(Shanghai.DateOf(tx.Now));
        foreach (var deferral in missing) donor.Defer(tx, deferral, "final", "earlier", rules);
        donor.AnnounceWindows(tx);
        donor.Save(tx);
        return JobStep.Finished(new { followed = missing.Count });
    }

    private sealed record SourceRow(Guid DonorId, byte[] Code, DateOnly StartsOn, DateOnly? EndsOn, byte[] WrappedKey);
}
