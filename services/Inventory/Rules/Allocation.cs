namespace BloodPlatform.Inventory.Rules;

/// <summary>A bag in stock as allocation sees it.</summary>
/// <param name="ContentU">Equivalents of 200 ml whole blood; null for platelets.</param>
public sealed record StockUnit(Guid Id, string Din, string Component, string BloodGroup, string Status, int OpenHolds, decimal? ContentU, int? TreatmentUnits, int VolumeMl, DateTimeOffset ExpiresAt, DateTimeOffset CollectedAt);

/// <summary>A bag that was not taken, and why.</summary>
/// <param name="Reason">`held`, `not-released`, `reserved`, `expires-before-needed`, `later-to-expire` or `taken-meanwhile`.</param>
public sealed record PassedOver(Guid UnitId, string Din, DateTimeOffset ExpiresAt, string Reason);

/// <summary>What an order asks for.</summary>
/// <param name="Unit">`bags`, `u` (200 ml equivalents) or `treatment-units`.</param>
public sealed record Demand(string Component, string BloodGroup, decimal Amount, string Unit, DateTimeOffset NeededBy);

/// <summary>
/// First expired, first out, in the exact group (domain rules 6.3): by expiry, then collection, then id. Allocatable is a bag
/// that is available, without holds, and in date when it is needed.
/// </summary>
public static class Allocation
{
    public static bool IsAllocatable(StockUnit unit, Demand demand) => WhyNot(unit, demand) is null;

    /// <summary>Why a bag can't be given to the demand; null when it can.</summary>
    public static string? WhyNot(StockUnit unit, Demand demand) =>
        unit.Component != demand.Component || unit.BloodGroup != demand.BloodGroup ? "other-component-or-group"
        : unit.OpenHolds > 0 ? "held"
        : unit.Status == "reserved" ? "reserved"
        : unit.Status != "available" ? "not-released"
        : unit.ExpiresAt <= demand.NeededBy ? "expires-before-needed"
        : null;

    /// <summary>The bags to give, first to expire first, until the amount is reached; the last may bring a little more than was asked, never less while there is stock.</summary>
    public static List<StockUnit> Pick(IEnumerable<StockUnit> stock, Demand demand)
    {
        var picked = new List<StockUnit>();
        var missing = demand.Amount;
        foreach (var unit in stock.Where(u => IsAllocatable(u, demand)).OrderBy(u => u.ExpiresAt).ThenBy(u => u.CollectedAt).ThenBy(u => u.Id))
        {
            if (missing <= 0) break;
            picked.Add(unit);
            missing -= AmountOf(unit, demand.Unit);
        }
        return picked;
    }

    /// <summary>How much of the demand's unit a bag brings.</summary>
    public static decimal AmountOf(StockUnit unit, string measure) => measure switch
    {
        "u" => unit.ContentU ?? 0,
        "treatment-units" => unit.TreatmentUnits ?? 0,
        _ => 1,
    };

    /// <summary>`allocated`, `partially-allocated` or `waiting`.</summary>
    public static string StatusOf(IReadOnlyCollection<StockUnit> picked, Demand demand) =>
        picked.Count == 0 ? "waiting" : picked.Sum(u => AmountOf(u, demand.Unit)) >= demand.Amount ? "allocated" : "partially-allocated";

    /// <summary>The bags of the group that were not taken, each with its reason.</summary>
    public static List<PassedOver> PassedOver(IEnumerable<StockUnit> stock, IReadOnlyCollection<StockUnit> picked, IReadOnlyCollection<Guid> candidates, Demand demand) =>
        [.. stock.Where(u => picked.All(p => p.Id != u.Id)).OrderBy(u => u.ExpiresAt).ThenBy(u => u.CollectedAt).ThenBy(u => u.Id)
            .Select(u => new PassedOver(u.Id, u.Din, u.ExpiresAt, WhyNot(u, demand) ?? (picked.Count > 0 && IsAfter(u, picked) ? "later-to-expire" : candidates.Contains(u.Id) ? "later-to-expire" : "taken-meanwhile")))];

    private static bool IsAfter(StockUnit unit, IEnumerable<StockUnit> picked) => picked.All(p => p.ExpiresAt <= unit.ExpiresAt);
}
