using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.Visits;

/// <summary>
/// A visit turned out to be another donor's who is known: what he gave at it counts for his dates, its deferrals are made for him, each once, and what he gave
/// since is withdrawn; so is this donation, where something that stands against him reaches it. A job, because it is another donor's lock; started again when a
/// result of the same donation comes later.
/// </summary>
public static class FollowVoid
{
    public const string Kind = "follow-void";

    private const string TrueDonor = "select true_donor_id from donor.visit_void_named where void_id = @VoidId";

    public sealed record Input(Guid VoidId);

    public static void Start(Transaction tx, Guid voidId) => tx.StartJob(Kind, new Input(voidId));

    public static async Task<JobStep> Step(Job job, Transaction tx, IServiceProvider services)
    {
        var (vault, books, input) = (services.GetRequiredService<Vault>(), services.GetRequiredService<RuleBooks>(), job.Input<Input>());
        var (donor, sources, given) = await tx.Read(DonorFile.LockedBy(TrueDonor) + """
            select f.id, f.donor_id, f.code, f.starts_on, f.ends_on, f.certainty, f.origin, f.din, f.visit_id, t.true_donor_id, w.recorded_by, k.wrapped_key, c.id as copy_id, c.certainty as copy_certainty
            from donor.visit_void w join donor.visit_void_named t on t.void_id = w.id join donor.deferral f on f.visit_id = w.visit_id or f.din = w.din join donor.subject_key k on k.subject_id = f.donor_id left join donor.deferral c on c.copy_of = f.id
            where w.id = @VoidId and f.copy_of is null order by f.id;
            select g.donor_id, g.din, g.donated_on, g.procedure, g.collected_ml, g.treatment_units, exists (select from donor.withdrawal x where x.din = g.din and x.donor_id = g.donor_id) as withdrawn from donor.given_under_another g where g.void_id = @VoidId
            """, input, async grid => (await DonorFile.Read(grid, vault, books), (await grid.ReadAsync<SourceRow>()).ToList(), await grid.ReadSingleOrDefaultAsync<GivenRow>()));
        var facts = sources.ToDictionary(s => s.Id, s => new DeferralFact(vault.Unwrap(s.DonorId, s.WrappedKey).Open("deferral_code", s.Code), s.StartsOn, s.EndsOn));
        // His key may be destroyed: then what remains of him holds it.
        if (donor is null)
        {
            if ((given?.DonorId ?? sources.FirstOrDefault()?.TrueDonorId) is not { } erased) return JobStep.Finished(new { followed = 0 });
            return JobStep.Finished(new { followed = await Tombstone.Add(tx, vault, erased, [.. facts.Values], given is null ? null : [given.Counted]) ? sources.Count : 0 });
        }

        var rules = donor.Book.Near(Shanghai.DateOf(tx.Now));
        foreach (var source in sources.Where(s => s.CopyId is null))
        {
            var deferral = facts[source.Id];
            donor.Defer(tx, deferral, source.Certainty, source.Origin, rules, source.RecordedBy, visitId: source.VisitId, din: source.Din, copyOf: source.Id);
        }
        foreach (var confirmed in sources.Where(s => s.CopyCertainty == "provisional" && s.Certainty == "confirmed"))
            tx.Write("update donor.deferral set version = version + 1, certainty = 'confirmed' where id = @CopyId", new { confirmed.CopyId });
        if (given is { Withdrawn: false } && donor.Given.FirstOrDefault(d => d.Din == given.Din) is { } bag && donor.Reaches(rules).Any(r => r.Covers(bag.On))) donor.Withdraw(tx, bag.Din, bag.StationId, bag.DonorId);
        donor.AnnounceWindows(tx); // what he gave at that visit is his, and a reaction too
        donor.Save(tx);
        return JobStep.Finished(new { followed = sources.Count(s => s.CopyId is null) });
    }

    private sealed record GivenRow(Guid DonorId, string Din, DateOnly DonatedOn, string Procedure, int? CollectedMl, int? TreatmentUnits, bool Withdrawn)
    {
        public PastDonation Counted => new(DonatedOn, Procedure, CollectedMl, TreatmentUnits, Attempt: true);
    }

    private sealed record SourceRow(
        Guid Id, Guid DonorId, byte[] Code, DateOnly StartsOn, DateOnly? EndsOn, string Certainty, string Origin, string? Din, Guid? VisitId, Guid TrueDonorId, Guid RecordedBy, byte[] WrappedKey, Guid? CopyId, string? CopyCertainty);
}
