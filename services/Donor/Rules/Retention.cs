using System.Globalization;
using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Donors.Rules;

/// <summary>How long the law keeps the record of a donor, as data (Rules/Retention): a version with its clause, source and confidence.</summary>
/// <param name="Years">Calendar years from the last day of the record; a 29 February ends on the 28th.</param>
public sealed record RetentionRule(string Code, string Version, DateOnly ValidFrom, int Years, string Clause, string Source, string Confidence, string Zh, string En)
{
    /// <summary>The rule this release is built with.</summary>
    public static RetentionRule Shipped { get; } = Read();

    public string Text => CultureInfo.CurrentUICulture.TwoLetterISOLanguageName == "zh" ? Zh : En;

    private static RetentionRule Read()
    {
        using var file = typeof(RetentionRule).Assembly.GetManifestResourceStream("Retention/cn-records.json")!;
        return JsonSerializer.Deserialize<RetentionRule>(file, Json.Options)!;
    }
}

/// <summary>What is to be done with the identity of who asks for erasure (PIPL Art. 47; 血站管理办法).</summary>
public static class Retention
{
    /// <summary>
    /// The first day on which nothing keeps the record any more: years after the last donation, and of who was deferred after the last day on which he
    /// was. Null for who never gave and was never deferred: nothing keeps it, he is erased at once.
    /// </summary>
    public static DateOnly? Until(DateOnly? lastDonation, DateOnly? lastDeferral, RetentionRule rule) =>
        (lastDonation, lastDeferral) switch
        {
            (null, null) => null,
            ({ } gave, { } deferred) => (gave > deferred ? gave : deferred).AddYears(rule.Years),
            var (gave, deferred) => (gave ?? deferred)!.Value.AddYears(rule.Years),
        };

    /// <summary>What outlives an erasure: the deferrals that stand on the day or later, and the donations that an interval or a yearly limit of any version, then or later, still counts, and when giving first did him harm.</summary>
    public static Remains Remaining(DonorFacts facts, DateOnly on, RuleBook book) => new(
        [.. facts.Deferrals.Where(d => d.Until is not { } end || end > on)], [.. facts.Donations.Where(d => book.Life.Any(rules => !(rules.ValidTo < on) && Counts(d, rules, on)))], facts.FirstReaction);

    private static bool Counts(PastDonation donation, RuleSet rules, DateOnly on) =>
        rules.OfKind("interval").Any(r => r.From == donation.Procedure && r.EndFrom(donation.On) > on)
        || rules.OfKind("yearly").Any(r => r.Concerns(donation.Procedure) && (donation.On.AddDays(r.Days) > on || (r.CalendarYear && donation.On.Year >= on.Year)));
}

/// <summary>What is left of an erased donor for the rules.</summary>
/// <param name="FirstReaction">Ends giving above the first age limit, for him who comes again too; null when never.</param>
public sealed record Remains(IReadOnlyList<DeferralFact> Deferrals, IReadOnlyList<PastDonation> Donations, DateOnly? FirstReaction = null)
{
    /// <summary>Those of the other that are not among these.</summary>
    public IReadOnlyList<DeferralFact> Missing(IEnumerable<DeferralFact> known) => [.. Deferrals.Except(known)];

    /// <summary>The same of donations. Nobody gives twice in one way on one day: what was corrected since is no other one.</summary>
    public IReadOnlyList<PastDonation> Missing(IEnumerable<PastDonation> known) => [.. Donations.ExceptBy(known.Select(Same), Same)];

    public static (DateOnly On, string Procedure) Same(PastDonation donation) => (donation.On, donation.Procedure);
}
