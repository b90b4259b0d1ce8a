using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

public sealed class ChecksTests
{
    private static readonly DateOnly Day = new(2026, 3, 5);

    private static string[] Failing(string sex, string measure, double value) => [.. Checks.Judge(Release.Rules, sex, Day, new Dictionary<string, decimal> { [measure] = (decimal)value }).Reasons.Select(r => r.Rule)];

    [Theory]
    [InlineData("male", "weightKg", 49.9, 50)]
    [InlineData("female", "weightKg", 44.9, 45)]
    [InlineData("male", "systolic", 89, 90)]
    [InlineData("male", "systolic", 140, 139)]
    [InlineData("male", "diastolic", 59, 60)]
    [InlineData("male", "diastolic", 90, 89)]
    [InlineData("male", "pulsePressure", 29, 30)]
    [InlineData("male", "pulse", 59, 60)]
    [InlineData("male", "pulse", 101, 100)]
    [InlineData("male", "pulseOfAthlete", 49, 50)]
    [InlineData("male", "temperatureC", 37.3, 37.2)]
    [InlineData("male", "haemoglobinGl", 119, 120)]
    [InlineData("female", "haemoglobinGl", 114, 115)]
    [InlineData("male", "hematocrit", 0.35, 0.36)]
    [InlineData("male", "plateletCount", 149, 150)]
    [InlineData("male", "plateletCount", 450, 449)]
    [InlineData("female", "copperSulfatePass", 0, 1)]
    [InlineData("male", "altPass", 0, 1)]
    [InlineData("male", "hbsagPass", 0, 1)]
    public void Each_value_has_its_edge(string sex, string measure, double fails, double passes)
    {
        Assert.Single(Failing(sex, measure, fails));
        Assert.Empty(Failing(sex, measure, passes));
    }

    [Fact]
    public void A_failing_value_says_when_it_is_over_where_the_rule_set_knows()
    {
        var findings = Checks.Judge(Release.Rules, "male", Day, new Dictionary<string, decimal> { ["haemoglobinGl"] = 119, ["weightKg"] = 49 });
        Assert.Equal(new DeferralFact("T32-haemoglobin", Day, Day.AddMonths(3)), Assert.Single(findings.Deferrals));
        Assert.Equal([Day.AddMonths(3), null], findings.Reasons.OrderBy(r => r.Rule).Select(r => r.Until));
    }

    [Theory]
    [InlineData("whole-blood", 199, null, false)]
    [InlineData("whole-blood", 200, null, true)]
    [InlineData("whole-blood", 250, null, false)]
    [InlineData("whole-blood", 300, null, true)]
    [InlineData("whole-blood", 400, null, true)]
    [InlineData("whole-blood", 401, null, false)]
    [InlineData("whole-blood", null, null, false)]
    [InlineData("whole-blood", 400, 1, false)]
    [InlineData("apheresis-platelets", null, 0, false)]
    [InlineData("apheresis-platelets", null, 1, true)]
    [InlineData("apheresis-platelets", null, 2, true)]
    [InlineData("apheresis-platelets", null, 3, false)]
    [InlineData("apheresis-platelets", 200, 1, false)]
    public void Volumes_are_those_of_the_law(string procedure, int? nominalMl, int? units, bool allowed) => Assert.Equal(allowed, Collection.Volume(Release.Rules, procedure, nominalMl, units) is null);

    [Theory]
    [InlineData(400, 600, "")]
    [InlineData(400, 601, "platelets")]
    [InlineData(400, 780, "platelets")]
    [InlineData(400, 781, "platelets,plasma-fresh-frozen")]
    [InlineData(200, 300, "")]
    [InlineData(200, 301, "platelets")]
    [InlineData(200, 421, "platelets,plasma-fresh-frozen")]
    [InlineData(400, 10, "")]
    public void A_long_bleed_restricts_and_a_short_one_does_not(int nominalMl, int seconds, string restrictions)
    {
        var (deviations, restricted) = Collection.Outcome(Release.Rules, "completed", nominalMl, nominalMl, TimeSpan.FromSeconds(seconds));
        Assert.Empty(deviations);
        Assert.Equal(restrictions.Length == 0 ? [] : restrictions.Split(','), restricted);
    }

    [Fact]
    public void An_implausible_bleed_is_a_deviation() =>
        Assert.Equal(["bleed-time-long"], Collection.Outcome(Release.Rules, "completed", 400, 400, TimeSpan.FromMinutes(31)).Deviations);

    [Fact]
    public void A_bag_serves_to_its_last_day()
    {
        Assert.Null(Collection.Bag(Day, Day));
        Assert.Equal(Problems.BagExpired, Collection.Bag(Day.AddDays(-1), Day)!.Problem);
    }
}
