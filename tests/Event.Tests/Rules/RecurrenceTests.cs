using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class RecurrenceTests
{
    private static readonly DateOnly First = new(1997, 9, 2); // a Tuesday; most examples of RFC 5545 3.8.5.3 begin there

    /// <summary>The standard's own examples, its day counts and last days.</summary>
    [Theory]
    [InlineData("FREQ=DAILY;COUNT=10", "1997-09-02 1997-09-03 1997-09-04 1997-09-05 1997-09-06 1997-09-07 1997-09-08 1997-09-09 1997-09-10 1997-09-11")]
    [InlineData("FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02 1997-09-12 1997-09-22 1997-10-02 1997-10-12")]
    [InlineData("FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", "1997-09-02 1997-09-04 1997-09-09 1997-09-11 1997-09-16 1997-09-18 1997-09-23 1997-09-25 1997-09-30 1997-10-02")]
    [InlineData("FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "1997-09-02 1997-09-04 1997-09-16 1997-09-18 1997-09-30 1997-10-02 1997-10-14 1997-10-16")]
    [InlineData("FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "1997-09-22 1997-10-20 1997-11-17 1997-12-22 1998-01-19 1998-02-16")]
    [InlineData("FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "1997-09-02 1997-09-15 1997-10-02 1997-10-15 1997-11-02 1997-11-15 1997-12-02 1997-12-15 1998-01-02 1998-01-15")]
    [InlineData("FREQ=MONTHLY;COUNT=4;BYMONTHDAY=1,-1", "1997-09-30 1997-10-01 1997-10-31 1997-11-01")]
    [InlineData("FREQ=MONTHLY;COUNT=5;BYDAY=FR;BYMONTHDAY=13", "1998-02-13 1998-03-13 1998-11-13 1999-08-13 2000-10-13")]
    [InlineData("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04 1997-10-07 1997-11-06")]
    [InlineData("FREQ=MONTHLY;COUNT=7;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29 1997-10-30 1997-11-27 1997-12-30 1998-01-29 1998-02-26 1998-03-30")]
    [InlineData("FREQ=YEARLY;COUNT=3;BYDAY=20MO", "1998-05-18 1999-05-17 2000-05-15")]
    [InlineData("FREQ=YEARLY;COUNT=3;BYWEEKNO=20;BYDAY=MO", "1998-05-11 1999-05-17 2000-05-15")]
    [InlineData("FREQ=YEARLY;COUNT=4;BYMONTH=3;BYDAY=TH", "1998-03-05 1998-03-12 1998-03-19 1998-03-26")]
    [InlineData("FREQ=YEARLY;INTERVAL=3;COUNT=4;BYYEARDAY=1,100,200", "2000-01-01 2000-04-09 2000-07-18 2003-01-01")]
    [InlineData("FREQ=YEARLY;COUNT=2;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "1997-11-04 2001-11-06")]
    [InlineData("RRULE:freq=monthly;until=19971101T000000Z", "1997-09-02 1997-10-02")]
    public void The_standards_examples_yield_what_the_standard_prints(string rule, string days)
    {
        var read = Recurrence.Parse(rule, out var problem)!.DaysFrom(Shanghai.StartOf(First), out var unusable);
        Assert.Null(problem);
        Assert.Null(unusable);
        Assert.Equal(days, string.Join(' ', read.Select(d => d.ToString("O"))));
    }

    [Theory]
    [InlineData("19970904", 3)] // a day counts as a whole
    [InlineData("19970904T100000", 3)] // included: the last one begins at this moment
    [InlineData("19970904T095959", 2)]
    [InlineData("19970904T020000Z", 3)] // ten o'clock in Shanghai
    [InlineData("19970904T015959Z", 2)]
    [InlineData("19970903T160000Z", 2)] // midnight in Shanghai, before its drive
    [InlineData("19970904T235959", 3)]
    public void A_last_moment_ends_a_rule_to_the_second(string until, int days)
    {
        var read = Recurrence.Parse("FREQ=DAILY;UNTIL=" + until, out var problem)!.DaysFrom(Shanghai.StartOf(First).AddHours(10), out var unusable);
        Assert.Equal((null, null, days), (problem, unusable, read.Count));
    }

    /// <summary>recurrences.txt was written once by python-dateutil 2.9: first day, rule, number of days, the first and last of them.</summary>
    [Fact]
    public void Another_implementation_finds_the_same_days()
    {
        var lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Rules/recurrences.txt"));
        Assert.True(lines.Length >= 150);
        var different = new List<string>();
        foreach (var line in lines)
        {
            var parts = line.Split('|');
            var days = Recurrence.Parse(parts[1], out var problem)?.DaysFrom(Shanghai.StartOf(DateOnly.ParseExact(parts[0], "yyyy-MM-dd")), out problem) ?? [];
            var shown = days.Count <= 12 ? days : [.. days.Take(6), .. days.TakeLast(6)];
            if (problem is not null || $"{days.Count}|{string.Join(',', shown.Select(d => d.ToString("O")))}" != $"{parts[2]}|{parts[3]}") different.Add($"{line} but {problem?.Problem.Code} {days.Count}|{string.Join(',', shown)}");
        }
        Assert.Empty(different);
    }

    [Theory]
    [InlineData("FREQ=MONTHLY", "rrule_never_ends")]
    [InlineData("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "rrule_never_ends")]
    [InlineData("FREQ=HOURLY;COUNT=3", "rrule_invalid")]
    [InlineData("FREQ=DAILY;COUNT=3;BYHOUR=9", "rrule_invalid")]
    [InlineData("FREQ=DAILY;COUNT=3;UNTIL=20300101", "rrule_invalid")]
    [InlineData("FREQ=DAILY;COUNT=0", "rrule_invalid")]
    [InlineData("FREQ=DAILY;COUNT=3;COUNT=4", "rrule_invalid")]
    [InlineData("FREQ=WEEKLY;COUNT=3;BYDAY=2TH", "rrule_invalid")]
    [InlineData("FREQ=WEEKLY;COUNT=3;BYDAY=XX", "rrule_invalid")]
    [InlineData("FREQ=MONTHLY;COUNT=3;BYMONTHDAY=32", "rrule_invalid")]
    [InlineData("FREQ=MONTHLY;COUNT=3;BYSETPOS=1", "rrule_invalid")]
    [InlineData("FREQ=MONTHLY;COUNT=3;BYMOON=1", "rrule_invalid")]
    [InlineData("COUNT=3", "rrule_invalid")]
    [InlineData("every month", "rrule_invalid")]
    [InlineData("FREQ=DAILY;COUNT=1501", "rrule_too_many")]
    [InlineData("FREQ=YEARLY;COUNT=12", "rrule_too_many")]
    [InlineData("FREQ=MONTHLY;UNTIL=20990101", "rrule_too_many")]
    [InlineData("FREQ=DAILY;COUNT=2147483647", "rrule_too_many")]
    [InlineData("FREQ=YEARLY;COUNT=3;BYMONTH=2;BYMONTHDAY=30", "rrule_yields_nothing")]
    [InlineData("FREQ=DAILY;UNTIL=19970901", "rrule_yields_nothing")]
    [InlineData("FREQ=DAILY;UNTIL=19970901T235959", "rrule_yields_nothing")]
    [InlineData("FREQ=DAILY;COUNT=2;UNTIL=19970904T1000", "rrule_invalid")]
    public void A_rule_that_cannot_be_followed_says_why(string rule, string code)
    {
        if (Recurrence.Parse(rule, out var problem) is { } read) Assert.Empty(read.DaysFrom(Shanghai.StartOf(First), out problem));
        Assert.Equal(code, problem!.Problem.Code);
        Assert.NotEmpty(problem.Errors);
        Assert.All(problem.Errors, e => Assert.Equal("/rrule", e.Pointer));
    }
}
