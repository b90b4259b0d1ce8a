using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class SelfCheckTests
{
    private static readonly IntervalRules[] Rules =
    [
        new(new DateOnly(1998, 10, 1), [new("whole-blood", "whole-blood", 6, 0), new("whole-blood", "apheresis-platelets", 3, 0), new("apheresis-platelets", "whole-blood", 0, 28)]),
        new(new DateOnly(2030, 1, 1), [new("whole-blood", "whole-blood", 4, 0)]),
    ];

    [Theory]
    [InlineData("whole-blood", "2025-08-31", "2026-02-27", "2026-02-28", false)]
    [InlineData("whole-blood", "2025-08-31", "2026-02-28", "2026-02-28", true)]
    [InlineData("apheresis-platelets", "2026-02-01", "2026-02-28", "2026-03-01", false)]
    [InlineData("whole-blood", "2029-10-01", "2030-02-01", "2030-02-01", true)] // the rules in force on the day
    public void Whole_blood_is_possible_from_the_last_day_of_the_interval_on(string last, string on, string day, string from, bool possible)
    {
        var date = DateOnly.Parse(day, null);
        var answer = Assert.Single(SelfCheck.Judge((last, DateOnly.Parse(on, null)), ["whole-blood"], date, Rules));
        Assert.Equal((DateOnly.Parse(from, null), possible), (answer.From!.Value, answer.PossibleOn(date)));
    }

    [Fact]
    public void Who_never_gave_waits_for_nothing() => Assert.All(SelfCheck.Judge(null, ["whole-blood", "apheresis-platelets"], new(2026, 1, 1), Rules), a => Assert.True(a.From is null && a.PossibleOn(new(2026, 1, 1))));

    [Fact]
    public void Without_rules_of_the_day_there_is_no_answer() => Assert.Empty(SelfCheck.Judge(null, ["whole-blood"], new(1998, 9, 30), Rules));
}
