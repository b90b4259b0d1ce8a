using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>
/// One medical or legal rule as data. Which of the values it has depends on its kind; what reads a kind is named there.
/// </summary>
/// <param name="Code">Stable: answers cite it, deferrals are recorded under it.</param>
/// <param name="Kind">`age`, `measure`, `check`, `interval`, `interval-exception`, `yearly`, `volume`, `plasma`, `tolerance`, `bleed-time`, `rest-time`, `deferral` or `reentry`.</param>
/// <param name="Category">What a station is told the reason is about: `age`, `interval`, `deferral`, `vitals`, `pretest`, …</param>
/// <param name="Clause">Standard or law with the clause.</param>
/// <param name="Source">Where the text was seen: keys of the document's <c>sources</c>, with commas between, and after a colon or semicolon what is to be said of them.</param>
/// <param name="Confidence">`high`, `medium` or `low`.</param>
/// <param name="Zh">The demand in simplified Chinese.</param>
/// <param name="En">The demand in English.</param>
/// <param name="Measure">Name of the value that is compared; of a `yearly` rule `ml` where millilitres are added up instead of donations counted.</param>
/// <param name="Sex">Only for donors of this sex.</param>
/// <param name="Procedures">Only for these procedures; null is all.</param>
/// <param name="AtLeast">Lower bound, itself allowed. Ages in completed years, times in seconds.</param>
/// <param name="AtMost">Upper bound, itself allowed.</param>
/// <param name="Below">Upper bound, itself not allowed.</param>
/// <param name="Days">Of a `yearly` rule: any so many days; of all others: how long.</param>
/// <param name="CalendarYear">Of a `yearly` rule: the calendar year counts too, and the stricter of both wins.</param>
/// <param name="UnitMl">Of a `yearly` rule in ml: what a treatment unit holds where nothing was weighed.</param>
/// <param name="Donors">Of an `age` rule: only for `first-time` or `repeat` donors.</param>
/// <param name="UnlessReaction">Of an `age` rule for repeat donors: who was harmed by giving counts as a first-time donor.</param>
/// <param name="Restricts">Components that may not be made.</param>
/// <param name="Values">What may be collected: ml, or treatment units. Of a `plasma` rule: the units beside which plasma may be taken, at most <paramref name="AtMost"/> ml.</param>
/// <param name="Deviation">Recorded with the donation, which is then held.</param>
/// <param name="OpenEnded">No end is known: it holds until somebody lifts it.</param>
/// <param name="UntilInterval">Of a deferral: it ends when the intervals and yearly limits leave a day open. Recorded to say so, it closes nothing by itself.</param>
/// <param name="Defers">Code of the deferral that a failure records.</param>
/// <param name="Excepts">Of an `interval-exception`: code of the interval that it shortens, day by day, where a physician approved it.</param>
/// <param name="Deferrals">Deferrals that the criterion of re-entry is for.</param>
/// <param name="Accepts">Findings that meet the criterion.</param>
public sealed record Rule(
    string Code, string Kind, string Category = "", string Clause = "", string Source = "", string Confidence = "", string Zh = "", string En = "",
    string? Measure = null, string? Sex = null, string[]? Procedures = null, string? From = null, string? To = null,
    decimal? AtLeast = null, decimal? AtMost = null, decimal? Below = null, int Years = 0, int Months = 0, int Days = 0, int? Count = null, int[]? Values = null, decimal? Percent = null,
    string[]? Restricts = null, string? Deviation = null, bool Permanent = false, bool OpenEnded = false, bool TestDerived = false, string? Defers = null,
    bool CalendarYear = false, int? UnitMl = null, string? Donors = null, bool UnlessReaction = false, string? Excepts = null, string[]? Deferrals = null, string[]? Accepts = null, bool UntilInterval = false)
{
    /// <summary>The text in the language of the request.</summary>
    public string Text => Language.IsChinese ? Zh : En;

    /// <summary>The keys of <see cref="Source"/>.</summary>
    internal IEnumerable<string> Sources => Source.Split(':', ';')[0].Split(',').Select(key => key.Trim());

    /// <summary>Whether the rule speaks of this procedure.</summary>
    public bool Concerns(string procedure) => Procedures is null || Procedures.Contains(procedure);

    /// <summary>Whether the rule speaks of donors of this sex.</summary>
    public bool ConcernsSex(string sex) => Sex is null || Sex == sex;

    /// <summary>
    /// The first date on which the rule's time is over: calendar months with the month's end clamped (2025-08-31 + 6 months =
    /// 2026-02-28, a decision of ours), then days. Null where no end is known.
    /// </summary>
    public DateOnly? EndFrom(DateOnly from) => Permanent || OpenEnded ? null : from.AddMonths((12 * Years) + Months).AddDays(Days);
}

/// <summary>What an epidemic profile limits besides donors.</summary>
/// <param name="DonorsPerSlot">At most so many places in a slot.</param>
public sealed record RuleLimits(int? DonorsPerSlot = null);

/// <summary>
/// A document as the authority publishes it: a `base` set of rules, or an `overlay` that for a stretch of dates adds rules, makes
/// rules stricter, asks more questions and limits places.
/// </summary>
/// <param name="Version">Letters, digits, dots and hyphens; with its code it names the document for ever.</param>
/// <param name="ValidTo">The last date. A base without one holds until the next begins; an overlay always has one.</param>
/// <param name="Sources">What the keys in the rows' <c>source</c> stand for.</param>
/// <param name="Questions">Of an overlay: asked besides those of the questionnaire.</param>
public sealed record RuleDocument(
    string Code, string Version, DateOnly ValidFrom, Rule[] Rules, DateOnly? ValidTo = null, string Kind = "base", string Zh = "", string En = "",
    Dictionary<string, string>? Sources = null, Question[]? Questions = null, RuleLimits? Limits = null)
{
    public bool IsOverlay => Kind == "overlay";
}

/// <summary>The rules as something is judged by them: a base with the overlays of the day laid over it.</summary>
public sealed class RuleSet
{
    private readonly Dictionary<string, Rule> byCode;
    private readonly Dictionary<string, Rule[]> byKind;
    private readonly Dictionary<(string, string), Rule[]> intervals;

    /// <param name="version">Names the base's version and, after +, each overlay's: `1+cn-epidemic.2`.</param>
    public RuleSet(string code, string version, DateOnly validFrom, Rule[] rules, DateOnly? validTo = null, RuleLimits? limits = null)
    {
        (Code, Version, ValidFrom, Rules, ValidTo, Limits) = (code, version, validFrom, rules, validTo, limits ?? new());
        byCode = rules.ToDictionary(r => r.Code);
        byKind = rules.GroupBy(r => r.Kind).ToDictionary(g => g.Key, g => g.ToArray());
        intervals = OfKind("interval").GroupBy(r => (r.From!, r.To!)).ToDictionary(g => g.Key, g => g.ToArray());
    }

    public string Code { get; }

    public string Version { get; }

    public DateOnly ValidFrom { get; }

    /// <summary>The last date; null while none is known.</summary>
    public DateOnly? ValidTo { get; }

    public Rule[] Rules { get; }

    public RuleLimits Limits { get; }

    /// <exception cref="KeyNotFoundException">The document lacks a rule that the code needs.</exception>
    public Rule this[string code] => byCode.TryGetValue(code, out var rule) ? rule : throw new KeyNotFoundException($"Rule set {Code} {Version} has no rule {code}");

    public Rule? Find(string code) => byCode.GetValueOrDefault(code);

    public Rule[] OfKind(string kind) => byKind.GetValueOrDefault(kind, []);

    /// <summary>The interval from one procedure to another for a donor of this sex; null where the rules demand none.</summary>
    public Rule? Interval(string from, string to, string sex)
    {
        foreach (var rule in intervals.GetValueOrDefault((from, to), [])) if (rule.ConcernsSex(sex)) return rule;
        return null;
    }

    public RuleSet Between(DateOnly from, DateOnly? to) => new(Code, Version, from, Rules, to, Limits);
}

/// <summary>The two ways of giving that the rules know.</summary>
public static class Procedures
{
    public const string WholeBlood = "whole-blood";
    public const string ApheresisPlatelets = "apheresis-platelets";
    public static readonly string[] All = [WholeBlood, ApheresisPlatelets];
}
