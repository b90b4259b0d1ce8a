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
    [InlineData("male", "noJaundice", 0, 1)]
    [InlineData("female", "noExtensiveSkinDisease", 0, 1)]
    [InlineData("male", "limbsSound", 0, 1)]
    [InlineData("female", "punctureSitesIntact", 0, 1)]
    [InlineData("male", "pulseOfAthlete", 101, 100)]
    [InlineData("male", "plateletCountAfter", 99, 100)]
    public void Each_value_has_its_edge(string sex, string measure, double fails, double passes)
    {
        Assert.Single(Failing(sex, measure, fails));
        Assert.Empty(Failing(sex, measure, passes));
    }

    [Theory]
    [InlineData("hbsagPass", 0)]
    [InlineData("hbsagPass", 1)]
    [InlineData("pulseOfAthlete", 72)]
    [InlineData("copperSulfatePass", 0)]
    public void A_value_that_no_rule_of_the_sex_judges_clears_nobody(string measure, double value)
    {
        // As a set that was published before every value had to be judged, or that judges one sex.
        var silent = new RuleSet("x", "1", Day, [.. Release.Rules.Rules.Where(r => r.Measure != measure), new Rule("MEN", measure.EndsWith("Pass", StringComparison.Ordinal) ? "check" : "measure", "pretest", Measure: measure, Sex: "male", AtLeast: 0)]);
        Findings Of(string sex) => Checks.Judge(silent, sex, Day, new Dictionary<string, decimal> { [measure] = (decimal)value, ["weightKg"] = 70 }, Procedures.All);
        Assert.Equal([new Reason(Checks.NotJudged, measure, null)], Of("female").Reasons);
        Assert.Equal(value == 0 ? ["MEN"] : [], Of("male").Reasons.Select(r => r.Rule));
        var told = ReasonView.Of(silent, Checks.NotJudged, measure, null);
        Assert.Equal((silent["FIT_TO_DONATE"].Clause, silent["FIT_TO_DONATE"].Text), (told.Clause, told.Message));
    }

    [Theory]
    [InlineData("apheresis-platelets", "hematocrit plateletCount plateletCountAfter", "")]
    [InlineData("apheresis-platelets", "hematocrit plateletCount", "PLATELETS_AFTER")]
    [InlineData("apheresis-platelets", "haemoglobinGl", "HCT_APHERESIS PLATELETS_BEFORE PLATELETS_AFTER")]
    [InlineData("whole-blood", "", "")]
    [InlineData("whole-blood", "-noJaundice -limbsSound", "EXAM_JAUNDICE EXAM_LIMBS")]
    [InlineData("whole-blood", "-noJaundice -noExtensiveSkinDisease -limbsSound -punctureSitesIntact", "EXAM_JAUNDICE EXAM_SKIN EXAM_LIMBS EXAM_PUNCTURE_SITES")]
    [InlineData("whole-blood", "-pulse pulseOfAthlete -haemoglobinGl copperSulfatePass", "")]
    [InlineData("whole-blood", "-pulse -haemoglobinGl -hbsagPass", "PULSE HB_FEMALE HBSAG_RAPID")]
    public void What_nobody_looked_at_is_said(string procedure, string measured, string unjudged)
    {
        // Everything that is taken of everybody, but for what has a minus.
        var said = measured.Split(' ');
        var reasons = Checks.Unjudged(Release.Rules, "female", procedure, [.. Checks.Taken.Except([.. Checks.OfApheresis, "copperSulfatePass", "pulseOfAthlete"]).Where(m => !said.Contains("-" + m)), .. said]);
        Assert.Equal(unjudged, string.Join(' ', reasons.Select(r => r.Rule)));
        Assert.All(reasons, r => Assert.Equal((Checks.NotJudged, (DateOnly?)null), (r.Code, r.Until)));
    }

    [Fact]
    public void A_failing_value_says_when_it_is_over_where_the_rule_set_knows()
    {
        var findings = Checks.Judge(Release.Rules, "male", Day, new Dictionary<string, decimal> { ["haemoglobinGl"] = 119, ["weightKg"] = 49, ["limbsSound"] = 0 });
        Assert.Equal([new DeferralFact("T32", Day, Day.AddDays(1)), new DeferralFact("T32-haemoglobin", Day, Day.AddMonths(3))], findings.Deferrals.OrderBy(d => d.Code, StringComparer.Ordinal));
        Assert.Equal([("EXAM_LIMBS", null), ("HB_MALE", Day.AddMonths(3)), ("WEIGHT_MALE", (DateOnly?)Day.AddDays(1))], findings.Reasons.OrderBy(r => r.Rule, StringComparer.Ordinal).Select(r => (r.Rule, r.Until)));
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
    [InlineData("apheresis-platelets", 1, null, true)]
    [InlineData("apheresis-platelets", 1, 1, true)]
    [InlineData("apheresis-platelets", 1, 199, true)]
    [InlineData("apheresis-platelets", 1, 200, true)]
    [InlineData("apheresis-platelets", 1, 201, false)]
    [InlineData("apheresis-platelets", 2, null, true)]
    [InlineData("apheresis-platelets", 2, 1, false)]
    [InlineData("apheresis-platelets", null, 100, false)]
    [InlineData("whole-blood", null, null, true)]
    [InlineData("whole-blood", null, 1, false)]
    public void Plasma_is_taken_beside_one_unit_of_platelets(string procedure, int? units, int? plasmaMl, bool allowed)
    {
        var refused = Collection.Plasma(Release.Rules, procedure, units, plasmaMl);
        Assert.Equal(allowed ? null : Problems.VolumeNotAllowed, refused?.Problem);
        if (refused is not null) Assert.Equal("/plasmaMl", Assert.Single(refused.Errors).Pointer);
        // What was taken nevertheless is recorded, and held.
        Assert.Equal(allowed ? [] : [procedure == "whole-blood" ? "volume-out-of-tolerance" : "plasma-over-limit"], Collection.PlasmaDeviations(Release.Rules, procedure, units, plasmaMl));
    }

    [Fact]
    public void Where_no_rule_speaks_of_plasma_none_is_taken()
    {
        var silent = new RuleSet("x", "1", Day, [.. Release.Rules.Rules.Where(r => r.Kind != "plasma")]);
        Assert.Equal(Problems.VolumeNotAllowed, Collection.Plasma(silent, Procedures.ApheresisPlatelets, 1, 1)?.Problem);
        Assert.Equal(["volume-out-of-tolerance"], Collection.PlasmaDeviations(silent, Procedures.ApheresisPlatelets, 1, 1));
    }

    [Theory]
    [InlineData(400, 600, "")]
    [InlineData(400, 601, "platelets")]
    [InlineData(400, 780, "platelets")]
    [InlineData(400, 781, "platelets,plasma-fresh-frozen")]
    [InlineData(200, 300, "")]
    [InlineData(200, 301, "platelets")]
    [InlineData(200, 420, "platelets")]
    [InlineData(200, 421, "platelets,plasma-fresh-frozen")]
    [InlineData(300, 450, "")]
    [InlineData(300, 451, "platelets")]
    [InlineData(300, 600, "platelets")]
    [InlineData(300, 601, "platelets,plasma-fresh-frozen")]
    [InlineData(400, 1800, "platelets,plasma-fresh-frozen")]
    [InlineData(400, 10, "")]
    public void A_long_bleed_restricts_and_a_short_one_does_not(int nominalMl, int seconds, string restrictions)
    {
        var (deviations, restricted) = Collection.Outcome(Release.Rules, "completed", nominalMl, nominalMl, TimeSpan.FromSeconds(seconds));
        Assert.Empty(deviations);
        Assert.Equal(restrictions.Length == 0 ? [] : restrictions.Split(','), restricted);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(300)]
    [InlineData(400)]
    public void An_implausible_bleed_is_a_deviation(int nominalMl)
    {
        Assert.Empty(Collection.Outcome(Release.Rules, "completed", nominalMl, nominalMl, TimeSpan.FromSeconds(1800)).Deviations);
        Assert.Equal(["bleed-time-long"], Collection.Outcome(Release.Rules, "completed", nominalMl, nominalMl, TimeSpan.FromSeconds(1801)).Deviations);
    }

    [Fact]
    public void A_bag_serves_to_its_last_day()
    {
        Assert.Null(Collection.Bag(Day, Day));
        Assert.Equal(Problems.BagExpired, Collection.Bag(Day.AddDays(-1), Day)!.Problem);
    }
}
