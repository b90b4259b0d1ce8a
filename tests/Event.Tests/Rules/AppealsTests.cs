using BloodPlatform.Drives.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class AppealsTests
{
    private static readonly AppealRules Rules = new("t", new(2000, 1, 1), "test", ["orange", "red"], 7, 180, 50, 0.8m, 0.15m, 2);

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
    [InlineData(10, 0, 0, 0, 0, 10, 15)] // nothing new
    [InlineData(20, 0, 0, 0, 0, 20, 30)]
    [InlineData(3, 0, 0, 0, 0, 10, 15)] // never less than was asked
    [InlineData(10, 15, 0, 0, 0, 10, 15)] // who is booked still counts
    [InlineData(12, 5, 8, 6, 2, 16, 23)] // six gave, of which two are not in the stock yet; ten more are missing
    [InlineData(2, 0, 15, 6, 2, 10, 15)] // those two are on their way
    [InlineData(10, 0, 15, 6, 0, 16, 30)] // all came and few gave
    public void A_running_appeal_asks_for_what_is_missing_beside_what_it_brought(int missing, int pending, int arrived, int collected, int onTheirWay, int donations, int bookings)
    {
        var none = new MeasuredBookings(0, 0, 0, 0);
        var raised = Drives.Rules.Appeals.Raised(Drives.Rules.Appeals.Need(10, none, Rules), missing, new(pending, arrived, collected, onTheirWay), none, Rules);
        Assert.Equal((donations, bookings), (raised.Donations, raised.Bookings));
    }

    [Fact]
    public void However_often_a_stock_says_the_same_an_appeal_is_raised_once_and_never_lowered() =>
        Prop.ForAll(Gen.Choose(0, 60).Four().ToArbitrary(), x =>
        {
            var (missing, pending, arrived, collected) = x;
            var (none, asked) = (new MeasuredBookings(0, 0, 0, 0), Drives.Rules.Appeals.Need(10, new(0, 0, 0, 0), Rules));
            var brought = new Brought(pending, arrived, Math.Min(collected, arrived), Math.Min(collected, arrived) / 2);
            var raised = Drives.Rules.Appeals.Raised(asked, missing, brought, none, Rules);
            // What is booked once its need is met brings at least what is missing, by the shares it was reckoned with.
            return raised.Bookings >= asked.Bookings && raised == Drives.Rules.Appeals.Raised(raised, missing, brought, none, Rules)
                && (missing <= brought.OnTheirWay || (raised.Bookings - arrived) * 0.8m * 0.85m >= missing - brought.OnTheirWay);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(5, 0, 0, 5)]
    [InlineData(5, 7, 0, 1)] // seven bookings bring 4.76
    [InlineData(5, 2, 3, 1)]
    [InlineData(5, 0, 6, 0)]
    public void Once_enough_are_booked_only_what_they_will_not_bring_is_asked_for_anew(int missing, int pending, int onTheirWay, int donations) =>
        Assert.Equal(donations, Drives.Rules.Appeals.Anew(Drives.Rules.Appeals.Need(3, new(0, 0, 0, 0), Rules), missing, new(pending, onTheirWay, onTheirWay, onTheirWay)));

    [Theory]
    [InlineData("red", 0, -1, null)]
    [InlineData("yellow", 0, -1, "recovered")]
    [InlineData("red", 5, -1, "met")]
    [InlineData("red", 4, 0, "expired")]
    [InlineData(null, 4, -1, null)] // a precaution knows no level
    [InlineData(null, 6, 1, "met")]
    public void It_is_over_when_the_stock_recovered_the_need_is_booked_or_its_time_is_over(string? level, int booked, int hoursPast, string? reason)
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(reason, Drives.Rules.Appeals.Over(level is null ? [] : [level], 5, booked, now.AddHours(-hoursPast), now, Rules));
    }
}
