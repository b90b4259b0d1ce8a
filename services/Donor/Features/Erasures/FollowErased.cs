using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.Erasures;

/// <summary>
/// A deferral became known of somebody after his erasure, a result, a call, or a donation that stood under another's name. Who registered afresh with his document is deferred like him, what
/// he gave meanwhile is withdrawn; and should he be erased too, whoever follows him. A job, because it is another donor's lock; one for each who did.
/// </summary>
public static class FollowErased
{
    public const string Kind = "follow-erased";

    /// <param name="Claimant">One of them; null in the job that starts those of the others.</param>
    public sealed record Input(Guid DonorId, Guid? Claimant = null);

    public static async Task<JobStep> Step(Job job, Transaction tx, IServiceProvider services)
    {
        var (vault, books) = (services.GetRequiredService<Vault>(), services.GetRequiredService<RuleBooks>());
        var input = job.Input<Input>();
        if (await tx.QuerySingle<TombstoneRow>(Tombstone.OfDonor, new { donorId = input.DonorId }) is not { Claimants.Length: > 0 } row) return JobStep.Finished(new { followed = 0 });
        if (input.Claimant is null) foreach (var other in row.Claimants.Skip(1)) tx.StartJob(Kind, input with { Claimant = other });
        var claimant = input.Claimant ?? row.Claimants[0];
        var remains = Tombstone.Open(vault, row);
        if (await DonorFile.Lock(tx, vault, books, claimant) is not { } donor) return JobStep.Finished(new { followed = await Tombstone.Add(tx, vault, claimant, remains.Deferrals, remains.Donations) ? 1 : 0 });

        var missing = remains.Missing(donor.Facts.Deferrals);
        var harmed = remains.FirstReaction is { } reaction && (donor.Facts.FirstReaction is not { } known || reaction < known) ? remains.FirstReaction : null;
        var gave = remains.Missing(donor.Facts.Donations);
        if (missing.Count == 0 && gave.Count == 0 && harmed is null) return JobStep.Finished(new { followed = 0 });
        var rules = donor.Book.Near(Shanghai.DateOf(tx.Now));
        foreach (var deferral in missing) donor.Defer(tx, deferral, "final", "earlier", rules);
        foreach (var donation in gave) Tombstone.Carry(tx, donor.PersonId, donation);
        donor.Facts = donor.Facts with { Donations = [.. donor.Facts.Donations, .. gave] };
        if (harmed is { } on)
        {
            Tombstone.Carry(tx, donor.PersonId, on);
            donor.Facts = donor.Facts with { FirstReaction = on };
        }
        donor.AnnounceWindows(tx);
        donor.Save(tx);
        return JobStep.Finished(new { followed = missing.Count });
    }
}
