namespace BloodPlatform.Drives.Rules;

/// <summary>What a campaign will probably have brought at its end.</summary>
/// <param name="Expected">Donations.</param>
/// <param name="Low">With <paramref name="High"/>: nine of ten campaigns that go on as this one did end between them.</param>
public sealed record CampaignForecast(int Expected, int Low, int High);

/// <summary>
/// A campaign goes on as it went: the remaining days bring the mean of the days that are over. The range holds the scatter of days (never less than
/// chance alone would give: Poisson) and that the mean itself comes from few days; both as a normal approximation. Days of week and drives already planned are
/// not looked at, so a campaign whose drives all lie ahead is underrated: the answer says so by having been made from few days.
/// </summary>
public static class Forecast
{
    /// <summary>From fewer complete days nothing is said.</summary>
    public const int FewestDays = 3;

    private const double NineOfTen = 1.645; // standard deviations on either side, normal distribution

    /// <param name="daily">Donations on each complete day since the beginning, days without any included.</param>
    /// <param name="daysLeft">Days that are not complete yet, today included.</param>
    /// <param name="today">Donations of today so far: the forecast is never below what is already there.</param>
    /// <returns>Null while too few days are over.</returns>
    public static CampaignForecast? Of(IReadOnlyCollection<int> daily, int daysLeft, int today = 0)
    {
        if (daily.Count < FewestDays) return null;
        double mean = daily.Average(), there = daily.Sum() + today;
        var variance = Math.Max(mean, daily.Sum(d => (d - mean) * (d - mean)) / (daily.Count - 1));
        var deviation = Math.Sqrt(daysLeft * variance + (double)daysLeft * daysLeft * variance / daily.Count);
        var expected = Math.Max(there, daily.Sum() + daysLeft * mean);
        return new((int)Math.Round(expected), (int)Math.Max(there, Math.Floor(expected - NineOfTen * deviation)), (int)Math.Ceiling(expected + NineOfTen * deviation));
    }
}
