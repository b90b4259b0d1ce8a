using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class CommemorativeDaysTests
{
    /// <summary>As the General Office of the State Council announced the holidays of these years; 2033 has a leap eleventh month.</summary>
    [Theory]
    [InlineData("2024-02-10"), InlineData("2025-01-29"), InlineData("2026-02-17"), InlineData("2027-02-06"), InlineData("2033-01-31"), InlineData("2034-02-19")]
    public void Spring_Festival_is_the_first_day_of_the_lunar_year(string date)
    {
        var day = DateOnly.ParseExact(date, "yyyy-MM-dd");
        Assert.Equal(day, CommemorativeDays.All.Single(d => d.Code == "spring-festival").In(day.Year));
    }

    [Fact]
    public void A_year_has_each_day_once_in_order() =>
        Assert.Equal(["2026-01-01 new-year", "2026-02-17 spring-festival", "2026-03-05 lei-feng", "2026-05-04 youth-day", "2026-05-08 red-cross-day", "2026-06-14 world-blood-donor-day", "2026-10-01 national-day", "2026-12-01 world-aids-day", "2026-12-05 volunteer-day"],
            CommemorativeDays.Between(new(2026, 1, 1), new(2026, 12, 31)).Select(d => $"{d.Date:O} {d.Day.Code}"));

    [Fact]
    public void Every_day_has_both_names_and_a_source_in_every_year()
    {
        Assert.All(CommemorativeDays.All, d => Assert.All(new[] { d.NameZh, d.NameEn, d.Source }, text => Assert.False(string.IsNullOrWhiteSpace(text))));
        for (var year = CommemorativeDays.FirstYear; year <= CommemorativeDays.LastYear; year++)
            Assert.All(CommemorativeDays.All, d => Assert.Equal(year, d.In(year).Year));
    }
}
