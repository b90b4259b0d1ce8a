namespace BloodPlatform.Inventory.Rules;

/// <summary>How long the stock lasts and how worried to be (domain rules 6.4; levels are proposed defaults).</summary>
public static class StockCover
{
    /// <summary>Days the available bags last at the mean daily issue of the demand window; null when nothing was issued in it.</summary>
    public static decimal? Days(int available, int issued, int demandDays) =>
        issued == 0 ? null : Math.Round(available / (issued / (decimal)demandDays), 1, MidpointRounding.ToZero);

    /// <summary>`normal`, `blue`, `yellow`, `orange` or `red`. Without known demand there is nothing to fall short of: `normal`.</summary>
    public static string Level(StockRules rules, string component, decimal? daysOfCover)
    {
        if (daysOfCover is not { } days) return "normal";
        var levels = rules.Of(component);
        return days >= levels.Normal ? "normal" : days >= levels.Blue ? "blue" : days >= levels.Yellow ? "yellow" : days >= levels.Orange ? "orange" : "red";
    }

    /// <summary>The level that follows on the last one: worse at once, better only a margin above the threshold.</summary>
    public static string Next(StockRules rules, string component, string last, decimal? daysOfCover)
    {
        var now = Level(rules, component, daysOfCover);
        if (daysOfCover is not { } days || Array.IndexOf(Worse, now) >= Array.IndexOf(Worse, last)) return now;
        var surely = Level(rules, component, days / (1 + rules.RiseMargin));
        return Array.IndexOf(Worse, surely) < Array.IndexOf(Worse, last) ? surely : last;
    }

    /// <summary>Bags that are missing to the level `normal` at the demand window's mean daily issue.</summary>
    public static int Missing(StockRules rules, string component, int available, int issued) =>
        (int)Math.Max(0, Math.Ceiling(rules.Of(component).Normal * issued / rules.DemandDays) - available);

    /// <summary>Whether so many more bags are missing than were last said that it is news, though the level is the same.</summary>
    public static bool Worsened(StockRules rules, int missing, int said) => missing > said && missing >= said * (1 + rules.WorseBy);

    /// <summary>What the public is told of stocks of these levels: `enough` (normal, blue), `welcome` (yellow), `urgent` (orange, red); of several the worst.</summary>
    public static string Need(IEnumerable<string> levels) =>
        levels.Select(l => Array.IndexOf(Worse, l) is >= 0 and var worry ? worry : throw new ArgumentOutOfRangeException(nameof(levels), l, "No level")).DefaultIfEmpty(0).Max() switch { 0 or 1 => "enough", 2 => "welcome", _ => "urgent" };

    private static readonly string[] Worse = ["normal", "blue", "yellow", "orange", "red"];
}
