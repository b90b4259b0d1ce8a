using System.Globalization;
using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>
/// A recurrence rule of RFC 5545 (3.3.10) over days of Asia/Shanghai: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY with INTERVAL, COUNT or
/// UNTIL, WKST, BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY, BYDAY and BYSETPOS. The time of day is the series' own, so nothing recurs
/// within a day: smaller frequencies, BYHOUR, BYMINUTE and BYSECOND are refused. A rule must end.
/// </summary>
public sealed record Recurrence
{
    /// <summary>The most days one rule may yield.</summary>
    public const int Most = 1500;

    /// <summary>How far a rule may reach from its first day, in years. [assumption]</summary>
    public const int Years = 10;

    private static readonly string[] DayNames = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

    private string Frequency { get; init; } = "";
    private int Interval { get; init; } = 1;
    private int? Count { get; init; }
    private DateOnly? Until { get; init; }

    /// <summary>Where UNTIL names a time of its day: an occurrence that begins later is none.</summary>
    private TimeOnly? UntilTime { get; init; }
    private DayOfWeek WeekStart { get; init; } = DayOfWeek.Monday;
    private int[] Months { get; init; } = [];
    private int[] Weeks { get; init; } = [];
    private int[] YearDays { get; init; } = [];
    private int[] MonthDays { get; init; } = [];
    private (int Nth, DayOfWeek Day)[] Days { get; init; } = [];
    private int[] Positions { get; init; } = [];

    /// <summary>Reads a rule; an "RRULE:" in front is tolerated.</summary>
    /// <param name="problem">What is wrong with it, all at once; null when the rule can be followed.</param>
    public static Recurrence? Parse(string text, out Rejection? problem)
    {
        var errors = new List<FieldError>();
        var rule = new Recurrence();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        void Wrong(string code, string detail) => errors.Add(new("/rrule", code, detail));

        var body = text.Trim();
        if (body.StartsWith("RRULE:", StringComparison.OrdinalIgnoreCase)) body = body[6..];
        foreach (var part in body.ToUpperInvariant().Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Split('=') is not [var name, { Length: > 0 } value]) { Wrong("unreadable", $"'{part}' is not NAME=VALUE"); continue; }
            if (!seen.Add(name)) { Wrong("repeated", $"{name} occurs twice"); continue; }
            switch (name)
            {
                case "FREQ" when value is "DAILY" or "WEEKLY" or "MONTHLY" or "YEARLY": rule = rule with { Frequency = value }; break;
                case "FREQ": Wrong("unsupported", "FREQ is DAILY, WEEKLY, MONTHLY or YEARLY: a series has one drive a day at most"); break;
                case "INTERVAL" when Number(value, 1, 1000) is { } n: rule = rule with { Interval = n }; break;
                case "COUNT" when Number(value, 1, int.MaxValue) is { } n: rule = rule with { Count = n }; break;
                case "UNTIL" when LastMoment(value) is var (day, time): rule = rule with { Until = day, UntilTime = time }; break;
                case "WKST" when Array.IndexOf(DayNames, value) is >= 0 and var day: rule = rule with { WeekStart = (DayOfWeek)day }; break;
                case "BYMONTH" when Numbers(value, 12, false) is { } list: rule = rule with { Months = list }; break;
                case "BYWEEKNO" when Numbers(value, 53, true) is { } list: rule = rule with { Weeks = list }; break;
                case "BYYEARDAY" when Numbers(value, 366, true) is { } list: rule = rule with { YearDays = list }; break;
                case "BYMONTHDAY" when Numbers(value, 31, true) is { } list: rule = rule with { MonthDays = list }; break;
                case "BYSETPOS" when Numbers(value, 366, true) is { } list: rule = rule with { Positions = list }; break;
                case "BYDAY" when WeekDays(value) is { } list: rule = rule with { Days = list }; break;
                case "BYHOUR" or "BYMINUTE" or "BYSECOND": Wrong("unsupported", $"{name}: the time of day is that of startsAt"); break;
                case "INTERVAL" or "COUNT" or "UNTIL" or "WKST" or "BYMONTH" or "BYWEEKNO" or "BYYEARDAY" or "BYMONTHDAY" or "BYSETPOS" or "BYDAY": Wrong("unreadable", $"{name}={value} cannot be read"); break;
                default: Wrong("unknown_part", $"RFC 5545 knows no {name}"); break;
            }
        }
        if (!seen.Contains("FREQ")) Wrong("required", "FREQ says how often");
        if (rule is { Count: not null, Until: not null }) Wrong("both_count_and_until", "COUNT or UNTIL, not both");
        // What RFC 5545 says must not be combined.
        if (rule.Days.Any(d => d.Nth != 0) && rule.Frequency is not ("MONTHLY" or "YEARLY")) Wrong("unsupported", "A numbered BYDAY (2TH) goes with MONTHLY and YEARLY only");
        if (rule.Days.Any(d => d.Nth != 0) && rule.Weeks.Length > 0) Wrong("unsupported", "A numbered BYDAY does not go with BYWEEKNO");
        if (rule.Weeks.Length > 0 && rule.Frequency is not "YEARLY") Wrong("unsupported", "BYWEEKNO goes with YEARLY only");
        if (rule.MonthDays.Length > 0 && rule.Frequency is "WEEKLY") Wrong("unsupported", "BYMONTHDAY does not go with WEEKLY");
        if (rule.YearDays.Length > 0 && rule.Frequency is not "YEARLY") Wrong("unsupported", "BYYEARDAY goes with YEARLY only");
        if (rule.Positions.Length > 0 && rule is { Months.Length: 0, Weeks.Length: 0, YearDays.Length: 0, MonthDays.Length: 0, Days.Length: 0 }) Wrong("unsupported", "BYSETPOS chooses among what another BY… yields");
        problem = errors.Count > 0 ? Problems.RruleInvalid.Because(null, [.. errors])
            : rule is { Count: null, Until: null } ? Problems.RruleNeverEnds.Because("Add COUNT or UNTIL", new FieldError("/rrule", "never_ends", "Neither COUNT nor UNTIL"))
            : null;
        return problem is null ? rule : null;
    }

    /// <summary>The days of the rule from the first day on, in order. COUNT counts them before any is excluded.</summary>
    /// <param name="startsAt">When its first occurrence begins; each begins at that time of its day in Shanghai.</param>
    /// <param name="problem">It yields nothing, or too many, or reaches too far.</param>
    public IReadOnlyList<DateOnly> DaysFrom(DateTimeOffset startsAt, out Rejection? problem)
    {
        problem = null;
        var days = new List<DateOnly>();
        var first = Shanghai.DateOf(startsAt);
        var until = UntilTime < TimeOnly.FromDateTime(Shanghai.Local(startsAt).DateTime) ? Until?.AddDays(-1) : Until;
        var end = first.AddYears(Years);
        for (var period = 0L; Start(first, period) is { } start && start <= end; period++)
        {
            foreach (var day in Chosen(first, start))
            {
                if (day < first) continue;
                if (day > until) return Settle(days, out problem);
                if (day > end) break;
                days.Add(day);
                if (days.Count > Most) { problem = Problems.RruleTooMany.Because($"More than {Most} days", new FieldError("/rrule", "too_many", $"At most {Most} days")); return []; }
                if (days.Count == Count) return days;
            }
            if (start > until) return Settle(days, out problem);
        }
        if (until <= end || days.Count == 0) return Settle(days, out problem);
        problem = Problems.RruleTooMany.Because($"It reaches further than {Years} years", new FieldError("/rrule", "too_far", $"It must end within {Years} years of its first day"));
        return [];
    }

    private static List<DateOnly> Settle(List<DateOnly> days, out Rejection? problem)
    {
        problem = days.Count > 0 ? null : Problems.RruleYieldsNothing.Because(null, new FieldError("/rrule", "yields_nothing", "No day from startsAt on fits the rule"));
        return days;
    }

    /// <summary>First day of the n-th period of the rule; null where the calendar ends.</summary>
    private DateOnly? Start(DateOnly first, long period)
    {
        var steps = period * Interval;
        if (steps > 366L * (Years + 1)) return null;
        return Frequency switch
        {
            "DAILY" => first.AddDays((int)steps),
            "WEEKLY" => WeekOf(first).AddDays((int)steps * 7),
            "MONTHLY" => new DateOnly(first.Year, first.Month, 1).AddMonths((int)steps),
            _ => first.Year + steps <= 9998 ? new DateOnly(first.Year + (int)steps, 1, 1) : null,
        };
    }

    private IEnumerable<DateOnly> Chosen(DateOnly first, DateOnly start)
    {
        var length = Frequency switch { "DAILY" => 1, "WEEKLY" => 7, "MONTHLY" => DateTime.DaysInMonth(start.Year, start.Month), _ => DateTime.IsLeapYear(start.Year) ? 366 : 365 };
        var fitting = Enumerable.Range(0, length).Select(start.AddDays).Where(day => Fits(day, first)).ToArray();
        return Positions.Length == 0 ? fitting
            : Positions.Select(p => p > 0 ? p - 1 : fitting.Length + p).Where(i => i >= 0 && i < fitting.Length).Distinct().Order().Select(i => fitting[i]);
    }

    private bool Fits(DateOnly day, DateOnly first)
    {
        // What the rule leaves open, its first day says (RFC 5545: "information missing … is taken from DTSTART").
        var open = this is { Weeks.Length: 0, YearDays.Length: 0, MonthDays.Length: 0, Days.Length: 0 };
        if (Months.Length > 0 ? !Months.Contains(day.Month) : open && Frequency == "YEARLY" && day.Month != first.Month) return false;
        if (open && Frequency is "YEARLY" or "MONTHLY" && day.Day != first.Day) return false;
        if (open && Frequency == "WEEKLY" && day.DayOfWeek != first.DayOfWeek) return false;
        if (Weeks.Length > 0 && (!Among(Weeks, WeekNumber(day), WeeksIn(WeekYear(day))) || (Days.Length == 0 && YearDays.Length == 0 && MonthDays.Length == 0 && day.DayOfWeek != first.DayOfWeek))) return false;
        if (YearDays.Length > 0 && !Among(YearDays, day.DayOfYear, DateTime.IsLeapYear(day.Year) ? 366 : 365)) return false;
        if (MonthDays.Length > 0 && !Among(MonthDays, day.Day, DateTime.DaysInMonth(day.Year, day.Month))) return false;
        return Days.Length == 0 || Days.Any(d => d.Day == day.DayOfWeek && (d.Nth == 0 || IsNth(day, d.Nth)));
    }

    /// <summary>The n-th such weekday of the month, or of the year where the rule is about years and names no months.</summary>
    private bool IsNth(DateOnly day, int nth)
    {
        var ofYear = Frequency == "YEARLY" && Months.Length == 0;
        var (place, length) = ofYear ? (day.DayOfYear, DateTime.IsLeapYear(day.Year) ? 366 : 365) : (day.Day, DateTime.DaysInMonth(day.Year, day.Month));
        return nth == (nth > 0 ? (place - 1) / 7 + 1 : -((length - place) / 7 + 1));
    }

    private DateOnly WeekOf(DateOnly day) => day.AddDays(-((day.DayOfWeek - WeekStart + 7) % 7));

    /// <summary>A week belongs to the year in which it has four days at least.</summary>
    private int WeekYear(DateOnly day) => WeekOf(day).AddDays(3).Year;

    private int WeekNumber(DateOnly day) => (WeekOf(day).AddDays(3).DayOfYear - 1) / 7 + 1;

    private int WeeksIn(int year) => WeekNumber(WeekOf(new DateOnly(year, 12, 28)).AddDays(3));

    private static bool Among(int[] wanted, int place, int length) => wanted.Contains(place) || wanted.Contains(place - length - 1);

    private static int? Number(string text, int from, int to) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) && n >= from && n <= to ? n : null;

    private static int[]? Numbers(string text, int most, bool negative)
    {
        var numbers = text.Split(',').Select(t => Number(t, negative ? -most : 1, most)).ToArray();
        return numbers.All(n => n is not null and not 0) ? [.. numbers.Select(n => n!.Value)] : null;
    }

    private static (int, DayOfWeek)[]? WeekDays(string text)
    {
        var days = text.Split(',').Select(t => t.Length >= 2 && Array.IndexOf(DayNames, t[^2..]) is >= 0 and var day && (t.Length == 2 ? 0 : Number(t[..^2], -53, 53) is { } n && n != 0 ? n : (int?)null) is { } nth
            ? ((int, DayOfWeek)?)(nth, (DayOfWeek)day) : null).ToArray();
        return days.All(d => d is not null) ? [.. days.Select(d => d!.Value)] : null;
    }

    /// <summary>UNTIL as a date (its whole day counts), or as an instant of UTC or a local time, to the second: both included (RFC 5545 3.3.10).</summary>
    private static (DateOnly Day, TimeOnly? Time)? LastMoment(string text)
    {
        if (DateOnly.TryParseExact(text, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)) return (date, null);
        DateTime? moment = DateTimeOffset.TryParseExact(text, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) ? Shanghai.Local(instant).DateTime
            : DateTime.TryParseExact(text, "yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var local) ? local : null;
        return moment is { } at ? (DateOnly.FromDateTime(at), TimeOnly.FromDateTime(at)) : null;
    }
}
