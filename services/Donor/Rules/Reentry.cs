using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>A criterion that somebody found to be met.</summary>
/// <param name="On">The day of what shows it: a sample, a report.</param>
public sealed record MetCriterion(string Code, DateOnly On);

/// <summary>
/// The way back from a deferral that a test or the list of lasting reasons made (归队). No national rule: the criteria are rows of the rule set,
/// those of hepatitis B from the practice of Jiangsu. Never automatic: each is found by a person, and two different people sign.
/// </summary>
public static class Reentry
{
    public const int SignaturesNeeded = 2;

    /// <summary>What must be shown before the deferral can end; empty where the rule set knows no way back.</summary>
    public static Rule[] Criteria(RuleSet rules, string deferral)
    {
        var code = rules.Find(deferral) is null ? "TEST_REACTIVE" : deferral; // a laboratory's code that the rules don't know
        return [.. rules.OfKind("reentry").Where(r => r.Deferrals!.Contains(code))];
    }

    /// <summary>The first day on which what shows the criterion can be from.</summary>
    public static DateOnly From(Rule criterion, DateOnly deferredFrom) => criterion.EndFrom(deferredFrom)!.Value;

    /// <summary>
    /// Whether the criterion is met by what was found: of this case (422 criterion_unknown), not too early (422 criterion_too_early), not in the future,
    /// an accepted finding where the rule lists them, and not met before (409 criterion_met).
    /// </summary>
    public static Rejection? Meet(IReadOnlyCollection<Rule> criteria, IReadOnlyCollection<MetCriterion> met, DateOnly deferredFrom, string code, DateOnly on, string? finding, DateOnly today)
    {
        if (criteria.FirstOrDefault(r => r.Code == code) is not { } criterion) return Problems.CriterionUnknown.Because(null, new FieldError("/code", "criterion_unknown", "One of " + string.Join(", ", criteria.Select(r => r.Code))));
        if (met.Any(m => m.Code == code)) return Problems.CriterionMet.Because();
        if (on > today) return CommonProblems.Invalid.Because(null, new FieldError("/on", "invalid", "Lies in the future"));
        if (on < From(criterion, deferredFrom)) return Problems.CriterionTooEarly.Because(null, new FieldError("/on", "criterion_too_early", $"Not before {From(criterion, deferredFrom):yyyy-MM-dd}"));
        return criterion.Accepts is null || criterion.Accepts.Contains(finding) ? null
            : CommonProblems.Invalid.Because(null, new FieldError("/finding", "invalid", "Accepted: " + string.Join(", ", criterion.Accepts)));
    }

    /// <summary>The criteria that nobody found to be met, each named.</summary>
    public static FieldError[] Unmet(IEnumerable<Rule> criteria, IReadOnlyCollection<MetCriterion> met) =>
        [.. criteria.Where(r => met.All(m => m.Code != r.Code)).Select(r => new FieldError("/criteria/" + r.Code, "criterion_not_met", r.Text))];

    /// <summary>What a signature does: how many there are with it (two lift the deferral), or why it is refused.</summary>
    public static (int Signatures, Rejection? No) Sign(IEnumerable<Rule> criteria, IReadOnlyCollection<MetCriterion> met, IReadOnlyCollection<Guid> signers, Guid signer)
    {
        if (Unmet(criteria, met) is { Length: > 0 } unmet) return (0, Problems.CriteriaNotMet.Because($"{unmet.Length} criteria are not met", unmet));
        return signers.Contains(signer) ? (0, Problems.SameSigner.Because()) : (signers.Count + 1, null);
    }
}
