using System.Globalization;

namespace BloodPlatform.Donors.Rules;

/// <summary>
/// One medical or legal rule as data. Which of the values it has depends on its kind; what reads a kind is named there.
/// </summary>
/// <param name="Code">Stable: answers cite it, deferrals are recorded under it.</param>
/// <param name="Kind">`age`, `measure`, `check`, `interval`, `yearly`, `volume`, `tolerance`, `bleed-time` or `deferral`.</param>
/// <param name="Category">What a station is told the reason is about: `age`, `interval`, `deferral`, `vitals`, `pretest`, …</param>
/// <param name="Clause">Standard or law with the clause.</param>
/// <param name="Source">Where the text was seen; the document's <c>sources</c> says what the key means.</param>
/// <param name="Confidence">`high`, `medium` or `low`.</param>
/// <param name="Zh">The demand in simplified Chinese.</param>
/// <param name="En">The demand in English.</param>
/// <param name="Measure">Name of the value that is compared.</param>
/// <param name="Sex">Only for donors of this sex.</param>
/// <param name="Procedures">Only for these procedures; null is all.</param>
/// <param name="AtLeast">Lower bound, itself allowed.</param>
/// <param name="AtMost">Upper bound, itself allowed.</param>
/// <param name="Below">Upper bound, itself not allowed.</param>
/// <param name="Restricts">Components that may not be made.</param>
/// <param name="Deviation">Recorded with the donation, which is then held.</param>
/// <param name="OpenEnded">No end is known: it holds until somebody lifts it.</param>
/// <param name="Defers">Code of the deferral that a failure records.</param>
public sealed record Rule(
    string Code, string Kind, string Category, string Clause, string Source, string Confidence, string Zh, string En,
    string? Measure = null, string? Sex = null, string[]? Procedures = null, string? From = null, string? To = null,
    decimal? AtLeast = null, decimal? AtMost = null, decimal? Below = null, int Years = 0, int Months = 0, int Days = 0, int? Count = null, int[]? Values = null, decimal? Percent = null,
    string[]? Restricts = null, string? Deviation = null, bool Permanent = false, bool OpenEnded = false, bool TestDerived = false, string? Defers = null)
{
    /// <summary>The text in the language of the request.</summary>
    public string Text => CultureInfo.CurrentUICulture.TwoLetterISOLanguageName == "zh" ? Zh : En;

    /// <summary>Whether the rule speaks of this procedure.</summary>
    public bool Concerns(string procedure) => Procedures is null || Procedures.Contains(procedure);

    /// <summary>
    /// The first date on which the rule's time is over: calendar months with the month's end clamped (2025-08-31 + 6 months =
    /// 2026-02-28, a decision of ours), then days. Null where no end is known.
    /// </summary>
    public DateOnly? EndFrom(DateOnly from) => Permanent || OpenEnded ? null : from.AddMonths((12 * Years) + Months).AddDays(Days);
}

/// <summary>A dated version of the eligibility rules.</summary>
public sealed class RuleSet
{
    private readonly Dictionary<string, Rule> byCode;

    public RuleSet(string code, string version, DateOnly validFrom, Rule[] rules, DateOnly? validTo = null)
    {
        (Code, Version, ValidFrom, Rules, ValidTo) = (code, version, validFrom, rules, validTo);
        byCode = rules.ToDictionary(r => r.Code);
    }

    public string Code { get; }

    public string Version { get; }

    public DateOnly ValidFrom { get; }

    /// <summary>The last date; null while it is the newest.</summary>
    public DateOnly? ValidTo { get; }

    public Rule[] Rules { get; }

    /// <exception cref="KeyNotFoundException">The document lacks a rule that the code needs.</exception>
    public Rule this[string code] => byCode.TryGetValue(code, out var rule) ? rule : throw new KeyNotFoundException($"Rule set {Code} {Version} has no rule {code}");

    public Rule? Find(string code) => byCode.GetValueOrDefault(code);

    public IEnumerable<Rule> OfKind(string kind) => Rules.Where(r => r.Kind == kind);

    public bool InForceOn(DateOnly date) => date >= ValidFrom && (ValidTo is not { } end || date <= end);
}

/// <summary>The two ways of giving that the rules know.</summary>
public static class Procedures
{
    public const string WholeBlood = "whole-blood";
    public const string ApheresisPlatelets = "apheresis-platelets";
    public static readonly string[] All = [WholeBlood, ApheresisPlatelets];
}
