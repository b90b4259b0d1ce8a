using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Rules;

/// <summary>What a donation is made from, as far as the recipe asks.</summary>
/// <param name="NominalMl">Of whole blood; null for apheresis.</param>
/// <param name="CollectedMl">What was weighed; null when it was not.</param>
public sealed record Source(string Procedure, int? NominalMl, int? CollectedMl, int? TreatmentUnits, string? Preservative, string[] Restrictions, DateTimeOffset StartedAt, DateTimeOffset EndedAt, string Outcome);

/// <summary>A bag that is wanted; the volume as weighed, or null for the usual yield.</summary>
public sealed record WantedComponent(string Component, int? VolumeMl);

/// <summary>A bag to be made.</summary>
/// <param name="Division">ISBT 128 division: `00`, or `A0`, `B0` … where a product is divided.</param>
/// <param name="ContentU">Equivalents of 200 ml whole blood; null for platelets, which count in treatment units.</param>
public sealed record MadeComponent(string Component, string ProductCode, string Division, decimal? ContentU, int? TreatmentUnits, int VolumeMl, DateTimeOffset ExpiresAt);

/// <summary>A bag that a station's own software made; what it does not say is as usual.</summary>
public sealed record PushedBag(string Component, string Division, int? VolumeMl, decimal? ContentU, int? TreatmentUnits, DateTimeOffset ProducedAt, DateTimeOffset? ExpiresAt);

/// <summary>From a donation to its bags: yields, restrictions and shelf lives (WS 399, domain rules 3.1 and 3.2).</summary>
public static class ComponentMaking
{
    /// <summary>The bags of a recipe; null when there is no such recipe.</summary>
    public static WantedComponent[]? OfRecipe(ComponentRules rules, string recipe) =>
        rules.Recipes.FirstOrDefault(r => r.Code == recipe)?.Components.Select(c => new WantedComponent(c, null)).ToArray();

    /// <summary>Either the bags, or why not: an unknown component, another procedure's, one the collection restricts, more volume than was drawn.</summary>
    public static (MadeComponent[]? Made, Rejection? No) Make(ComponentRules rules, Source source, IReadOnlyList<WantedComponent> wanted, DateTimeOffset producedAt)
    {
        if (source.Outcome == "abandoned") return (null, Problems.NothingToProcess.Because("The collection was abandoned"));
        var errors = new List<FieldError>();
        for (var i = 0; i < wanted.Count; i++)
        {
            var rule = rules.Components.FirstOrDefault(c => c.Component == wanted[i].Component);
            if (rule is null) errors.Add(new($"/components/{i}/component", "unknown", $"No component {wanted[i].Component}"));
            else if (rule.OnlyFrom is { } process) errors.Add(new($"/components/{i}/component", "only_from_a_bag", $"{rule.Component} is made of another bag: {process}"));
            else if (rule.Procedure != source.Procedure) errors.Add(new($"/components/{i}/component", "other_procedure", $"{rule.Component} comes from {rule.Procedure}"));
        }
        if (errors.Count > 0) return (null, Problems.RecipeNotApplicable.Because(null, [.. errors]));

        for (var i = 0; i < wanted.Count; i++)
        {
            var rule = RuleOf(rules, wanted[i]);
            if (source.Restrictions.FirstOrDefault(rule.RestrictedBy.Contains) is { } restriction) errors.Add(new($"/components/{i}/component", "restricted", $"The collection forbids {restriction}"));
            else if (rule.WithinHours is { } hours && producedAt > source.EndedAt.AddHours(hours)) errors.Add(new($"/components/{i}/component", "too_late", $"{rule.Component} is made within {hours} hours of the collection"));
        }
        if (errors.Count > 0) return (null, Problems.ComponentRestricted.Because(null, [.. errors]));

        var made = new List<MadeComponent>();
        foreach (var want in wanted)
        {
            var rule = RuleOf(rules, want);
            var bagsOfIt = wanted.Count(w => w.Component == want.Component);
            if (ExpiryOf(rule, source.Preservative, source.StartedAt, producedAt) is not { } expiresAt)
                return (null, Problems.PreservativeUnknown.Because($"No shelf life of {rule.Component} in {source.Preservative ?? "an unnamed preservative"}"));
            var treatmentUnits = rule.MlPerTreatmentUnit is null ? (int?)null : Math.Max(1, (source.TreatmentUnits ?? 1) / bagsOfIt);
            var contentU = rule.MlPer200 is null ? (decimal?)null : (source.NominalMl ?? 0) / 200m / bagsOfIt;
            var volume = want.VolumeMl ?? (rule.MlPerTreatmentUnit is { } perTreatment ? perTreatment * treatmentUnits!.Value
                : rule.MlPer200!.Value * (source.CollectedMl ?? source.NominalMl ?? 0) / 200 / bagsOfIt);
            var division = bagsOfIt == 1 ? "00" : $"{(char)('A' + made.Count(m => m.Component == want.Component))}0";
            made.Add(new(rule.Component, rule.ProductCode, division, contentU, treatmentUnits, volume, expiresAt));
        }
        if (made.Where(m => m.TreatmentUnits is not null).Sum(m => m.TreatmentUnits) > Math.Max(1, source.TreatmentUnits ?? 1))
            return (null, Problems.VolumeExceedsDonation.Because("More treatment units than were collected"));
        var most = MostMl(rules, source);
        if (made.Where(m => m.ContentU is not null).Sum(m => m.VolumeMl) is var total && total > most)
            return (null, Problems.VolumeExceedsDonation.Because($"{total} ml of components; at most {most} ml with additives"));
        return ([.. made], null);
    }

    /// <summary>
    /// One more bag of a donation, as its station's software made it, beside those that are there. The rules bind it as if it had been made here: together the bags hold no more than was drawn, and
    /// it lives no longer than it may; a shorter life that its label bears stands.
    /// </summary>
    /// <param name="there">What was made of the donation before, even if it is no more.</param>
    public static (MadeComponent? Made, Rejection? No) Another(ComponentRules rules, Source source, IReadOnlyList<MadeComponent> there, PushedBag bag)
    {
        var (made, no) = Make(rules, source, [new(bag.Component, bag.VolumeMl)], bag.ProducedAt);
        if (no is not null) return (null, no);
        var (one, alike) = (made![0], there.Where(t => t.Component == bag.Component).ToList());
        var (contentLeft, unitsLeft) = (one.ContentU - alike.Sum(t => t.ContentU ?? 0), one.TreatmentUnits - alike.Sum(t => t.TreatmentUnits ?? 0));
        one = one with
        {
            Division = bag.Division, ContentU = one.ContentU is null ? null : bag.ContentU ?? contentLeft, TreatmentUnits = one.TreatmentUnits is null ? null : bag.TreatmentUnits ?? unitsLeft,
            ExpiresAt = bag.ExpiresAt < one.ExpiresAt ? bag.ExpiresAt.Value : one.ExpiresAt,
        };
        if (one.ContentU is { } content && (content <= 0 || content > contentLeft)) return (null, Problems.VolumeExceedsDonation.Because($"{contentLeft} U of {bag.Component} are left of the donation"));
        if (one.TreatmentUnits is { } units && (units <= 0 || units > unitsLeft)) return (null, Problems.VolumeExceedsDonation.Because($"{unitsLeft} treatment units are left of the donation"));
        var most = MostMl(rules, source);
        return one.ContentU is not null && there.Where(t => t.ContentU is not null).Sum(t => t.VolumeMl) + one.VolumeMl is var total && total > most
            ? (null, Problems.VolumeExceedsDonation.Because($"{total} ml of components; at most {most} ml with additives")) : (one, null);
    }

    private static int MostMl(ComponentRules rules, Source source) => (source.CollectedMl ?? source.NominalMl ?? 0) * (200 + rules.AdditiveMlPer200) / 200;

    /// <summary>
    /// Days and years end with the last Shanghai day (day 0 = collection; ISBT's default time is 23:59), hours to the minute from
    /// production. Null when the preservative has no shelf life for it.
    /// </summary>
    public static DateTimeOffset? ExpiryOf(ComponentRule rule, string? preservative, DateTimeOffset collectedAt, DateTimeOffset producedAt)
    {
        var life = rule.ShelfLives.FirstOrDefault(l => l.Preservatives is null || (preservative is not null && l.Preservatives.Contains(preservative)));
        var day = Shanghai.DateOf(collectedAt);
        return life switch
        {
            { Days: { } days } => EndOf(day.AddDays(days)),
            { Years: { } years } => EndOf(day.AddYears(years)),
            { Hours: { } hours } => producedAt.AddHours(hours),
            _ => null,
        };
    }

    internal static DateTimeOffset EndOf(DateOnly day) => Shanghai.StartOf(day.AddDays(1)).AddSeconds(-1);

    private static ComponentRule RuleOf(ComponentRules rules, WantedComponent wanted) => rules.Components.First(c => c.Component == wanted.Component);
}
