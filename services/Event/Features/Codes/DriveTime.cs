using System.Globalization;
using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Features.Codes;

/// <summary>Times as a poster says them, by Shanghai's clock.</summary>
internal static class DriveTime
{
    private const string Weekdays = "日一二三四五六";

    public static string Chinese(DateOnly date) => string.Create(CultureInfo.InvariantCulture, $"{date.Year}年{date.Month}月{date.Day}日");

    public static string Chinese(DateTimeOffset from, DateTimeOffset to)
    {
        var (start, end) = (Shanghai.Local(from), Shanghai.Local(to));
        var last = Shanghai.DateOf(from) == Shanghai.DateOf(to) ? "" : Day(to) + " ";
        return string.Create(CultureInfo.InvariantCulture, $"{Day(from)} {start:HH:mm}–{last}{end:HH:mm}");
    }

    public static string Slot(DateTimeOffset from, DateTimeOffset to) => string.Create(CultureInfo.InvariantCulture, $"{Shanghai.Local(from):MM-dd HH:mm}–{Shanghai.Local(to):HH:mm}");

    private static string Day(DateTimeOffset at) => $"{Chinese(Shanghai.DateOf(at))}（周{Weekdays[(int)Shanghai.DateOf(at).DayOfWeek]}）";
}
