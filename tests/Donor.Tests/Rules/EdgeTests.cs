using BloodPlatform.Chassis;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

/// <summary>Edges that no document of the release has, and edges of its numbers that need several donations at once.</summary>
public sealed class EdgeTests
{
    private const string Whole = Procedures.WholeBlood;
    private const string Platelets = Procedures.ApheresisPlatelets;

    private static DateOnly D(string date) => DateOnly.Parse(date, null);

    private static RuleSet With(params Rule[] rules) => new("x", "1", D("2000-01-01"), rules);

    private static Rule Interval(string from, string to, int years = 0, int months = 0, int days = 0) => new($"{from}>{to}", "interval", From: from, To: to, Years: years, Months: months, Days: days);

    private static DonorFacts Gave(params (string On, string Procedure)[] donations) => new(D("1990-05-20"), "male", [.. donations.Select(d => new PastDonation(D(d.On), d.Procedure))], []);

    private static string[] Forbidden(DonorFacts donor, string day, string procedure, RuleSet rules) => [.. Eligibility.Obstacles(donor, procedure, rules).On(D(day)).Select(o => o.Rule)];

    [Theory]
    [InlineData(1, 0, 0, "2024-02-29", "2025-02-27", "2025-02-28")] // clamped
    [InlineData(1, 0, 0, "2026-03-15", "2027-03-14", "2027-03-15")]
    [InlineData(2, 1, 0, "2026-03-15", "2028-04-14", "2028-04-15")]
    [InlineData(0, 1, 3, "2026-01-31", "2026-03-02", "2026-03-03")] // to the clamped end of February, then three days
    [InlineData(0, 1, 3, "2026-03-10", "2026-04-12", "2026-04-13")]
    [InlineData(1, 1, 1, "2026-03-10", "2027-04-10", "2027-04-11")]
    public void Years_months_and_days_add_up(int years, int months, int days, string gave, string last, string first)
    {
        var rules = With(Interval(Whole, Whole, years, months, days));
        Assert.Single(Forbidden(Gave((gave, Whole)), last, Whole, rules));
        Assert.Empty(Forbidden(Gave((gave, Whole)), first, Whole, rules));
    }

    /// <summary>What is recorded afterwards: the day before which it may have been, found by trying every day.</summary>
    [Theory]
    [InlineData(0, 6, 0)]
    [InlineData(0, 1, 0)]
    [InlineData(1, 0, 0)]
    [InlineData(1, 2, 0)]
    [InlineData(0, 1, 3)]
    [InlineData(1, 1, 2)]
    [InlineData(0, 0, 28)]
    public void Backwards_an_interval_ends_where_forwards_it_would_have_begun(int years, int months, int days)
    {
        var (rules, interval) = (With(Interval(Whole, Whole, years, months, days)), Interval(Whole, Whole, years, months, days));
        foreach (var day in new[] { "2024-02-28", "2024-02-29", "2024-03-01", "2025-02-27", "2025-02-28", "2025-03-01", "2026-03-27", "2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31", "2026-05-01", "2026-05-31", "2026-08-30", "2026-08-31" }.Select(D))
            for (var before = day.AddMonths(-(12 * years) - months).AddDays(-days - 5); before < day && before <= day.AddMonths(-(12 * years) - months).AddDays(-days + 5); before = before.AddDays(1))
                Assert.Equal(interval.EndFrom(before) <= day, Forbidden(Gave((day.ToString("O"), Whole)), before.ToString("O"), Whole, rules).Length == 0);
    }

    [Fact]
    public void An_interval_of_one_direction_leaves_the_other_open_but_never_the_same_day()
    {
        var after = With(Interval(Whole, Platelets, days: 10));
        Assert.Equal([0, 1, 1, 0], new[] { "2026-03-09", "2026-03-10", "2026-03-19", "2026-03-20" }.Select(d => Forbidden(Gave(("2026-03-10", Whole)), d, Platelets, after).Length));
        var before = With(Interval(Platelets, Whole, days: 10));
        Assert.Equal([0, 1, 1, 0], new[] { "2026-02-28", "2026-03-01", "2026-03-10", "2026-03-11" }.Select(d => Forbidden(Gave(("2026-03-10", Whole)), d, Platelets, before).Length));
        Assert.Empty(Forbidden(Gave(("2026-03-10", Whole)), "2026-03-10", Platelets, With()));
    }

    [Fact]
    public void Different_intervals_each_way_are_each_told_from_the_other()
    {
        var rules = With(Interval(Whole, Platelets, days: 30), Interval(Platelets, Whole, days: 5));
        Assert.Equal([0, 1, 1, 0], new[] { "2026-03-05", "2026-03-06", "2026-04-08", "2026-04-09" }.Select(d => Forbidden(Gave(("2026-03-10", Whole)), d, Platelets, rules).Length));
        Assert.Equal([0, 1, 1, 0], new[] { "2026-02-08", "2026-02-09", "2026-03-14", "2026-03-15" }.Select(d => Forbidden(Gave(("2026-03-10", Platelets)), d, Whole, rules).Length));
    }

    [Fact]
    public void An_approval_is_of_the_interval_it_excepts_in_its_own_direction()
    {
        var rules = With(Interval(Whole, Platelets, days: 30), Interval(Platelets, Whole, days: 20), new("SHORT", "interval-exception", Days: 10, Excepts: $"{Whole}>{Platelets}"));
        DonorFacts Approved(string on, params (string, string)[] gave) => Gave(gave) with { Approvals = [new("SHORT", D(on))] };
        Assert.Empty(Forbidden(Approved("2026-03-25", ("2026-03-10", Whole)), "2026-03-25", Platelets, rules));
        Assert.Single(Forbidden(Approved("2026-03-19", ("2026-03-10", Whole)), "2026-03-19", Platelets, rules));
        Assert.Empty(Forbidden(Approved("2026-03-20", ("2026-03-10", Whole)), "2026-03-20", Platelets, rules));
        // platelets fifteen days before whole blood: that interval has no exception
        Assert.Single(Forbidden(Approved("2026-02-23", ("2026-03-10", Whole)), "2026-02-23", Platelets, rules));
        // whole blood after platelets neither, before them it has
        Assert.Single(Forbidden(Approved("2026-03-25", ("2026-03-10", Platelets)), "2026-03-25", Whole, rules));
        Assert.Empty(Forbidden(Approved("2026-02-25", ("2026-03-10", Platelets)), "2026-02-25", Whole, rules));
        Assert.Single(Forbidden(Approved("2026-03-01", ("2026-03-10", Platelets)), "2026-03-01", Whole, rules));
        Assert.Empty(Forbidden(Approved("2026-02-28", ("2026-03-10", Platelets)), "2026-02-28", Whole, rules));
        // two days approved, in whatever order they were
        var twice = Gave(("2026-03-10", Whole)) with { Approvals = [new("SHORT", D("2026-03-28")), new("SHORT", D("2026-03-22"))] };
        Assert.Equal(["2026-03-22", "2026-03-28"], Enumerable.Range(0, 30).Select(n => D("2026-03-10").AddDays(n).ToString("O")).Where(d => Forbidden(twice, d, Platelets, rules).Length == 0));
        Assert.Empty(Forbidden(Approved("2026-04-09", ("2026-03-10", Whole)), "2026-04-09", Platelets, rules));
    }

    private static Rule Yearly(int count, int days = 0, bool calendarYear = false) => new("YEAR", "yearly", Procedures: [Platelets], Count: count, Days: days, CalendarYear: calendarYear);

    [Fact]
    public void Any_so_many_days_are_so_many_days()
    {
        var rules = With(Yearly(2, days: 10));
        DonorFacts Days(params int[] days) => Gave([.. days.Select(n => (D("2026-03-01").AddDays(n).ToString("O"), Platelets))]);
        int[] Closed(DonorFacts donor) => [.. Enumerable.Range(-20, 60).Where(n => Forbidden(donor, D("2026-03-01").AddDays(n).ToString("O"), Platelets, rules).Length > 0)];
        Assert.Empty(Closed(Days(0)));
        Assert.Equal(Enumerable.Range(-5, 15), Closed(Days(0, 4))); // with day 9 all three lie in ten days, with day 10 no more
        Assert.Equal(Enumerable.Range(0, 10), Closed(Days(0, 9)));
        Assert.Empty(Closed(Days(0, 10)));
        Assert.Equal(Enumerable.Range(-5, 15), Closed(Days(4, 0))); // in whatever order they are known
        Assert.Equal(Enumerable.Range(-5, 15).Concat(Enumerable.Range(19, 13)), Closed(Days(0, 4, 22, 28)));
        Assert.Equal(Enumerable.Range(-5, 18), Closed(Days(0, 4, 8)).Where(n => n <= 12)); // 0,4 and 4,8
        Assert.Empty(Closed(Gave(("2026-03-01", Whole), ("2026-03-03", Whole), ("2026-03-04", Platelets)))); // only its own procedure counts
    }

    [Fact]
    public void A_calendar_year_begins_on_its_first_day()
    {
        var rules = With(Yearly(2, calendarYear: true));
        var donor = Gave(("2025-12-31", Platelets), ("2026-01-01", Platelets), ("2026-12-31", Platelets), ("2027-01-01", Platelets));
        Assert.Equal([0, 1, 1, 0], new[] { "2025-06-01", "2026-01-01", "2026-12-31", "2027-06-01" }.Select(d => Forbidden(donor, d, Platelets, rules).Length));
        Assert.Empty(Forbidden(donor, "2026-06-01", Whole, rules));
        Assert.Empty(Forbidden(donor, "2026-06-01", Platelets, With(Yearly(2, days: 100)))); // and where it does not count, it does not
        Assert.Equal(["YEAR"], Forbidden(Gave(("2024-01-05", Platelets), ("2024-05-05", Platelets)), "2024-12-31", Platelets, rules));
        Assert.Empty(Forbidden(Gave(("2024-01-05", Platelets), ("2024-05-05", Platelets)), "2023-12-31", Platelets, rules));
        Assert.Empty(Forbidden(Gave(("2024-01-05", Platelets), ("2024-05-05", Platelets)), "2025-01-01", Platelets, rules));
    }

    [Fact]
    public void Millilitres_of_whole_blood_are_what_is_collected_at_least()
    {
        Rule volume = new("V", "volume", Procedures: [Whole], Values: [200, 400]), litres = new("ML", "yearly", Procedures: [Whole], Measure: "ml", AtMost: 600, Days: 365, UnitMl: 250);
        var donor = new DonorFacts(D("1990-05-20"), "male", [new(D("2026-01-01"), Whole, 400)], []);
        Assert.Empty(Forbidden(donor, "2026-06-01", Whole, With(volume, litres)));
        Assert.Equal(["ML"], Forbidden(donor with { Donations = [new(D("2026-01-01"), Whole, 401)] }, "2026-06-01", Whole, With(volume, litres)));
        Assert.Equal(["ML"], Forbidden(donor with { Donations = [new(D("2026-01-01"), Whole, 601)] }, "2026-06-01", Whole, With(litres))); // no volume known: nothing is added
        Assert.Empty(Forbidden(donor with { Donations = [new(D("2026-01-01"), Whole, 600)] }, "2026-06-01", Whole, With(litres)));
    }

    [Fact]
    public void Before_between_and_after_the_versions_nothing_is_open()
    {
        RuleDocument Version(string version, string from, string? to, int least) => new("x", version, D(from), [new("AGE_MIN", "age", AtLeast: least)], to is null ? null : D(to));
        var book = new RuleBook(3, [Version("1", "2020-01-01", "2020-12-31", 18), Version("2", "2022-01-01", "2022-12-31", 20)], Release.Book.Questionnaires);
        var obstacles = Eligibility.Obstacles(Gave(), Whole, book);
        Assert.Equal([(D("2020-01-01"), D("2020-12-31")), (D("2022-01-01"), (DateOnly?)D("2022-12-31"))], Eligibility.Windows(obstacles).Select(w => (w.From, w.To)));
        Assert.All(new[] { "2019-12-31", "2021-06-01", "2023-01-01" }, d => Assert.Equal(["RULES_IN_FORCE"], obstacles.On(D(d)).Select(o => o.Rule)));
        Assert.Equal(D("2022-01-01"), obstacles.FirstOpen(D("2021-01-01")));
        Assert.Null(obstacles.FirstOpen(D("2023-01-01")));
        var open = new RuleBook(3, [Version("1", "2020-01-01", null, 18), Version("2", "2022-01-01", null, 20)], Release.Book.Questionnaires);
        Assert.Equal([(D("2020-01-01"), null)], Eligibility.Windows(Eligibility.Obstacles(Gave(), Whole, open)).Select(w => (w.From, w.To))); // no last date at all
        // Who is 18 in the last days of one and not yet 20 in the first of the next.
        var young = Gave() with { BirthDate = D("2003-06-15") };
        Assert.Equal([(D("2021-06-15"), D("2021-12-31")), (D("2023-06-15"), (DateOnly?)null)], Eligibility.Windows(Eligibility.Obstacles(young, Whole, open)).Select(w => (w.From, w.To)));
        // A reason of each version over the same days stays two reasons; one over the border is one.
        var two = Eligibility.Obstacles(young with { Deferrals = [new("T16", D("2021-07-01"), null), new("T10", D("2021-12-30"), D("2022-01-02"))] }, Whole, open);
        Assert.Equal([("T10", D("2021-12-30"), D("2022-01-02")), ("T16", D("2021-07-01"), null)], two.Where(o => o.Category == "deferral").OrderBy(o => o.Rule).Select(o => (o.Rule, o.From, o.Until)));
    }

    [Fact]
    public void Reasons_come_in_the_order_in_which_they_end_and_what_never_ends_is_last()
    {
        var donor = Gave() with { Deferrals = [new("T16", D("2026-01-01"), null), new("T10", D("2026-01-01"), D("2026-03-01")), new("T01", D("2026-01-01"), D("2026-02-01")), new("T02", D("2026-01-01"), D("2026-01-01"))] };
        var standing = Eligibility.Obstacles(donor, Whole, Release.Book).On(D("2026-01-15"));
        Assert.Equal(["T01", "T10", "T16"], standing.Select(o => o.Rule));
        Assert.DoesNotContain(Eligibility.Obstacles(donor, Whole, Release.Book), o => o.Rule == "T02"); // lifted on its first day
        Assert.Equal([true, false, false, false], new[] { "deferral", "age", "interval", "rule-set" }.Select(c => new Obstacle("R", c, D("2026-01-01"), null).Medical));
    }

    [Fact]
    public void A_donor_of_neither_first_nor_repeat_rules_has_the_age_of_all()
    {
        string[] On(string born, string day, params Rule[] ages) => [.. Eligibility.Obstacles(Gave(("2020-01-01", Whole)) with { BirthDate = D(born), FirstReaction = D("2020-01-01") }, Whole, With(ages)).On(D(day)).Select(o => o.Rule)];
        Rule all = new("ALL", "age", AtMost: 65), first = new("FIRST", "age", AtMost: 60, Donors: "first-time"), repeat = new("REPEAT", "age", AtMost: 70, Donors: "repeat"), women = new("WOMEN", "age", AtLeast: 90, Sex: "female");
        Assert.Equal(["", "ALL"], new[] { "2025-05-19", "2025-05-20" }.Select(d => string.Concat(On("1959-05-20", d, all, women))));
        Assert.Equal(["", "REPEAT"], new[] { "2030-05-19", "2030-05-20" }.Select(d => string.Concat(On("1959-05-20", d, repeat))));
        Assert.Equal(["", ""], new[] { "2020-05-20", "2050-05-20" }.Select(d => string.Concat(On("1959-05-20", d, first)))); // who gave before has no end of his own
        Assert.Equal(["", "REPEAT"], new[] { "2030-05-19", "2030-05-20" }.Select(d => string.Concat(On("1959-05-20", d, first, repeat)))); // harmed, and the rules don't mind
        Assert.Equal(["", "FIRST"], new[] { "2020-05-19", "2020-05-20" }.Select(d => string.Concat(On("1959-05-20", d, first, repeat with { UnlessReaction = true }))));
    }

    [Fact]
    public void What_is_not_made_of_it_is_so_while_the_deferral_stands()
    {
        var donor = Gave() with { Deferrals = [new("T20", D("2026-03-01"), D("2026-03-06")), new("T20", D("2026-03-02"), null), new("UNKNOWN", D("2026-01-01"), null), new("T10", D("2026-01-01"), null)] };
        Assert.Equal(["", "platelets", "platelets"], new[] { "2026-02-28", "2026-03-01", "2027-01-01" }.Select(d => string.Concat(Eligibility.Restrictions(donor, Release.Rules, D(d)))));
        var once = donor with { Deferrals = [donor.Deferrals[0]] };
        Assert.Equal(["platelets", ""], new[] { "2026-03-05", "2026-03-06" }.Select(d => string.Concat(Eligibility.Restrictions(once, Release.Rules, D(d)))));
    }

    [Theory]
    [InlineData(400, 360, "")]
    [InlineData(400, 359, "volume-out-of-tolerance")]
    [InlineData(400, 440, "")]
    [InlineData(400, 441, "volume-out-of-tolerance")]
    [InlineData(200, 180, "")]
    [InlineData(200, 179, "volume-out-of-tolerance")]
    public void What_is_weighed_lies_within_ten_percent(int nominal, int collected, string deviation) =>
        Assert.Equal(deviation, string.Concat(Collection.Outcome(Release.Rules, "completed", nominal, collected, TimeSpan.FromMinutes(5)).Deviations));

    [Fact]
    public void What_was_abandoned_says_so_and_an_apheresis_bleeds_as_long_as_it_takes()
    {
        Assert.Equal(["volume-out-of-tolerance", "collection-abandoned"], Collection.Outcome(Release.Rules, "abandoned", 400, 100, TimeSpan.FromMinutes(2)).Deviations);
        Assert.Equal(["collection-abandoned"], Collection.Outcome(Release.Rules, "abandoned", 400, null, TimeSpan.FromMinutes(2)).Deviations);
        var (deviations, restrictions) = Collection.Outcome(Release.Rules, "completed", null, null, TimeSpan.FromMinutes(90));
        Assert.Empty(deviations);
        Assert.Empty(restrictions);
        Assert.Equal(["platelets", "plasma-fresh-frozen"], Collection.Outcome(Release.Rules, "completed", 300, 300, TimeSpan.FromMinutes(31)).Restrictions);
        var noteOnly = With(new Rule("T", "tolerance", Percent: 10), new Rule("SLOW", "bleed-time", AtMost: 60, Deviation: "slow"));
        Assert.Equal(("slow", 0), Collection.Outcome(noteOnly, "completed", 400, 400, TimeSpan.FromMinutes(2)) is var (d, r) ? (d.Single(), r.Length) : default);
    }

    [Fact]
    public void Every_scan_is_of_the_same_number()
    {
        const string din = "A999926000001", other = "A999926000002";
        Assert.Null(Collection.Scans(din, null, []));
        Assert.Null(Collection.Scans(din, din, [din, din]));
        Assert.Equal(["/bagScan"], Collection.Scans(din, other, [din])!.Errors.Select(e => e.Pointer));
        Assert.Equal(["/sampleTubeScans/1"], Collection.Scans(din, null, [din, other])!.Errors.Select(e => e.Pointer));
        Assert.Equal(["/bagScan", "/sampleTubeScans/0"], Collection.Scans(din, "smudge", ["smudge"])!.Errors.Select(e => e.Pointer));
        Assert.Equal(Problems.DinMismatch, Collection.Scans(din, din, [other])!.Problem);
    }

    private static readonly Questionnaire Two = new("q", "1", D("2012-07-01"), [new("cold", "yes", "T10", "感冒？", "A cold?"), new("well", "no", "T32", "身体好吗？", "Well?"), new("aspirin", "yes", "T20", "阿司匹林？", "Aspirin?")]);

    private static (string Findings, string Problem) Asked(string cold, string well, string aspirin, bool fit = true, string[]? offered = null, string? more = null)
    {
        var answers = new Dictionary<string, string>();
        foreach (var (code, answer) in new[] { ("cold", cold), ("well", well), ("aspirin", aspirin) }) if (answer.Length > 0) answers[code] = answer;
        if (more is not null) answers[more] = "no";
        var (findings, rejection) = Two.Judge(answers, fit, Release.Rules, D("2026-03-05"), offered);
        return (findings is null ? "" : $"{string.Join(',', findings.Reasons.Select(r => r.Rule))}/{string.Join(',', findings.Deferrals.Select(d => d.Code))}", rejection is null ? "" : $"{rejection.Problem.Code} {string.Join(',', rejection.Errors.Select(e => e.Pointer))}");
    }

    [Fact]
    public void Answers_are_judged_one_by_one_and_together()
    {
        Assert.Equal(("/", ""), Asked("no", "yes", "no"));
        Assert.Equal(("T10/T10", ""), Asked("yes", "yes", "no"));
        Assert.Equal(("T10,T32/T10,T32", ""), Asked("yes", "no", "no"));
        Assert.Equal(("ANSWER_UNKNOWN/", ""), Asked("unknown", "yes", "no"));
        Assert.Equal(("FIT_TO_DONATE/", ""), Asked("no", "yes", "no", fit: false));
        Assert.Equal(("T10,ANSWER_UNKNOWN,FIT_TO_DONATE/T10", ""), Asked("yes", "unknown", "no", fit: false));
        // Aspirin leaves whole blood, where that is offered.
        Assert.Equal(("/T20", ""), Asked("no", "yes", "yes"));
        Assert.Equal(("/T20", ""), Asked("no", "yes", "yes", offered: [Whole]));
        Assert.Equal(("T20/T20", ""), Asked("no", "yes", "yes", offered: [Platelets]));
        Assert.Equal(("T10,T20/T10,T20", ""), Asked("yes", "yes", "yes"));
        Assert.Equal(("", "answers_missing /answers/cold"), Asked("", "yes", "no"));
        Assert.Equal(("", "answers_missing /answers/cold,/answers/aspirin"), Asked("", "maybe", ""));
        Assert.Equal(("", "invalid_value /answers/well"), Asked("no", "maybe", "no"));
        Assert.Equal(("", "invalid_value /answers/fever"), Asked("no", "yes", "no", more: "fever"));
    }

    [Fact]
    public void A_walk_in_is_turned_away_only_where_no_procedure_is_left()
    {
        string Judge(params string[] offered) => string.Concat(Decision.Judge(Release.Book, Release.Rules, new(D("2026-03-20"), Gave(("2026-03-01", Platelets)), offered)).Reasons.Select(r => r.Rule));
        Assert.Equal(["INTERVAL_PLT_WB", "", "", "INTERVAL_PLT_WB"], new[] { Judge(Whole), Judge(Platelets), Judge(Whole, Platelets), Judge(Whole, Whole) });
    }
}
