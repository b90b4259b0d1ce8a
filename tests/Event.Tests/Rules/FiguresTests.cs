using BloodPlatform.Drives.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class FiguresTests
{
    private static readonly Dictionary<string, string> Exact = [];

    [Theory]
    [InlineData(2_390_400, "11.18", 2_150_027)] // Taishan 2023
    [InlineData(1_236_400, "1.46", 1_218_608)] // Enping 2023: 1,218,608.3
    [InlineData(1000, "0", 1000)]
    [InlineData(1000, "-50", 2000)]
    public void A_rate_implies_the_year_before(long ml, string percent, long before)
    {
        var implied = Figures.ImpliedPrevious(2023, ml, decimal.Parse(percent, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal((2022, before), (implied.Year, implied.VolumeMl));
        Assert.InRange(implied.VolumeMl, implied.AtLeastMl, implied.AtMostMl);
    }

    [Fact]
    public void The_implied_year_grown_by_the_rate_is_the_reported_one() =>
        Prop.ForAll(Gen.Choose(1, 100_000_000).SelectMany(ml => Gen.Choose(-9000, 100_000).Select(p => (ml, percent: p / 100m))).ToArbitrary(), x =>
            Math.Abs(Figures.ImpliedPrevious(2023, x.ml, x.percent).VolumeMl * (1 + (x.percent / 100)) - x.ml) <= 0.5m * (1 + (x.percent / 100)) + 0.0001m).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(2496, 499_000, Figures.Inconsistent)] // 199.92 ml
    [InlineData(648, 154_010, Figures.Ok)]
    [InlineData(781, 189_630, Figures.Ok)]
    [InlineData(11_190, 2_390_400, Figures.Ok)]
    [InlineData(10, 2000, Figures.Ok)]
    [InlineData(10, 1999, Figures.Inconsistent)]
    [InlineData(10, 4000, Figures.Ok)]
    [InlineData(10, 4001, Figures.Inconsistent)]
    public void A_mean_outside_200_to_400_ml_is_inconsistent(long times, long ml, string flag) =>
        Assert.Equal(flag, Figures.Flag(null, Figures.Examine(new FigureValues(PersonTimes: times, VolumeMl: ml), Exact, 2023)));

    [Fact]
    public void A_lower_bound_proves_only_one_side()
    {
        Assert.Empty(Figures.Examine(new(Persons: 10, VolumeMl: 1900), new Dictionary<string, string> { ["volumeMl"] = "at-least" }, 2023));
        Assert.Empty(Figures.Examine(new(Persons: 10, VolumeMl: 4100), new Dictionary<string, string> { ["persons"] = "at-least" }, 2023));
        Assert.Single(Figures.Examine(new(Persons: 10, VolumeMl: 4100), new Dictionary<string, string> { ["volumeMl"] = "at-least" }, 2023));
        Assert.Empty(Figures.Examine(new(Persons: 1500, VolumeMl: 350_000), new Dictionary<string, string> { ["persons"] = "at-least", ["volumeMl"] = "at-least" }, 2023));
    }

    [Fact]
    public void What_was_weighed_is_no_sum_of_200_300_and_400_and_that_is_no_fault()
    {
        var findings = Figures.Examine(new(Persons: 337, VolumeMl: 84_990), Exact, 2023);
        Assert.Equal(("partial_collections", Figures.Ok), (Assert.Single(findings).Code, Figures.Flag(null, findings)));
        Assert.Equal("doubtful", Figures.Flag("doubtful", findings));
    }

    [Theory]
    [InlineData(26, Figures.Ok)]
    [InlineData(27, Figures.Inconsistent)]
    public void No_record_is_longer_than_the_law(long years, string flag) =>
        Assert.Equal(flag, Figures.Flag("ok", Figures.Examine(new(YearsWithoutTransfusionInfection: years), Exact, 2023)));

    [Theory]
    [InlineData("440700", "440703", true)]
    [InlineData("440700", "440700", true)]
    [InlineData("440000", "440703", true)]
    [InlineData("440703", "440700", false)]
    [InlineData("440700", "440303", false)]
    [InlineData("440703", "440703", true)]
    public void A_citys_code_covers_its_districts(string area, string district, bool within) => Assert.Equal(within, Districts.Cover([area], district));
}
