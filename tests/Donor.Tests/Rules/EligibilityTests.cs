using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

public sealed class EligibilityTests
{
    private const string Whole = Procedures.WholeBlood;
    private const string Platelets = Procedures.ApheresisPlatelets;
    private static readonly DateOnly Born = new(1990, 5, 20);

    private static DateOnly D(string date) => DateOnly.Parse(date, null);

    private static DonorFacts Donor(DateOnly? born = null, PastDonation[]? donations = null, DeferralFact[]? deferrals = null, DateOnly? reaction = null) =>
        new(born ?? Born, "male", donations ?? [], deferrals ?? [], reaction);

    private static string[] On(DonorFacts donor, string date, string procedure = Whole) => [.. Eligibility.Obstacles(donor, procedure, Release.Rules).On(D(date)).Select(o => o.Rule)];

    [Theory]
    [InlineData("2000-06-15", "2018-06-14", "AGE_MIN")] // 17 years and 364 days
    [InlineData("2000-06-15", "2018-06-15", null)]
    [InlineData("2000-02-29", "2018-02-28", "AGE_MIN")] // completed on 1 March where there is no 29 February
    [InlineData("2000-02-29", "2018-03-01", null)]
    [InlineData("1965-06-15", "2021-06-14", null)] // 55 years and 364 days
    [InlineData("1965-06-15", "2021-06-15", "AGE_MAX_FIRST")]
    [InlineData("1964-02-29", "2020-02-28", null)]
    [InlineData("1964-02-29", "2020-02-29", "AGE_MAX_FIRST")]
    public void A_first_time_donor_is_18_to_55(string born, string on, string? rule) => Assert.Equal(rule is null ? [] : [rule], On(Donor(D(born)), on));

    [Theory]
    [InlineData("2021-06-15", null)] // 56th birthday
    [InlineData("2026-06-14", null)] // 60 years and 364 days
    [InlineData("2026-06-15", "AGE_MAX_REPEAT")]
    public void A_repeat_donor_may_give_to_60(string on, string? rule) => Assert.Equal(rule is null ? [] : [rule], On(Donor(D("1965-06-15"), [new(D("2015-01-01"), Whole)]), on));

    [Fact]
    public void A_reaction_ends_the_extension() => Assert.Equal(["AGE_MAX_FIRST"], On(Donor(D("1965-06-15"), [new(D("2015-01-01"), Whole)], reaction: D("2015-01-01")), "2022-01-01"));

    [Fact]
    public void Whoever_gave_first_later_is_no_repeat_donor_before() => Assert.Equal(["AGE_MAX_FIRST"], On(Donor(D("1965-06-15"), [new(D("2023-01-01"), Whole)]), "2022-01-01"));

    [Theory]
    [InlineData(Whole, "2026-01-31", Whole, "2026-07-30", false)]
    [InlineData(Whole, "2026-01-31", Whole, "2026-07-31", true)]
    [InlineData(Whole, "2025-08-31", Whole, "2026-02-27", false)]
    [InlineData(Whole, "2025-08-31", Whole, "2026-02-28", true)] // clamped
    [InlineData(Whole, "2026-01-15", Platelets, "2026-04-14", false)]
    [InlineData(Whole, "2026-01-15", Platelets, "2026-04-15", true)]
    [InlineData(Platelets, "2026-01-15", Platelets, "2026-01-28", false)]
    [InlineData(Platelets, "2026-01-15", Platelets, "2026-01-29", true)]
    [InlineData(Platelets, "2026-01-15", Whole, "2026-02-11", false)]
    [InlineData(Platelets, "2026-01-15", Whole, "2026-02-12", true)]
    // what is recorded afterwards must leave the interval to what came after it
    [InlineData(Whole, "2026-07-31", Whole, "2026-01-31", true)]
    [InlineData(Whole, "2026-07-31", Whole, "2026-02-01", false)]
    [InlineData(Whole, "2026-02-28", Whole, "2025-08-31", true)]
    [InlineData(Whole, "2026-02-28", Whole, "2025-09-01", false)]
    [InlineData(Whole, "2026-02-12", Platelets, "2026-01-15", true)]
    [InlineData(Whole, "2026-02-12", Platelets, "2026-01-16", false)]
    [InlineData(Whole, "2026-02-12", Whole, "2026-02-12", false)]
    public void Intervals_hold_to_the_day_and_both_ways(string gave, string when, string wants, string on, bool open) =>
        Assert.Equal(open, On(Donor(donations: [new(D(when), gave)]), on, wants).Length == 0);

    [Fact]
    public void The_25th_platelet_donation_of_a_year_waits()
    {
        var dates = Enumerable.Range(0, 24).Select(i => new DateOnly(2025, 1, 10).AddDays(15 * i)).ToArray(); // the last on 2025-12-21
        var donor = Donor(donations: [.. dates.Select(d => new PastDonation(d, Platelets))]);
        Assert.Empty(On(Donor(donations: [.. dates[..23].Select(d => new PastDonation(d, Platelets))]), "2025-12-21", Platelets));
        Assert.Contains("YEARLY_PLATELETS", On(donor, "2025-12-31", Platelets)); // calendar year
        Assert.Contains("YEARLY_PLATELETS", On(donor, "2026-01-09", Platelets)); // 365 days
        Assert.Empty(On(donor, "2026-01-10", Platelets));
        Assert.DoesNotContain("YEARLY_PLATELETS", On(donor, "2025-12-31"));
    }

    [Theory]
    [InlineData("T01", "2026-03-01", "2026-03-04")]
    [InlineData("T02", "2026-03-01", "2026-03-16")]
    [InlineData("T03", "2026-01-31", "2026-04-30")]
    [InlineData("T04", "2025-08-31", "2026-02-28")]
    [InlineData("T14", "2024-02-29", "2025-02-28")]
    [InlineData("T25", "2026-03-01", "2026-03-02")]
    [InlineData("T17", "2026-03-01", "2028-03-01")]
    [InlineData("T18-recovered", "2026-03-01", "2029-03-01")]
    [InlineData("T16", "2026-03-01", null)]
    [InlineData("P07", "2026-03-01", null)]
    public void A_deferral_lasts_as_the_rule_set_says(string code, string from, string? until)
    {
        var deferral = Checks.Defer(Release.Rules, code, D(from));
        Assert.Equal(until is null ? null : D(until), deferral.Until);
        var donor = Donor(deferrals: [deferral]);
        Assert.Equal([code], On(donor, from));
        if (until is not null) Assert.Empty(On(donor, until));
        Assert.Equal(until is null ? null : D(until), Eligibility.Obstacles(donor, Whole, Release.Rules).FirstOpen(D(from)));
    }

    [Fact]
    public void Aspirin_stops_platelets_only()
    {
        var donor = Donor(deferrals: [Checks.Defer(Release.Rules, "T20", D("2026-03-01"))]);
        Assert.Equal(["T20"], On(donor, "2026-03-05", Platelets));
        Assert.Empty(On(donor, "2026-03-05"));
    }

    [Fact]
    public void Before_the_rules_were_in_force_nothing_is_open() => Assert.Equal(["RULES_IN_FORCE"], On(Donor(D("1980-01-01")), "2012-06-30"));

    [Fact]
    public void Every_deferral_of_the_standard_is_there_and_says_where_it_comes_from()
    {
        var codes = Release.Rules.OfKind("deferral").Select(r => r.Code).ToHashSet();
        Assert.All(Enumerable.Range(1, 32).Select(n => $"T{n:00}").Concat(Enumerable.Range(1, 22).Select(n => $"P{n:00}")), code => Assert.Contains(code, codes));
        Assert.All(Release.Rules.Rules, r => Assert.True(r.Clause.Length > 0 && r.Source.Length > 0 && r.Confidence is "high" or "medium" or "low" && r.Zh.Length > 0 && r.En.Length > 0, r.Code));
        Assert.All(Release.Rules.OfKind("deferral"), r => Assert.True(r.Permanent || r.OpenEnded || r.Years + r.Months + r.Days > 0, r.Code));
        Assert.All(Release.Rules.Rules.Where(r => r.Defers is not null), r => Assert.Equal("deferral", Release.Rules[r.Defers!].Kind));
    }

    [Fact]
    public void Every_question_maps_to_a_deferral_of_the_rule_set()
    {
        Assert.InRange(RuleBook.OfRelease.Questionnaires[^1].Questions.Length, 15, 25);
        Assert.All(RuleBook.OfRelease.Questionnaires[^1].Questions, q => Assert.Equal("deferral", Release.Rules.Find(q.Deferral)?.Kind));
    }
}
