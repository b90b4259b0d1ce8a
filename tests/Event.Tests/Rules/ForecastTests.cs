using BloodPlatform.Drives.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class ForecastTests
{
    [Fact]
    public void Three_days_of_ten_with_seven_to_come_end_near_a_hundred() =>
        Assert.Equal((100, true, true), Forecast.Of([10, 10, 10], 7) is { } f ? (f.Expected, f.Low is > 60 and < 100, f.High is > 100 and < 140) : default);

    [Fact]
    public void Two_days_say_nothing() => Assert.Null(Forecast.Of([10, 10], 38));

    [Fact]
    public void At_the_end_it_is_what_is_there() => Assert.Equal(new CampaignForecast(60, 60, 60), Forecast.Of([10, 20, 30], 0));

    [Fact]
    public void It_is_never_below_what_is_there_and_the_range_holds_what_is_expected() =>
        Prop.ForAll(Gen.Choose(0, 500).ListOf().Where(l => l.Count >= 3).ToArbitrary(), Gen.Choose(0, 60).ToArbitrary(), Gen.Choose(0, 400).ToArbitrary(), (daily, left, today) =>
        {
            var forecast = Forecast.Of([.. daily], left, today)!;
            return forecast.Low >= daily.Sum() + today && forecast.Low <= forecast.Expected && forecast.Expected <= forecast.High;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_longer_it_still_goes_the_wider_is_the_range() =>
        Prop.ForAll(Gen.Choose(1, 100).ListOf().Where(l => l.Count >= 3).ToArbitrary(), Gen.Choose(1, 60).ToArbitrary(), (daily, left) =>
            Forecast.Of([.. daily], left + 1)!.High > Forecast.Of([.. daily], left)!.High).QuickCheckThrowOnFailure();
}
