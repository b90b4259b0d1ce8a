using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using FsCheck;
using FsCheck.Fluent;
using Ical.Net.CalendarComponents;
using Ical.Net.DataTypes;
using Ical.Net.Evaluation;

namespace BloodPlatform.Drives.Tests.Rules;

/// <summary>
/// Ical.Net reads the same rules: what it yields, ours yields, whatever the rule and its first day. Three things of version 5.2.4 are kept out of the
/// comparison, where ours follows the standard: UNTIL, after which it leaves out the last, begun period of a yearly rule (it is applied here),
/// and YEARLY with BYMONTHDAY but no BYMONTH, which RFC 5545 (3.3.10, the table) expands to every month and it only to the first day's; and COUNT, which there
/// counts a week twice that is named from both ends (BYWEEKNO=15,-38).
/// </summary>
public sealed class RecurrenceAgainstLibraryTests
{
    [Fact]
    public void A_rule_of_any_accepted_kind_yields_the_days_that_a_stock_library_yields()
    {
        var (compared, days) = (0, 0);
        // The same rules each run: another of the library's ways must not stop somebody else's change. Look for more with other numbers.
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(5545UL, 1907UL), Prop.ForAll(Rules().ToArbitrary(), given =>
        {
            var (startsAt, text) = given;
            var rule = Recurrence.Parse(text, out var problem);
            if (rule is null) return true; // a combination that RFC 5545 forbids
            var ours = rule.DaysFrom(startsAt, out problem);
            var theirs = Library(startsAt, text);
            // Ours ends a rule with a code where it reaches too far; the library just goes on.
            if (problem is not null) return problem.Problem.Code == "rrule_yields_nothing" ? theirs.Count == 0 : problem.Problem.Code == "rrule_too_many";
            compared++;
            days += ours.Count;
            Assert.True(ours.SequenceEqual(theirs), $"{startsAt:O} {text}\n  ours   {string.Join(' ', ours.Take(20).Select(d => d.ToString("O")))}\n  theirs {string.Join(' ', theirs.Take(20).Select(d => d.ToString("O")))}");
            return true;
        }));
        Assert.True(compared > 100 && days > 1_000, $"{compared} rules with {days} days were compared");
    }

    private static List<DateOnly> Library(DateTimeOffset startsAt, string rule)
    {
        var first = Shanghai.DateOf(startsAt);
        var periods = rule.Contains("YEARLY", StringComparison.Ordinal) ? Recurrence.Years + 1 : rule.Contains("MONTHLY", StringComparison.Ordinal) ? 12 * Recurrence.Years + 1 : rule.Contains("WEEKLY", StringComparison.Ordinal) ? 53 * Recurrence.Years : 366 * Recurrence.Years;
        var pattern = new RecurrencePattern(rule);
        var days = new List<DateOnly>();
        // A day as a whole, an instant, or a time in Shanghai.
        var end = pattern.Until is not { } until ? Shanghai.StartOf(first.AddYears(Recurrence.Years)).AddDays(1).AddTicks(-1) : !until.HasTime ? Shanghai.StartOf(until.Date).AddDays(1).AddTicks(-1)
            : until.IsUtc ? new DateTimeOffset(until.Value, TimeSpan.Zero) : new DateTimeOffset(until.Value, TimeSpan.FromHours(8));
        pattern.Until = null;
        var series = new CalendarEvent { DtStart = new CalDateTime(first), RecurrenceRule = pattern };
        try
        {
            foreach (var occurrence in series.GetOccurrences(null, new EvaluationOptions { MaxUnmatchedIncrementsLimit = periods }))
            {
                var day = occurrence.Period.StartTime.Date;
                if (Shanghai.StartOf(day) + (startsAt - Shanghai.StartOf(first)) > end || days.Count > Recurrence.Most) break;
                days.Add(day);
            }
        }
        catch (EvaluationLimitExceededException) { /* nothing more in ten years */ }
        return days;
    }

    private static Gen<(DateTimeOffset StartsAt, string Rule)> Rules()
    {
        var weekday = Gen.Elements("MO", "TU", "WE", "TH", "FR", "SA", "SU");
        var plainDays = List(weekday, 4);
        var numberedDays = List(from n in Gen.Elements(1, 2, 3, 4, 5, -1, -2) from day in weekday select $"{n}{day}", 3);
        static Gen<string> Signed(int most) => from n in Gen.Choose(1, most) from negative in Gen.Elements(false, false, true) select negative ? $"-{n}" : $"{n}";
        static Gen<string> OneSign(int most) => from numbers in List(Gen.Choose(1, most).Select(n => $"{n}"), 3) from negative in Gen.Elements(false, false, true) select negative ? "-" + numbers.Replace(",", ",-", StringComparison.Ordinal) : numbers;
        var months = Part("BYMONTH", List(Gen.Choose(1, 12).Select(n => $"{n}"), 4));
        var monthDays = Part("BYMONTHDAY", List(Signed(31), 4));
        var positions = Part("BYSETPOS", List(Signed(4), 2));
        var days = Part("BYDAY", plainDays);
        var anyDays = Part("BYDAY", Gen.OneOf(plainDays, numberedDays));
        var parts = Gen.OneOf(
            Join("FREQ=DAILY", months, monthDays, days),
            Join("FREQ=WEEKLY", months, days, positions),
            Join("FREQ=MONTHLY", months, monthDays, anyDays, positions),
            Join("FREQ=YEARLY", months, anyDays, positions),
            Join("FREQ=YEARLY", Part("BYMONTH", List(Gen.Choose(1, 12).Select(n => $"{n}"), 4), always: true), monthDays, anyDays, positions),
            Join("FREQ=YEARLY", Part("BYYEARDAY", OneSign(366)), positions),
            Join("FREQ=YEARLY", Part("BYWEEKNO", OneSign(53)), days, positions));
        return from first in Gen.Choose(0, 3652).Select(new DateOnly(2020, 1, 1).AddDays)
               from rule in parts
               from interval in Gen.Frequency((2, Gen.Constant("")), (1, Gen.Choose(1, 5).Select(n => $";INTERVAL={n}")))
               from start in Gen.Frequency((2, Gen.Constant("")), (1, weekday.Select(d => $";WKST={d}")))
               from hour in Gen.Choose(0, 23)
               let startsAt = Shanghai.StartOf(first).AddHours(hour)
               from hours in Gen.Choose(0, 30_000)
               let last = startsAt.AddHours(hours)
               from end in Gen.OneOf(Gen.Choose(1, 30).Select(n => $";COUNT={n}"),
                   Gen.Elements(last.ToString("yyyyMMdd", CultureInfo.InvariantCulture), last.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture), last.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)).Select(t => ";UNTIL=" + t))
               select (startsAt, rule + interval + start + end);
    }

    private static Gen<string> List(Gen<string> item, int most) => from n in Gen.Choose(1, most) from items in item.ArrayOf(n) select string.Join(',', items.Distinct());

    private static Gen<string> Part(string name, Gen<string> value, bool always = false) => value.Select(v => $";{name}={v}") is var part && always ? part : Gen.OneOf(Gen.Constant(""), part);

    private static Gen<string> Join(string frequency, params Gen<string>[] parts) => parts.Aggregate(Gen.Constant(frequency), (all, part) => from a in all from p in part select a + p);
}
