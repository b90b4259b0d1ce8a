namespace BloodPlatform.Inventory.Rules;

/// <summary>What was measured at a place.</summary>
public sealed record Reading(string Place, DateTimeOffset At, decimal Celsius);

/// <summary>A bag's time at a place; without an end it is there.</summary>
public sealed record Stay(string Component, string Place, DateTimeOffset Since, DateTimeOffset? Until);

/// <summary>Whether bags were kept as they must be (WS 399, domain rules 3.1): each reading outside a component's range counts, for nobody knows how long it lasted.</summary>
public static class ColdChain
{
    /// <summary>Whether a component may be kept at a place of this kind; boxes and vehicles carry everything.</summary>
    public static bool Suits(ComponentRules rules, string component, string kind) =>
        kind is "box" or "vehicle" || rules.Components.FirstOrDefault(c => c.Component == component)?.Storage.In.Contains(kind) == true;

    /// <summary>The range that holds for a component there, null where nothing is known of the component.</summary>
    public static TemperatureRange? RangeOf(ComponentRules rules, string component, string kind) =>
        rules.Components.FirstOrDefault(c => c.Component == component) is not { } rule ? null : kind is "box" or "vehicle" && rule.Transport is { } transport ? transport : new(rule.Storage.ToC, rule.Storage.FromC);

    /// <summary>The first reading, in time, that a bag must not have had while it was there; null when there was none. Of an unknown component every reading is.</summary>
    /// <param name="kindOf">The kind of a place.</param>
    public static Reading? Excursion(ComponentRules rules, Stay stay, IEnumerable<Reading> readings, Func<string, string> kindOf)
    {
        var range = RangeOf(rules, stay.Component, kindOf(stay.Place));
        return readings.Where(r => r.Place == stay.Place && r.At >= stay.Since && (stay.Until is null || r.At < stay.Until) && (range is null || r.Celsius > range.ToC || r.Celsius < range.FromC)).MinBy(r => r.At);
    }
}
