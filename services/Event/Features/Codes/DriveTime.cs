using System.Globalization;
using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Features.Codes;

/// <summary>Times as a poster says them, by Shanghai's clock.</summary>
internal static class DriveTime
{
    private const string Weekdays = "日一二三四五六";

    public static string Chinese(DateOnly date) => string.Create(CultureInfo.InvariantCulture, $"{date.Year}年{date.Month}月{date.Day}日");

    /// <summary>A day and its hours; of several days the first and the last with the hours of each; of one through a night when it begins and when it ends.</summary>
    public static string[] Lines(DateTimeOffset from, DateTimeOffset to)
    {
        var (start, end) = (Shanghai.Local(from).ToString("HH:mm", CultureInfo.InvariantCulture), Shanghai.Local(to).ToString("HH:mm", CultureInfo.InvariantCulture));
        return Shanghai.DateOf(from) == Shanghai.DateOf(to) ? [Day(from), $"{start}–{end}"]
            : to - from > TimeSpan.FromDays(1) ? [$"{Day(from)}至{(Shanghai.DateOf(from).Year == Shanghai.DateOf(to).Year ? MonthDay(to) : Day(to))}", $"每日 {start}–{end}"]
            : [$"{Day(from)} {start}", $"至 {Day(to)} {end}"];
    }

    public static string Slot(DateTimeOffset from, DateTimeOffset to) => MonthDay(from) + Hours(from, to);

    public static string Hours(DateTimeOffset from, DateTimeOffset to) => string.Create(CultureInfo.InvariantCulture, $"{Shanghai.Local(from):HH:mm}–{Shanghai.Local(to):HH:mm}");

    public static string MonthDay(DateTimeOffset at)
    {
        var day = Shanghai.DateOf(at);
        return string.Create(CultureInfo.InvariantCulture, $"{day.Month}月{day.Day}日（周{Weekdays[(int)day.DayOfWeek]}）");
    }

    private static string Day(DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture, $"{Shanghai.DateOf(at).Year}年{MonthDay(at)}");
}
