namespace BloodPlatform.Donors.Rules;

/// <summary>Why a visit goes no further. <paramref name="Until"/> is the first date on which this reason is gone, where one is known.</summary>
public sealed record Reason(string Code, string Rule, DateOnly? Until);

/// <summary>
/// What a step found: reasons, and the deferrals that the rule set wants recorded. Without a reason the visit goes on, even where a deferral of
/// some procedures is recorded.
/// </summary>
/// <param name="Closed">Why some of the procedures are closed, where another is left; null is none.</param>
public sealed record Findings(IReadOnlyList<Reason> Reasons, IReadOnlyList<DeferralFact> Deferrals, IReadOnlyList<Reason>? Closed = null)
{
    public bool Pass => Reasons.Count == 0;
}

/// <summary>Measured and answered values against the rule set (GB 18467-2011 chapters 5 and 8).</summary>
public static class Checks
{
    /// <summary>What is taken for apheresis only.</summary>
    public static readonly string[] OfApheresis = ["hematocrit", "plateletCount", "plateletCountAfter"];

    /// <summary>What vitals and pretest measure, under the names by which rows of kind `measure` speak of it.</summary>
    public static readonly string[] Measured = ["temperatureC", "systolic", "diastolic", "pulsePressure", "pulse", "pulseOfAthlete", "weightKg", "haemoglobinGl", .. OfApheresis];

    /// <summary>What passes there or does not, for rows of kind `check`.</summary>
    public static readonly string[] Passed = ["noJaundice", "noExtensiveSkinDisease", "limbsSound", "punctureSitesIntact", "copperSulfatePass", "altPass", "hbsagPass"];

    /// <summary>Everything that they take. A base judges each of them for both sexes, or it is not published.</summary>
    public static readonly string[] Taken = [.. Measured, .. Passed];

    /// <summary>
    /// Compares each value with the bounds of its rules; a boolean is 1 (passes) or 0 (fails). Units are those of the API:
    /// °C, mmHg, 1/min, kg, g/L, 10⁹/L, fractions. A rule of some procedures closes those, and ends the visit where none is left. A value that
    /// no rule judges clears nobody: that it was taken and found in order would be nowhere said.
    /// </summary>
    /// <param name="open">The procedures that were still open to the donor; null where every failure ends the visit, as was judged before it was asked.</param>
    public static Findings Judge(RuleSet rules, string sex, DateOnly on, IReadOnlyDictionary<string, decimal> values, IReadOnlyList<string>? open = null)
    {
        var judging = rules.Rules.Where(r => r.Kind is "measure" or "check" && r.Measure is not null && values.ContainsKey(r.Measure) && r.ConcernsSex(sex)).ToArray();
        var failed = judging.Where(r => values[r.Measure!] is var value && (r.Kind == "check" ? value == 0 : value < r.AtLeast || value > r.AtMost || value >= r.Below)).ToArray();
        Reason[] silent = [.. values.Keys.Where(name => !Array.Exists(judging, r => r.Measure == name)).Select(name => new Reason(NotJudged, name, null))];
        var deferrals = failed.Where(r => r.Defers is not null).Select(r => r.Defers!).Distinct().Select(code => Defer(rules, code, on)).ToArray();
        Reason[] reasons = [.. failed.Select(r => new Reason(r.Category, r.Code, r.Defers is { } code ? rules[code].EndFrom(on) : null)), .. silent];
        var left = reasons.Length > 0 && silent.Length == 0 && open is not null && open.Any(procedure => !failed.Any(r => Closes(rules, r, procedure)));
        return left ? new([], deferrals, reasons) : new(reasons, deferrals);
    }

    /// <summary>
    /// Code of a <see cref="Reason"/> that says of a rule that nobody measured what it bounds, which closes nothing; or of a value, by its name, that no
    /// rule judges, which ends the visit.
    /// </summary>
    public const string NotJudged = "not-judged";

    /// <summary>The rules of the procedure whose value was not taken, the look at skin and arms included: nothing passes in silence. Of two ways to know the same, one is enough.</summary>
    /// <param name="measured">Names of the values that were.</param>
    public static Reason[] Unjudged(RuleSet rules, string sex, string procedure, IReadOnlyCollection<string> measured) =>
        [.. rules.Rules.Where(r => r is { Kind: "measure" or "check", Measure: { } name } && Taken.Contains(name) && r.Concerns(procedure) && r.ConcernsSex(sex) && (r.Procedures is not null || !OfApheresis.Contains(name))
            && !measured.Any(m => Known(m) == Known(name))).DistinctBy(r => Known(r.Measure!)).Select(r => new Reason(NotJudged, r.Code, null))];

    private static string Known(string measure) => measure switch { "copperSulfatePass" => "haemoglobinGl", "pulseOfAthlete" => "pulse", _ => measure };

    /// <summary>Whether a rule that is not met closes the procedure: by itself, or by the deferral that it records.</summary>
    public static bool Closes(RuleSet rules, Rule rule, string procedure) => rule.Concerns(procedure) || (rule.Defers is { } code && rules[code].Concerns(procedure));

    /// <summary>A deferral of the rule set, its end computed from the date on which its cause ended.</summary>
    public static DeferralFact Defer(RuleSet rules, string code, DateOnly from) => new(code, from, rules[code].EndFrom(from));

    /// <summary>The same, where the rule set has one that ends with the donor's intervals: it is of <paramref name="today"/>, and over at once where none stands.</summary>
    public static DeferralFact Defer(RuleBook book, RuleSet rules, string code, DateOnly from, DonorFacts donor, DateOnly today) =>
        rules[code].UntilInterval ? new(code, today, Eligibility.IntervalsOver(donor, book, today)) : Defer(rules, code, from);

    /// <summary>One failing condition that is no measure: identity, consent, hygiene.</summary>
    public static Findings Fail(RuleSet rules, string rule, DateOnly on) => Judge(rules, "", on, new Dictionary<string, decimal> { [rules[rule].Measure!] = 0 });
}
