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
        var levels = rules.Levels.FirstOrDefault(l => l.Components.Contains(component)) ?? rules.Levels.First(l => l.Components.Length == 0);
        return days >= levels.Normal ? "normal" : days >= levels.Blue ? "blue" : days >= levels.Yellow ? "yellow" : days >= levels.Orange ? "orange" : "red";
    }
}
