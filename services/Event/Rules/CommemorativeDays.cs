using System.Globalization;
using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>A day of the year on which donors are thanked or asked, as data: by the sun's calendar or the moon's.</summary>
/// <param name="Source">Who proclaimed it, or where it was read.</param>
public sealed record CommemorativeDay(string Code, string NameZh, string NameEn, int Month, int Day, bool Lunar, string Source)
{
    /// <summary>Its date in a year.</summary>
    public DateOnly In(int year) => Lunar ? DateOnly.FromDateTime(CommemorativeDays.Moon.ToDateTime(year, LunarMonth(year), Day, 0, 0, 0, 0)) : new DateOnly(year, Month, Day);

    /// <summary>.NET numbers the months of a lunar year through, its leap month included.</summary>
    private int LunarMonth(int year) => CommemorativeDays.Moon.GetLeapMonth(year) is > 0 and var leap && Month >= leap ? Month + 1 : Month;
}

/// <summary>The commemorative calendar: Rules/Calendar/commemorative-days.json.</summary>
public static class CommemorativeDays
{
    /// <summary>The years that the lunar calendar of .NET knows whole.</summary>
    public const int FirstYear = 1998, LastYear = 2100;

    internal static readonly ChineseLunisolarCalendar Moon = new();

    public static IReadOnlyList<CommemorativeDay> All { get; } = Load();

    /// <summary>Those of a time, both ends included, in the order of their dates.</summary>
    public static IEnumerable<(CommemorativeDay Day, DateOnly Date)> Between(DateOnly from, DateOnly to) =>
        Enumerable.Range(from.Year, to.Year - from.Year + 1).SelectMany(year => All.Select(day => (day, day.In(year)))).Where(d => d.Item2 >= from && d.Item2 <= to).OrderBy(d => d.Item2).ThenBy(d => d.day.Code, StringComparer.Ordinal);

    private static CommemorativeDay[] Load()
    {
        using var stream = typeof(CommemorativeDays).Assembly.GetManifestResourceStream("Calendar/commemorative-days.json")!;
        return JsonSerializer.Deserialize<CommemorativeDay[]>(stream, Json.Options)!;
    }
}
