using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Donors.Rules;

/// <summary>What is recorded of a collection and can be corrected, with what follows from it.</summary>
public sealed record CollectionRecord(
    string Procedure, int? NominalMl, int? CollectedMl, int? TreatmentUnits, string Outcome, CollectionBag Bag, string Arm, DateTimeOffset StartedAt, DateTimeOffset EndedAt, string[] Deviations, string[] Restrictions);

/// <summary>What should stand instead; null stays as it is. The procedure is no such thing: void the donation and record it anew.</summary>
public sealed record CorrectedValues(
    int? NominalMl = null, int? CollectedMl = null, int? TreatmentUnits = null, string? Outcome = null, CollectionBag? Bag = null, string? Arm = null, DateTimeOffset? StartedAt = null, DateTimeOffset? EndedAt = null);

/// <summary>Corrections of what was recorded, by a second person (血站质量管理规范: records are corrected with the original legible, by whom, when and why).</summary>
public static class Correction
{
    public const string WrongDonor = "wrong-donor";

    /// <summary>Steps whose findings can be corrected.</summary>
    public static readonly string[] Findings = ["vitals", "consultation", "pretest"];
    public static readonly string[] Corrects = ["entered-wrong", "measured-again", "label-wrong"];
    public static readonly string[] Voids = [WrongDonor, "never-collected", "recorded-twice"];

    /// <summary>Whoever drew the blood or recorded it does not correct it, nor whoever made the correction that now stands: 409 second_person_required.</summary>
    public static Rejection? By(Guid person, IEnumerable<Guid> recordedBy, Guid? correctedLastBy) =>
        recordedBy.Contains(person) || correctedLastBy == person ? Problems.SecondPersonRequired.Because("Somebody else than who recorded it") : null;

    /// <summary>
    /// Codes of the deferrals that judgements of the step had brought which stand no more, and that nothing that stands brings: neither the newest judgement
    /// of any step nor a physician by himself.
    /// </summary>
    /// <param name="judged">Every judgement of the visit, in order; of a step the last stands.</param>
    public static HashSet<string> Superseded(IReadOnlyList<(string Step, Rules.Findings Found)> judged, string step, IEnumerable<string> saidBesides)
    {
        var standing = judged.GroupBy(j => j.Step).SelectMany(of => of.Last().Found.Deferrals).Select(d => d.Code).Concat(saidBesides);
        return [.. judged.Where(j => j.Step == step).SelectMany(j => j.Found.Deferrals).Select(d => d.Code).Except(standing)];
    }

    /// <summary>The record as it should stand, judged by the rules of its day like a fresh one; or why it can't be so.</summary>
    /// <param name="restrictedAnyway">Components that are restricted whatever the bleed time was.</param>
    /// <param name="openedAt">Of the visit: no collection begins before it.</param>
    public static (CollectionRecord? After, Rejection? Rejection) Correct(RuleSet rules, CollectionRecord before, CorrectedValues values, IReadOnlyList<string> restrictedAnyway, DateTimeOffset openedAt, DateTimeOffset now)
    {
        var after = before with
        {
            NominalMl = values.NominalMl ?? before.NominalMl, CollectedMl = values.CollectedMl ?? before.CollectedMl, TreatmentUnits = values.TreatmentUnits ?? before.TreatmentUnits, Outcome = values.Outcome ?? before.Outcome,
            Bag = values.Bag ?? before.Bag, Arm = values.Arm ?? before.Arm, StartedAt = values.StartedAt ?? before.StartedAt, EndedAt = values.EndedAt ?? before.EndedAt,
        };
        if (after == before) return (null, Problems.NothingCorrected.Because());
        Rejection At(string field, string why) => Problems.TimeOutOfOrder.Because(why, new FieldError("/values/" + field, "time_out_of_order", why));
        if (after.StartedAt < openedAt - VisitSteps.Tolerance) return (null, At("startedAt", "Before the visit"));
        if (after.EndedAt < after.StartedAt) return (null, At("endedAt", "Before startedAt"));
        if (after.EndedAt > now + VisitSteps.Tolerance) return (null, At("endedAt", "Lies in the future"));
        if (Collection.Volume(rules, after.Procedure, after.NominalMl, after.TreatmentUnits) is { } volume) return (null, volume with { Errors = [.. volume.Errors.Select(e => e with { Pointer = "/values" + e.Pointer })] });
        if (after.Procedure == Procedures.WholeBlood && after.CollectedMl is null or 0) return (null, CommonProblems.Invalid.Because(null, new FieldError("/values/collectedMl", "required", "Nothing drawn is no donation: void it")));
        if (Collection.Bag(after.Bag.ExpiresOn, Shanghai.DateOf(after.StartedAt)) is { } bag) return (null, bag with { Errors = [.. bag.Errors.Select(e => e with { Pointer = "/values" + e.Pointer })] });
        var (deviations, restrictions) = Collection.Outcome(rules, after.Outcome, after.NominalMl, after.CollectedMl, after.EndedAt - after.StartedAt);
        // How much plasma was taken is no such thing either: what was found of it stays.
        deviations = [.. deviations.Union(before.Deviations.Where(d => rules.OfKind("plasma").Any(r => r.Deviation == d)))];
        return (after with { Deviations = deviations, Restrictions = [.. restrictions.Union(restrictedAnyway)] }, null);
    }
}
