using BloodPlatform.Recognition.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Recognition.Tests.Rules;

public sealed class HonoursTests
{
    private static Credit[] Of(params decimal[] counts) => [.. counts.Select((c, i) => new Credit($"A999924{i:D6}", Given.On(2023).AddDays(i), c, c))];

    private static string[] Levels(string award, params decimal[] counts) =>
        [.. Honours.Reached(AwardCatalogue.Shipped, Of(counts)).Where(h => h.Rules.Award == award).Select(h => h.Level)];

    [Theory]
    [InlineData(19, "")]
    [InlineData(20, "bronze")]
    [InlineData(29, "bronze")]
    [InlineData(30, "bronze silver")]
    [InlineData(39, "bronze silver")]
    [InlineData(40, "bronze silver gold")]
    public void National_levels_are_at_20_30_and_40_counts(int counts, string levels) =>
        Assert.Equal(levels, string.Join(' ', Levels("national-dedication", [.. Enumerable.Repeat(1m, counts)])));

    [Theory]
    [InlineData(14, "")]
    [InlineData(15, "bronze")]
    [InlineData(24, "bronze")]
    [InlineData(25, "bronze silver")]
    [InlineData(34, "bronze silver")]
    [InlineData(35, "bronze silver gold")]
    public void Provincial_levels_are_at_15_25_and_35_counts(int counts, string levels) =>
        Assert.Equal(levels, string.Join(' ', Levels("guangdong-dedication", [.. Enumerable.Repeat(1m, counts)])));

    [Fact]
    public void A_fraction_short_of_a_threshold_is_short_of_it()
    {
        Assert.Empty(Levels("national-dedication", 19.995m));
        Assert.Equal(["bronze"], Levels("national-dedication", 19.995m, 0.005m));
    }

    [Fact]
    public void One_donation_may_reach_several_levels() => Assert.Equal(["bronze", "silver", "gold"], Levels("national-dedication", 8, 32));

    [Fact]
    public void A_level_is_reached_on_the_day_of_the_donation_that_completes_it()
    {
        var honour = Honours.Reached(AwardCatalogue.Shipped, Of([.. Enumerable.Repeat(2m, 12)])).First(h => h.Rules.Award == "national-dedication");
        Assert.Equal(Given.On(2023).AddDays(9), honour.ReachedAt);
        Assert.Equal("2022", honour.Rules.Version);
    }

    [Theory]
    [InlineData(0, "bronze", 20)]
    [InlineData(19, "bronze", 1)]
    [InlineData(20, "silver", 10)]
    [InlineData(39, "gold", 1)]
    public void The_next_level_and_what_is_missing_are_named(int counts, string level, int missing)
    {
        var next = Assert.Single(Honours.Next(AwardCatalogue.Shipped, Of(counts), new DateOnly(2024, 3, 5)), n => n.Rules.Award == "national-dedication");
        Assert.Equal((level, missing), (next.Level, next.Missing));
    }

    [Fact]
    public void After_gold_nothing_is_next() => Assert.Empty(Honours.Next(AwardCatalogue.Shipped, Of(40), new DateOnly(2024, 3, 5)));

    /// <summary>Whatever order donations become known in, granting after each one grants the same levels, each once, and the totals are the sum.</summary>
    [Fact]
    public void The_order_in_which_donations_become_known_changes_nothing()
    {
        var donations = Gen.Elements(0m, 1m, 1.5m, 2m, 1.25m, 1.795m).ListOf().Select(counts => Of([.. counts]));
        var shuffled = from credits in donations from order in Gen.Shuffle(credits) select (credits, order: order.ToArray());
        Prop.ForAll(shuffled.ToArbitrary(), pair =>
        {
            var (credits, order) = pair;
            List<(string, string)> granted = [];
            for (var known = 1; known <= order.Length; known++)
                granted.AddRange(Honours.Reached(AwardCatalogue.Shipped, order[..known]).Select(h => (h.Rules.Award, h.Level)).Where(h => !granted.Contains(h)));
            var total = credits.Sum(c => c.NationalCounts);
            int[] thresholds = [20, 30, 40];
            return granted.Count(h => h.Item1 == "national-dedication") == thresholds.Count(t => total >= t)
                && granted.Order().SequenceEqual(Honours.Reached(AwardCatalogue.Shipped, credits).Select(h => (h.Rules.Award, h.Level)).Order())
                && Honours.Reached(AwardCatalogue.Shipped, order).SequenceEqual(Honours.Reached(AwardCatalogue.Shipped, credits))
                && Counting.Total(order.Select(c => c.NationalCounts)) == (int)Math.Floor(total);
        }).QuickCheckThrowOnFailure();
    }
}
