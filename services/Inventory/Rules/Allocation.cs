namespace BloodPlatform.Inventory.Rules;

/// <summary>A bag in stock as allocation sees it.</summary>
/// <param name="ContentU">Equivalents of 200 ml whole blood; null for platelets.</param>
public sealed record StockUnit(Guid Id, string Din, string Component, string BloodGroup, string Status, int OpenHolds, decimal? ContentU, decimal? TreatmentUnits, int VolumeMl, DateTimeOffset ExpiresAt, DateTimeOffset CollectedAt, bool Irradiated = false);

/// <summary>A bag that was not taken, and why.</summary>
/// <param name="Reason">`held`, `not-released`, `reserved`, `expires-before-needed`, `too-old`, `not-irradiated`, `later-to-expire`, `nearer-group-first` or `taken-meanwhile`.</param>
public sealed record PassedOver(Guid UnitId, string Din, string BloodGroup, DateTimeOffset ExpiresAt, string Reason);

/// <summary>What bags an order may be given: the rules' answer to its demand, stored with it.</summary>
/// <param name="Groups">Permitted, best first.</param>
/// <param name="KeepsUntil">A bag must not have expired by then.</param>
/// <param name="CollectedFrom">Nothing older; null: any age.</param>
/// <param name="ReservedUntil">Until when its bags wait to be fetched.</param>
public sealed record Wanted(string Component, decimal Amount, string Unit, string[] Groups, DateTimeOffset KeepsUntil, DateTimeOffset? CollectedFrom, bool Irradiated, DateTimeOffset ReservedUntil);

/// <summary>
/// First expired, first out within the nearest group that there is (domain rules 6.3): by group, expiry, collection, id. Allocatable is a bag
/// that is available, without holds, in date when it is needed, and as the order's needs ask.
/// </summary>
public static class Allocation
{
    /// <summary>What the rules permit to a demand.</summary>
    public static Wanted WantedBy(AllocationRules rules, Demand demand)
    {
        var kind = rules.Of(demand.Component);
        var needs = rules.SpecialNeeds.Where(n => demand.SpecialNeeds?.Contains(n.Code) == true).ToList();
        return new(demand.Component, demand.Amount, demand.Unit, [.. Compatibility.Of(rules, demand).Where(c => c.WhyNot is null).Select(c => c.BloodGroup)],
            demand.NeededBy.AddHours(Math.Max(kind.MinimumRemainingHours, demand.MinimumRemainingHours)), needs.Min(n => n.MaximumAgeDays) is { } days ? demand.NeededBy.AddDays(-days) : null,
            needs.Exists(n => n.Irradiated), demand.NeededBy.AddHours(kind.ReservedHours));
    }

    public static bool IsAllocatable(StockUnit unit, Wanted wanted) => WhyNot(unit, wanted) is null;

    /// <summary>Why a bag can't be given to the order; null when it can.</summary>
    public static string? WhyNot(StockUnit unit, Wanted wanted) =>
        unit.Component != wanted.Component || !wanted.Groups.Contains(unit.BloodGroup) ? "other-component-or-group"
        : unit.OpenHolds > 0 ? "held"
        : unit.Status == "reserved" ? "reserved"
        : unit.Status != "available" ? "not-released"
        : unit.ExpiresAt <= wanted.KeepsUntil ? "expires-before-needed"
        : unit.CollectedAt < wanted.CollectedFrom ? "too-old"
        : wanted.Irradiated && !unit.Irradiated ? "not-irradiated"
        : null;

    /// <summary>The bags to give, nearest group first, first to expire first, until the amount is reached; the last may bring a little more than was asked, never less while there is stock.</summary>
    public static List<StockUnit> Pick(IEnumerable<StockUnit> stock, Wanted wanted)
    {
        var picked = new List<StockUnit>();
        var missing = wanted.Amount;
        foreach (var unit in InOrder(stock.Where(u => IsAllocatable(u, wanted)), wanted))
        {
            if (missing <= 0) break;
            picked.Add(unit);
            missing -= AmountOf(unit, wanted.Unit);
        }
        return picked;
    }

    private static IEnumerable<StockUnit> InOrder(IEnumerable<StockUnit> stock, Wanted wanted) =>
        stock.OrderBy(u => Array.IndexOf(wanted.Groups, u.BloodGroup)).ThenBy(u => u.ExpiresAt).ThenBy(u => u.CollectedAt).ThenBy(u => u.Id);

    /// <summary>How much of the demand's unit a bag brings.</summary>
    public static decimal AmountOf(StockUnit unit, string measure) => measure switch
    {
        "u" => unit.ContentU ?? 0,
        "treatment-units" => unit.TreatmentUnits ?? 0,
        _ => 1,
    };

    /// <summary>`allocated`, `partially-allocated` or `waiting`.</summary>
    public static string StatusOf(IReadOnlyCollection<StockUnit> picked, Wanted wanted) =>
        picked.Count == 0 ? "waiting" : picked.Sum(u => AmountOf(u, wanted.Unit)) >= wanted.Amount ? "allocated" : "partially-allocated";

    /// <summary>The bags of the permitted groups that were not taken, each with its reason.</summary>
    public static List<PassedOver> PassedOver(IEnumerable<StockUnit> stock, IReadOnlyCollection<StockUnit> picked, IReadOnlyCollection<Guid> candidates, Wanted wanted) =>
        [.. InOrder(stock.Where(u => picked.All(p => p.Id != u.Id)), wanted).Select(u => new PassedOver(u.Id, u.Din, u.BloodGroup, u.ExpiresAt, WhyNot(u, wanted) ?? WhyPassedOver(u, picked, candidates, wanted)))];

    private static string WhyPassedOver(StockUnit unit, IReadOnlyCollection<StockUnit> picked, IReadOnlyCollection<Guid> candidates, Wanted wanted)
    {
        if (picked.Count > 0 && InOrder(picked.Append(unit), wanted).Last() == unit) return picked.Any(p => p.BloodGroup == unit.BloodGroup) ? "later-to-expire" : "nearer-group-first";
        return candidates.Contains(unit.Id) ? "later-to-expire" : "taken-meanwhile";
    }
}
