using BloodPlatform.Recognition.Rules;

namespace BloodPlatform.Recognition.Tests.Rules;

public sealed class CountingTests
{
    private static readonly AwardCatalogue Catalogue = AwardCatalogue.Shipped;
    private static readonly AwardRules National = Catalogue.InForce("national", new DateOnly(2024, 3, 5));

    [Theory]
    [InlineData(200, 200, 1)]
    [InlineData(300, 300, 1.5)]
    [InlineData(400, 400, 2)]
    [InlineData(400, 396, 2)]
    [InlineData(400, 360, 2)]
    [InlineData(400, 359, 1.795)]
    [InlineData(400, 250, 1.25)]
    [InlineData(200, 219, 1)]
    [InlineData(200, 300, 1)]
    [InlineData(400, 0, 0)]
    public void Whole_blood_counts_by_200_ml(int nominal, int collected, double counts) =>
        Assert.Equal((decimal)counts, Counting.CountsOf(National, "whole-blood", nominal, collected, 0, "completed"));

    [Fact]
    public void Without_a_nominal_volume_the_weight_counts() => Assert.Equal(1.5m, Counting.CountsOf(National, "whole-blood", null, 300, 0, "completed"));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public void A_treatment_unit_of_platelets_counts_once(int units, int counts) => Assert.Equal(counts, Counting.CountsOf(National, "apheresis-platelets", null, 0, units, "completed"));

    [Theory]
    [InlineData("whole-blood")]
    [InlineData("apheresis-platelets")]
    public void An_abandoned_collection_counts_nothing(string procedure) => Assert.Equal(0, Counting.CountsOf(National, procedure, 400, 380, 2, "abandoned"));

    [Fact]
    public void Nobody_guesses_what_another_procedure_counts() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Counting.CountsOf(National, "apheresis-granulocytes", null, 200, 1, "completed"));

    [Theory]
    [InlineData("1998-12-31", "1999", 4)]
    [InlineData("2008-12-31", "1999", 4)]
    [InlineData("2009-01-01", "2009", 1)]
    [InlineData("2021-12-31", "2009", 1)]
    [InlineData("2022-01-01", "2022", 1)]
    public void A_donation_is_judged_by_the_rules_of_its_day(string day, string version, int countsOfOneUnit)
    {
        var rules = Catalogue.InForce("national", DateOnly.Parse(day, null));
        Assert.Equal(version, rules.Version);
        Assert.Equal(countsOfOneUnit, Counting.CountsOf(rules, "apheresis-platelets", null, 0, 1, "completed"));
    }

    [Theory]
    [InlineData(new[] { 1.5 }, 1)]
    [InlineData(new[] { 1.5, 1.5 }, 3)]
    [InlineData(new[] { 1.5, 2, 1 }, 4)]
    [InlineData(new double[0], 0)]
    public void Fractions_add_up_and_only_totals_are_floored(double[] counts, int total) => Assert.Equal(total, Counting.Total(counts.Select(c => (decimal)c)));

    [Fact]
    public void Every_number_of_the_rules_says_where_it_is_from_and_how_sure_that_is()
    {
        var awards = Catalogue.Awards.SelectMany(a => new[] { 1999, 2010, 2024 }.Select(year => Catalogue.OfAward(a, new DateOnly(year, 6, 1)))).Distinct().ToList();
        Assert.Equal(4, awards.Count);
        Assert.All(awards, rules =>
        {
            (string Source, string Confidence)[] all = [(rules.ValidFrom.Source, rules.ValidFrom.Confidence), (rules.MlPerCount.Source, rules.MlPerCount.Confidence),
                (rules.CountsPerTreatmentUnit.Source, rules.CountsPerTreatmentUnit.Confidence), (rules.FullFromShareOfNominal.Source, rules.FullFromShareOfNominal.Confidence),
                (rules.FractionsAccumulate.Source, rules.FractionsAccumulate.Confidence), .. rules.Levels.Select(l => (l.Source, l.Confidence))];
            Assert.All(all, p => { Assert.NotEmpty(p.Source); Assert.Contains(p.Confidence, new[] { "high", "medium", "low" }); });
        });
    }
}
