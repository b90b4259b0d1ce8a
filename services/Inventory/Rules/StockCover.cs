namespace BloodPlatform.Inventory.Rules;

/// <summary>Days of cover from which each level holds, as an authority approved them; below orange is red.</summary>
public sealed record ApprovedThresholds
{
    public Guid Id { get; init; }
    public string District { get; init; } = "";
    public string Component { get; init; } = "";

    /// <summary>Null: of all groups that have none of their own.</summary>
    public string? BloodGroup { get; init; }
    public decimal Normal { get; init; }
    public decimal Blue { get; init; }
    public decimal Yellow { get; init; }
    public decimal Orange { get; init; }
    public DateOnly ValidFrom { get; init; }

    /// <summary>The document by which it was approved.</summary>
    public string Reference { get; init; } = "";
    public DateTimeOffset ApprovedAt { get; init; }
}

/// <summary>How long the stock lasts and how worried to be (domain rules 6.4; levels are proposed defaults).</summary>
public static class StockCover
{
    /// <summary>Days the available bags last at the mean daily issue of the demand window; null when nothing was issued in it.</summary>
    public static decimal? Days(int available, int issued, int demandDays) =>
        issued == 0 ? null : Math.Round(available / (issued / (decimal)demandDays), 1, MidpointRounding.ToZero);

    /// <summary>`normal`, `blue`, `yellow`, `orange` or `red`. Without known demand there is nothing to fall short of: `normal`.</summary>
    public static string Level(StockLevels levels, decimal? daysOfCover) =>
        daysOfCover is not { } days || days >= levels.Normal ? "normal" : days >= levels.Blue ? "blue" : days >= levels.Yellow ? "yellow" : days >= levels.Orange ? "orange" : "red";

    /// <summary>The level that follows on the last one: worse at once, better only a margin above the threshold.</summary>
    public static string Next(StockRules rules, StockLevels levels, string last, decimal? daysOfCover)
    {
        var now = Level(levels, daysOfCover);
        if (daysOfCover is not { } days || Array.IndexOf(Worse, now) >= Array.IndexOf(Worse, last)) return now;
        var surely = Level(levels, days / (1 + rules.RiseMargin));
        return Array.IndexOf(Worse, surely) < Array.IndexOf(Worse, last) ? surely : last;
    }

    /// <summary>Bags that are missing to the level `normal` at the demand window's mean daily issue.</summary>
    public static int Missing(StockRules rules, StockLevels levels, int available, int issued) =>
        (int)Math.Max(0, Math.Ceiling(levels.Normal * issued / rules.DemandDays) - available);

    /// <summary>
    /// The thresholds that hold for a stock on a day: what an authority approved, of the nearest area first (district, city, province), for the group before all groups, the newest day before older ones and
    /// the last word on a day; else the proposed defaults.
    /// </summary>
    /// <param name="district">Where the station stands; null where nobody has registered it.</param>
    /// <param name="approved">In the order in which they were approved.</param>
    public static (StockLevels Levels, ApprovedThresholds? By) For(StockRules rules, IEnumerable<ApprovedThresholds> approved, string? district, string component, string bloodGroup, DateOnly day)
    {
        var by = district is null ? null : approved.Where(a => a.Component == component && (a.BloodGroup is null || a.BloodGroup == bloodGroup) && a.ValidFrom <= day && Holds(a.District, district))
            .Reverse().OrderByDescending(a => a.District.TrimEnd('0').Length).ThenByDescending(a => a.BloodGroup is not null).ThenByDescending(a => a.ValidFrom).FirstOrDefault();
        return (by is null ? rules.Of(component) : new([component], by.Normal, by.Blue, by.Yellow, by.Orange), by);
    }

    /// <summary>Whether a district lies in an area: GB/T 2260 codes, a city's or a province's end with zeros.</summary>
    private static bool Holds(string area, string district) =>
        area == district || (area.EndsWith("0000", StringComparison.Ordinal) && district.StartsWith(area[..2], StringComparison.Ordinal)) || (area.EndsWith("00", StringComparison.Ordinal) && district.StartsWith(area[..4], StringComparison.Ordinal));

    /// <summary>Whether so many more bags are missing than were last said that it is news, though the level is the same.</summary>
    public static bool Worsened(StockRules rules, int missing, int said) => missing > said && missing >= said * (1 + rules.WorseBy);

    /// <summary>What the public is told of stocks of these levels: `enough` (normal, blue), `welcome` (yellow), `urgent` (orange, red); of several the worst.</summary>
    public static string Need(IEnumerable<string> levels) =>
        levels.Select(l => Array.IndexOf(Worse, l) is >= 0 and var worry ? worry : throw new ArgumentOutOfRangeException(nameof(levels), l, "No level")).DefaultIfEmpty(0).Max() switch { 0 or 1 => "enough", 2 => "welcome", _ => "urgent" };

    private static readonly string[] Worse = ["normal", "blue", "yellow", "orange", "red"];
}
