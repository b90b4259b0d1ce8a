using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Tests.Rules;

public sealed class LookbackWindowTests
{
    private static readonly LookbackRules Rules = Parameters.LookbackOn(new DateOnly(2026, 3, 5));

    [Theory]
    [InlineData("2026-03-05", "", null)] // nothing known to be negative: all
    [InlineData("2026-03-05", "2025-11-01", "2025-03-05")]
    [InlineData("2026-03-05", "2025-03-05", "2025-03-05")]
    [InlineData("2026-03-05", "2025-03-04", "2025-03-04")]
    [InlineData("2026-03-05", "2020-01-01 2023-06-01", "2023-06-01")]
    [InlineData("2026-03-05", "2026-03-05", null)] // itself, or later, says nothing of before
    [InlineData("2026-03-05", "2026-04-01", null)]
    [InlineData("2024-02-29", "2023-06-01", "2023-02-28")]
    public void It_reaches_back_twelve_months_or_to_the_last_negative_whichever_is_earlier(string named, string negatives, string? from)
    {
        var donations = negatives.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(d => (DateOnly.Parse(d, null), (bool?)true)).Append((new DateOnly(2010, 1, 1), null)).Append((new DateOnly(2025, 12, 1), false));
        Assert.Equal(from is null ? null : DateOnly.Parse(from, null), LookbackWindow.From(Rules, DateOnly.Parse(named, null), donations));
    }

    [Fact]
    public void Without_the_last_negative_only_the_months_count() =>
        Assert.Equal(new DateOnly(2025, 9, 5), LookbackWindow.From(Rules with { Months = 6, ToLastNegative = false }, new DateOnly(2026, 3, 5), []));

    [Fact]
    public void The_parameters_name_their_source_and_how_sure_it_is() => Assert.True(Rules.Source.Contains("3.4", StringComparison.Ordinal) && Rules.Confidence == "low" && Rules is { Months: 12, ToLastNegative: true });
}
