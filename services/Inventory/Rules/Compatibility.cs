namespace BloodPlatform.Inventory.Rules;

/// <summary>What an order asks for and for whom, as far as the choice of groups asks.</summary>
/// <param name="Unit">`bags`, `u` (200 ml equivalents) or `treatment-units`.</param>
/// <param name="RhdPositiveApproved">A named physician answers for RhD positive blood to this RhD negative patient.</param>
/// <param name="Sex">`male` or `female`; null where it is not known.</param>
/// <param name="MinimumRemainingHours">What a bag must have left to live when it is needed, beyond the rules' own, hours.</param>
public sealed record Demand(
    string Component, string BloodGroup, decimal Amount, string Unit, DateTimeOffset NeededBy, string Urgency = "routine", bool AllowSubstitution = false, bool RhdPositiveApproved = false,
    string? Sex = null, int? AgeYears = null, IReadOnlyList<string>? Antibodies = null, IReadOnlyList<string>? SpecialNeeds = null, int MinimumRemainingHours = 0);

/// <summary>Whether bags of a group may be given, and why or why not.</summary>
/// <param name="WhyNot">Null when they may; else `incompatible`, `substitution-not-allowed`, `protected`, `rhd-negative-kept`, `physician-needed`, `rhd-positive-refused` or `antibody`.</param>
public sealed record GroupChoice(string BloodGroup, string? WhyNot, string Why);

/// <summary>Which groups a patient may be given, in which order (domain rules 6.1, 6.2). Fail-closed: what is not known to be safe is not chosen.</summary>
public static class Compatibility
{
    /// <summary>
    /// All eight groups: those that may be given first, best first; then the others, each with its reason. RhD that matches comes before ABO that matches: RhD
    /// negative blood is kept for whom it matters, and RhD positive blood is the last that an RhD negative patient gets.
    /// </summary>
    public static GroupChoice[] Of(AllocationRules rules, Demand demand)
    {
        var order = rules.Of(demand.Component).Abo[Abo(demand.BloodGroup)];
        return [.. Parameters.BloodGroups
            .Select(group => Judge(rules, demand, group))
            .OrderBy(choice => choice.WhyNot is not null)
            .ThenBy(choice => choice.BloodGroup != demand.BloodGroup)
            .ThenBy(choice => rules.Of(demand.Component).RhdMatters && Rhd(choice.BloodGroup) != Rhd(demand.BloodGroup))
            .ThenBy(choice => Array.IndexOf(order, Abo(choice.BloodGroup)) is >= 0 and var rank ? rank : order.Length)
            .ThenBy(choice => Rhd(choice.BloodGroup) != Rhd(demand.BloodGroup))];
    }

    private static GroupChoice Judge(AllocationRules rules, Demand demand, string group)
    {
        var (kind, rhd) = (rules.Of(demand.Component), rules.Rhd);
        GroupChoice No(string whyNot, string why) => new(group, whyNot, why);
        if (!kind.Abo[Abo(demand.BloodGroup)].Contains(Abo(group))) return No("incompatible", $"{group} is not compatible with {demand.BloodGroup}");
        if (kind.RhdMatters && Rhd(group) == '+' && (demand.Antibodies ?? []).Any(a => rhd.RefusedWithAntibodies.Contains(a.Trim(), StringComparer.OrdinalIgnoreCase))) return No("antibody", "The patient has an antibody against RhD positive cells");
        if (group == demand.BloodGroup) return new(group, null, "exact group, first to expire");
        if (!demand.AllowSubstitution) return No("substitution-not-allowed", "The order does not allow substitution");
        if (kind.ProtectedGroups.Contains(group) && !kind.ProtectedFor.Contains(demand.Urgency)) return No("protected", $"{group} is kept for whom nothing else will do");
        if (kind.RhdMatters && Rhd(group) != Rhd(demand.BloodGroup))
        {
            if (Rhd(group) == '-')
            {
                if (!rhd.NegativeToPositive.Contains(demand.Urgency)) return No("rhd-negative-kept", "RhD negative blood is kept for RhD negative patients");
            }
            else
            {
                if (RhdPositiveRefused(rhd, demand)) return No("rhd-positive-refused", "RhD positive blood is not given to this RhD negative patient");
                if (!demand.RhdPositiveApproved || !rhd.PositiveToNegative.Contains(demand.Urgency)) return No("physician-needed", "RhD positive blood to an RhD negative patient needs a named physician and an urgent order");
            }
        }
        return new(group, null, Abo(group) == Abo(demand.BloodGroup) ? $"{group} for {demand.BloodGroup}: the same ABO group; first to expire" : $"{group} for {demand.BloodGroup}: compatible, and nothing nearer is left; first to expire");
    }

    /// <summary>Whether an RhD negative patient is one to whom RhD positive blood does harm that lasts: females who may bear children, the young, who has anti-D, and whoever is not known well enough to say.</summary>
    public static bool RhdPositiveRefused(RhdRules rhd, Demand demand) =>
        demand.Sex is not ("male" or "female") || demand.AgeYears is not { } age || age <= rhd.RefusedToAnyUpTo || (demand.Sex == "female" && age <= rhd.RefusedToFemalesUpTo)
        || (demand.Antibodies ?? []).Any(a => rhd.RefusedWithAntibodies.Contains(a.Trim(), StringComparer.OrdinalIgnoreCase));

    /// <summary>A need that the platform knows nothing of, or that the ordered component cannot meet; null when all can be met by some bag.</summary>
    public static (int Index, string Why)? Unmeetable(AllocationRules rules, Demand demand)
    {
        foreach (var (i, code) in (demand.SpecialNeeds ?? []).Index())
        {
            if (rules.SpecialNeeds.FirstOrDefault(n => n.Code == code) is not { } need) return (i, "One of " + string.Join(", ", rules.SpecialNeeds.Select(n => n.Code)) + "; anything else the platform knows of no bag: ask the station");
            if (need.Components is { } of && !of.Contains(demand.Component)) return (i, $"Order {string.Join(" or ", of)} for it");
        }
        return null;
    }

    private static string Abo(string group) => group[..^1];

    private static char Rhd(string group) => group[^1];
}
