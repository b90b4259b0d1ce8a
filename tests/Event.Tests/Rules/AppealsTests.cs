using BloodPlatform.Drives.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class AppealsTests
{
    private static readonly AppealRules Rules = new("t", new(2000, 1, 1), "test", ["orange", "red"], 7, 180, 50, 0.8m, 0.15m);

    [Theory]
    [InlineData(0, 0, 0, 0, 15)] // 10 / (0.8 × 0.85)
    [InlineData(49, 0, 49, 0, 15)] // one short of what is believed
    [InlineData(50, 0, 50, 0, 10)]
    [InlineData(25, 25, 50, 25, 40)]
    [InlineData(0, 60, 0, 0, 15)] // where nobody ever came, nothing can be reckoned: the default
    [InlineData(60, 0, 60, 60, 12)] // who came is measured; where nobody ever gave, the default
    public void Bookings_are_donations_over_what_a_booking_is_worth(int arrived, int missed, int visits, int without, int bookings) =>
        Assert.Equal(bookings, Drives.Rules.Appeals.Need(10, new(arrived, missed, visits, without), Rules).Bookings);

    [Fact]
    public void Never_fewer_bookings_than_donations_and_more_who_stay_away_never_means_fewer() =>
        Prop.ForAll(Gen.Choose(1, 300).Four().ToArbitrary(), x =>
        {
            var (donations, arrived, missed, more) = x;
            var need = Drives.Rules.Appeals.Need(donations, new(arrived + 50, missed, 0, 0), Rules);
            return need.Bookings >= donations && Drives.Rules.Appeals.Need(donations, new(arrived + 50, missed + more, 0, 0), Rules).Bookings >= need.Bookings;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("red", 0, -1, null)]
    [InlineData("yellow", 0, -1, "recovered")]
    [InlineData("red", 5, -1, "met")]
    [InlineData("red", 4, 0, "expired")]
    [InlineData(null, 4, -1, null)] // a station's own knows no level
    [InlineData(null, 6, 1, "met")]
    public void It_is_over_when_the_stock_recovered_the_need_is_booked_or_its_time_is_over(string? level, int booked, int hoursPast, string? reason)
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(reason, Drives.Rules.Appeals.Over(level is null ? [] : [level], 5, booked, now.AddHours(-hoursPast), now, Rules));
    }
}
