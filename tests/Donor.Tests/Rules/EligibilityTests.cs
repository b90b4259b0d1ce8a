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

    /// <summary>Else an app told `age` of a repeat donor of 57 would know of his reaction.</summary>
    [Fact]
    public void An_app_tells_a_reaction_at_57_from_no_other_medical_reason()
    {
        CoarseEligibilityView App(string today, string? reaction, params DeferralFact[] deferrals) => Eligibility.Coarse(Eligibility.Obstacles(Donor(D("1965-06-15"), [new(D("2015-01-01"), Whole)], deferrals, reaction is null ? null : D(reaction)), Whole, Release.Book), D(today), D(today));
        DeferralFact cold = new("T10", D("2022-12-31"), D("2023-01-07"));
        Assert.Equal(new(true, null, null), App("2023-01-01", null));
        Assert.Equal(App("2023-01-01", null, cold), App("2023-01-01", "2015-01-01"));
        Assert.Equal(App("2023-01-01", null, cold), App("2023-01-01", "2022-12-31")); // harmed when he was 57 already
        Assert.Equal("ask-station", App("2023-01-01", "2015-01-01").Category);
        Assert.Equal(new(true, null, null), App("2021-06-14", "2015-01-01")); // 55: it forbids nothing yet
        Assert.Equal(App("2026-06-15", null), App("2026-06-15", "2015-01-01")); // at 61 age forbids both
        Assert.Equal(new(false, "age", null), App("2026-06-15", null));
        Assert.Equal("age", Eligibility.Coarse(Eligibility.Obstacles(Donor(D("1965-06-15")), Whole, Release.Book), D("2023-01-01"), D("2023-01-01")).Category); // who never gave
        Assert.Equal([("reaction", "2021-06-15", "2026-06-15"), ("age", "2026-06-15", "")], Eligibility.Obstacles(Donor(D("1965-06-15"), [new(D("2015-01-01"), Whole)], reaction: D("2015-01-01")), Whole, Release.Book)
            .Where(o => o.From > D("2020-01-01")).Select(o => (o.Category, o.From.ToString("O"), o.Until?.ToString("O") ?? "")));
    }

    [Fact]
    public void An_attempt_runs_the_interval_and_makes_nobody_a_repeat_donor()
    {
        Assert.Equal(["INTERVAL_WB_WB"], On(Donor(D("1990-01-01"), [new(D("2026-01-31"), Whole, Attempt: true)]), "2026-07-30"));
        Assert.Equal([], On(Donor(D("1990-01-01"), [new(D("2026-01-31"), Whole, Attempt: true)]), "2026-07-31"));
        Assert.Equal(["AGE_MAX_FIRST"], On(Donor(D("1965-06-15"), [new(D("2015-01-01"), Whole, Attempt: true)]), "2022-01-01"));
    }

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
    [InlineData(9750, true)] // the next one adds 250 ml at least
    [InlineData(9751, false)]
    public void Platelets_and_plasma_of_a_year_are_at_most_ten_litres(int given, bool open)
    {
        var donor = Donor(donations: [.. Enumerable.Range(0, 15).Select(i => new PastDonation(D("2025-01-01").AddDays(20 * i), Platelets, i == 14 ? given - (14 * 650) : 650))]); // the last on 2025-10-08
        Assert.Equal(open ? [] : ["YEARLY_PLATELET_PLASMA_ML"], On(donor, "2025-12-31", Platelets).Distinct());
        Assert.Empty(On(donor, "2026-01-01", Platelets)); // a new calendar year, and the first 650 ml are a year away
        Assert.Empty(On(donor, "2025-12-31")); // nothing of it is about whole blood
        var later = Donor(donations: [.. donor.Donations.Select(d => d with { On = d.On.AddDays(100) })]); // the last on 2026-01-16: no calendar year is full
        Assert.Equal(open ? [] : ["YEARLY_PLATELET_PLASMA_ML"], On(later, "2026-04-10", Platelets));
        Assert.Empty(On(later, "2026-04-11", Platelets));
        Assert.Empty(On(Donor(donations: [.. donor.Donations.Select(d => d with { Ml = null, Units = 2 })]), "2025-12-31", Platelets)); // 15 × 2 × 250 ml
        Assert.NotEmpty(On(Donor(donations: [.. Enumerable.Range(0, 20).Select(i => new PastDonation(D("2025-01-01").AddDays(15 * i), Platelets, 0, 2))]), "2025-12-31", Platelets)); // 20 × 2 × 250 ml; weighed as nothing is not weighed
    }

    [Fact]
    public void A_limit_below_the_least_that_is_collected_closes_everything()
    {
        RuleSet With(int ml) => new("x", "1", D("2012-07-01"), [.. Release.Rules.Rules.Select(r => r.Code == "YEARLY_PLATELET_PLASMA_ML" ? r with { AtMost = ml } : r)]);
        Assert.Null(Eligibility.Obstacles(Donor(), Platelets, With(249)).FirstOpen(D("2026-01-01")));
        Assert.Equal(D("2026-01-01"), Eligibility.Obstacles(Donor(), Platelets, With(250)).FirstOpen(D("2026-01-01")));
        Assert.Equal(D("2027-01-01"), Eligibility.Obstacles(Donor(donations: [new(D("2026-01-01"), Platelets, 1)]), Platelets, With(250)).FirstOpen(D("2026-01-01")));
    }

    [Theory]
    [InlineData(6, true, false)]
    [InlineData(7, true, true)]
    [InlineData(13, true, true)]
    [InlineData(13, false, false)]
    [InlineData(14, false, true)]
    public void A_week_between_platelets_is_enough_where_a_physician_approved_the_day(int days, bool approved, bool open)
    {
        var day = D("2026-01-15").AddDays(days);
        var donor = Donor(donations: [new(D("2026-01-15"), Platelets)]) with { Approvals = approved ? [new("INTERVAL_PLT_PLT_HLA", day)] : null };
        Assert.Equal(open, On(donor, day.ToString("O"), Platelets).Length == 0);
        // and before one that is already known, to be recorded afterwards
        var before = Donor(donations: [new(day, Platelets)]) with { Approvals = approved ? [new("INTERVAL_PLT_PLT_HLA", D("2026-01-15"))] : null };
        Assert.Equal(open, On(before, "2026-01-15", Platelets).Length == 0);
        // of another rule, or for whole blood, it is nothing
        Assert.Equal(days >= 14, On(donor with { Approvals = [new("INTERVAL_WB_WB", day)] }, day.ToString("O"), Platelets).Length == 0);
        Assert.NotEmpty(On(donor, day.ToString("O")));
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

    /// <summary>Contact with a disease, or a stay where it is, lasts as long as it may take to break out.</summary>
    [Theory]
    [InlineData("T16-varicella", 21)]
    [InlineData("T16-measles", 21)]
    [InlineData("T16-rubella", 21)]
    [InlineData("T16-mumps", 25)]
    [InlineData("T16-scarlet-fever", 12)]
    [InlineData("T16-pertussis", 21)]
    [InlineData("T16-diphtheria", 10)]
    [InlineData("T16-meningococcal", 10)]
    [InlineData("T16-influenza", 7)]
    [InlineData("T16-avian-influenza", 10)]
    [InlineData("T16-covid", 14)]
    [InlineData("T16-sars", 14)]
    [InlineData("T16-hand-foot-mouth", 10)]
    [InlineData("T16-polio", 35)]
    [InlineData("T16-hepatitis-a", 50)]
    [InlineData("T16-hepatitis-e", 75)]
    [InlineData("T16-dysentery", 7)]
    [InlineData("T16-typhoid", 60)]
    [InlineData("T16-mpox", 21)]
    [InlineData("T24-plague", 6)]
    [InlineData("T24-cholera", 5)]
    [InlineData("T24-yellow-fever", 6)]
    [InlineData("T24-ebola", 21)]
    [InlineData("T24-mers", 14)]
    [InlineData("T24-covid", 14)]
    [InlineData("T24-dengue", 14)]
    [InlineData("T24-zika", 14)]
    [InlineData("T24-mpox", 21)]
    public void An_incubation_lasts_to_its_last_day(string code, int days)
    {
        var met = D("2026-03-01");
        var donor = Donor(deferrals: [Checks.Defer(Release.Rules, code, met)]);
        Assert.Equal([code], On(donor, met.AddDays(days - 1).ToString("O")));
        Assert.Empty(On(donor, met.AddDays(days).ToString("O")));
    }

    [Fact]
    public void Every_incubation_has_its_edge_above()
    {
        var tested = typeof(EligibilityTests).GetMethod(nameof(An_incubation_lasts_to_its_last_day))!.GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>().Select(a => (string)a.Data[0]!);
        Assert.Equal(Release.Rules.OfKind("deferral").Select(r => r.Code).Where(c => c.StartsWith("T16-", StringComparison.Ordinal) || c.StartsWith("T24-", StringComparison.Ordinal)).Order(StringComparer.Ordinal), tested.Order(StringComparer.Ordinal));
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

    /// <summary>domain.md §2.4 and §2.5 once more, by hand: a slip of the pen in the rule set shows here.</summary>
    /// <param name="from">Words of the row that say from when on it runs, where it is not the thing itself.</param>
    /// <param name="source">Where the text was seen.</param>
    [Theory]
    [InlineData("T01", "3 d", "", "XZ")]
    [InlineData("T02", "15 d", "", "XZ")]
    [InlineData("T03", "3 mo", "healed", "XZ")]
    [InlineData("T04", "6 mo", "healed", "XZ")]
    [InlineData("T05", "1 y", "", "XZ")]
    [InlineData("T06", "3 d", "last day", "XZ")]
    [InlineData("T06-now", "10 d", "", "XZ")]
    [InlineData("T07", "6 mo", "", "XZ")]
    [InlineData("T07-pregnancy", "open", "end is known", "XZ")]
    [InlineData("T08", "1 y", "end of breast-feeding", "XZ")]
    [InlineData("T08-breast-feeding", "open", "end is known", "XZ")]
    [InlineData("T09", "7 d", "recovered", "XZ")]
    [InlineData("T09-surgery", "3 mo", "", "XZ")]
    [InlineData("T10", "7 d", "recovered", "XZ")]
    [InlineData("T10-pneumonia", "3 mo", "recovered", "XZ")]
    [InlineData("T11", "7 d", "recovered", "XZ")]
    [InlineData("T12", "1 mo", "recovered", "XZ")]
    [InlineData("T12-pyelonephritis", "3 mo", "recovered", "XZ")]
    [InlineData("T12-stone", "open", "during the attack", "XZ")]
    [InlineData("T13", "7 d", "healed", "XZ")]
    [InlineData("T13-extensive", "14 d", "recovered", "XZ")]
    [InlineData("T13-not-recovered", "open", "until it is recovered", "XZ")]
    [InlineData("T14", "1 y", "", "XZ")]
    [InlineData("T15", "1 y", "", "TZ")]
    [InlineData("T16", "open", "longest incubation", "XZ")]
    [InlineData("T17", "2 y", "", "XZ")]
    [InlineData("T17-hepatitis-a", "1 y", "", "XZ")]
    [InlineData("T17-dysentery", "6 mo", "", "XZ")]
    [InlineData("T17-typhoid", "1 y", "", "XZ")]
    [InlineData("T17-brucellosis", "2 y", "", "XZ")]
    [InlineData("T18", "1 y", "", "XZ")]
    [InlineData("T18-recovered", "3 y", "recovered", "XZ")]
    [InlineData("T19", "6 mo", "", "XZ")]
    [InlineData("T19-q-fever", "2 y", "", "XZ")]
    [InlineData("T20", "5 d", "platelets only", "XZ")]
    [InlineData("T21", "1 y", "", "mem")]
    [InlineData("T22", "1 y", "", "mem")]
    [InlineData("T23", "open", "until recovered", "mem")]
    [InlineData("T23-rheumatic-fever", "2 y", "", "mem")]
    [InlineData("T24", "open", "longest incubation", "TZ")]
    [InlineData("T25", "1 d", "", "XN")]
    [InlineData("T26", "14 d", "last dose", "XN")]
    [InlineData("T27", "28 d", "last dose", "XN")]
    [InlineData("T28", "1 y", "last dose", "XN")]
    [InlineData("T29", "28 d", "", "XN")]
    [InlineData("T30", "1 y", "", "XN")]
    [InlineData("T31", "2 d", "", "COV")]
    [InlineData("T31-other-vaccine", "14 d", "", "COV")]
    [InlineData("T31-infection", "7 d", "Recovered", "COV")]
    [InlineData("T32", "1 d", "", "SOP")]
    [InlineData("T32-haemoglobin", "3 mo", "", "SOP")]
    [InlineData("T32-alt", "1 mo", "", "SOP")]
    [InlineData("T32-hbsag", "open", "", "SOP")]
    [InlineData("T33", "interval", "intervals leave open", "DW")]
    public void A_temporary_deferral_lasts_as_long_as_the_standard_says(string code, string lasts, string from, string source)
    {
        var row = Release.Rules[code];
        var expected = lasts.Split(' ') switch
        {
            ["open"] => new Rule(code, "deferral", OpenEnded: true), ["interval"] => new Rule(code, "deferral", UntilInterval: true),
            [var n, "d"] => new Rule(code, "deferral", Days: int.Parse(n, null)), [var n, "mo"] => new Rule(code, "deferral", Months: int.Parse(n, null)), [var n, _] => new Rule(code, "deferral", Years: int.Parse(n, null)),
            _ => throw new ArgumentException(lasts),
        };
        Assert.Equal((expected.Days, expected.Months, expected.Years, expected.OpenEnded, expected.UntilInterval, false), (row.Days, row.Months, row.Years, row.OpenEnded, row.UntilInterval, row.Permanent));
        Assert.Contains(from, row.En, StringComparison.Ordinal);
        Assert.Equal(source, row.Source.Split(',', ':', ';')[0]);
        Assert.StartsWith(source switch { "XN" => "血站技术操作规程 2019 (vaccines)", "COV" => "blood stations' epidemic guidance 2021-03-29", "SOP" => "station procedure (no text says how long)", _ => "GB 18467-2011 ch. " }, row.Clause, StringComparison.Ordinal);
        Assert.Equal(source is "SOP" || code == "T06-now" ? "low" : source == "DW" ? "high" : "medium", row.Confidence);
        Assert.Equal(code == "T20" ? [Platelets] : null, row.Procedures);
        Assert.Equal(code == "T20" ? ["platelets"] : null, row.Restricts);
        Assert.Equal(code == "T32-hbsag", row.TestDerived);
    }

    [Fact]
    public void Of_33_temporary_and_22_permanent_deferrals_each_has_its_row_above()
    {
        var temporary = typeof(EligibilityTests).GetMethod(nameof(A_temporary_deferral_lasts_as_long_as_the_standard_says))!.GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>().Select(a => (string)a.Data[0]!).ToArray();
        Assert.Equal(Enumerable.Range(1, 33).Select(n => $"T{n:00}"), temporary.Select(c => c[..3]).Distinct());
        var rows = Release.Rules.OfKind("deferral");
        Assert.Equal(rows.Select(r => r.Code).Where(c => c[0] == 'T' && c[1] is >= '0' and <= '9' && !c.StartsWith("T16-", StringComparison.Ordinal) && !c.StartsWith("T24-", StringComparison.Ordinal)).Order(StringComparer.Ordinal), temporary.Order(StringComparer.Ordinal));
        Assert.Equal(Enumerable.Range(1, 22).Select(n => $"P{n:00}"), rows.Where(r => r.Permanent).Select(r => r.Code));
        Assert.All(rows.Where(r => r.Permanent), r => Assert.Equal((0, 0, 0, false, "GB 18467-2011 6.2.1", r.Code == "P22"), (r.Years, r.Months, r.Days, r.OpenEnded, r.Clause, r.TestDerived)));
    }

    /// <summary>Each group of §2.5 with words that a donor must have been asked for, in both languages.</summary>
    [Theory]
    [InlineData("P01", "艾滋病 梅毒 其他性病 麻风病 乙型 丙型 携带", "HIV syphilis sexually leprosy hepatitis carrier")]
    [InlineData("P03", "心脏病 高血压 循环", "Heart pressure circulation")]
    [InlineData("P07", "糖尿病 内分泌", "Diabetes endocrine")]
    [InlineData("P10", "过敏 荨麻疹", "allergy urticaria")]
    [InlineData("P11", "癫痫 晕厥 神经", "Epilepsy fainting neurological")]
    [InlineData("P14", "恶性肿瘤 良性肿瘤", "malignant benign")]
    [InlineData("P18", "吸毒 药物依赖 激素 免疫抑制剂", "Drug dependence steroids immunosuppressants")]
    [InlineData("P19", "男男性行为 多个性伴侣", "between men|several sexual partners")]
    [InlineData("T22", "多个性伴侣 静脉吸毒", "several partners|injects drugs")]
    [InlineData("T07-pregnancy", "妊娠", "Pregnant now")]
    [InlineData("T07", "6个月内流产", "last 6 months|abortion")]
    [InlineData("T08-breast-feeding", "正在哺乳", "Breast-feeding now")]
    [InlineData("T13-not-recovered", "未痊愈 愈合", "not over|healed")]
    [InlineData("T06-now", "正值月经期 3天内", "now|within 3 days")]
    public void A_question_names_what_its_deferral_is_for(string deferral, string zh, string en)
    {
        var question = Assert.Single(RuleBook.OfRelease.Questionnaires[^1].Questions, q => q.Deferral == deferral);
        Assert.All(zh.Split(' '), word => Assert.Contains(word, question.Zh, StringComparison.Ordinal));
        Assert.All(en.Contains('|') ? en.Split('|') : deferral[0] == 'P' ? en.Split(' ') : [en], word => Assert.Contains(word, question.En, StringComparison.Ordinal));
    }

    [Fact]
    public void What_goes_on_has_no_end_until_somebody_knows_it()
    {
        var asked = RuleBook.OfRelease.Questionnaires[^1];
        DeferralFact? Of(string question) => asked.Judge(asked.Questions.ToDictionary(q => q.Code, q => q.Code == question ^ q.DefersOn == "no" ? "yes" : "no"), true, Release.Rules, D("2026-03-05")).Findings!.Deferrals.SingleOrDefault();
        Assert.Null(Of(""));
        Assert.Equal(new("T07-pregnancy", D("2026-03-05"), null), Of("pregnancy"));
        Assert.Equal(new("T07", D("2026-03-05"), D("2026-09-05")), Of("abortion"));
        Assert.Equal(new("T08-breast-feeding", D("2026-03-05"), null), Of("breast-feeding"));
        Assert.Equal(new("T13-not-recovered", D("2026-03-05"), null), Of("not-recovered"));
        Assert.Equal(new("T06-now", D("2026-03-05"), D("2026-03-15")), Of("menstruation-now"));
        Assert.Equal(new("T10", D("2026-03-05"), D("2026-03-12")), Of("cold"));
    }

    [Fact]
    public void That_the_interval_is_not_over_ends_with_the_first_that_is_and_closes_nothing_itself()
    {
        var today = D("2026-02-01");
        DeferralFact Of(DonorFacts donor) => Checks.Defer(Release.Book, Release.Rules, "T33", D("2026-01-01"), donor, today);
        var gave = Donor(donations: [new(D("2026-01-15"), Whole)]);
        Assert.Equal(new("T33", today, D("2026-04-15")), Of(gave)); // platelets after three months
        Assert.Equal(today, Of(Donor()).Until);
        Assert.Equal(today.AddDays(3), Checks.Defer(Release.Book, Release.Rules, "T01", today, gave, today).Until);
        foreach (var procedure in Procedures.All) Assert.Equal(Eligibility.Obstacles(gave, procedure, Release.Book), Eligibility.Obstacles(gave with { Deferrals = [Of(gave)] }, procedure, Release.Book));
        Assert.False(Reach.Of(Of(gave), Release.Rules["T33"], "station").Covers(today));
    }

    /// <summary>An app that asks for both procedures learns that one alone is closed, because the contract prints answers and windows per procedure; only the aspirin of whole-blood donors makes that difference.</summary>
    [Fact]
    public void Only_what_closes_one_procedure_alone_shows_to_an_app_that_asks_for_both()
    {
        string? App(string procedure, string code) => Eligibility.Coarse(Eligibility.Obstacles(Donor(deferrals: [Checks.Defer(Release.Rules, code, D("2026-03-05"))]), procedure, Release.Book), D("2026-03-05"), D("2026-03-05")).Category;
        foreach (var rule in Release.Rules.OfKind("deferral").Where(r => !r.UntilInterval))
            Assert.Equal((rule.Code == "T20" ? null : "ask-station", "ask-station"), (App(Whole, rule.Code), App(Platelets, rule.Code)));
    }

    [Fact]
    public void Every_deferral_of_the_standard_is_there_and_says_where_it_comes_from()
    {
        Assert.All(Release.Rules.Rules, r => Assert.True(r.Clause.Length > 0 && r.Source.Length > 0 && r.Confidence is "high" or "medium" or "low" && r.Zh.Length > 0 && r.En.Length > 0, r.Code));
        Assert.All(Release.Rules.OfKind("deferral"), r => Assert.True(r.Permanent || r.OpenEnded || r.UntilInterval || r.Years + r.Months + r.Days > 0, r.Code));
        Assert.All(Release.Rules.Rules.Where(r => r.Defers is not null), r => Assert.Equal("deferral", Release.Rules[r.Defers!].Kind));
    }

    /// <summary>What no donor can be asked: what a check, an interval, a laboratory or a call afterwards finds, and what a general question finds already.</summary>
    private static readonly string[] NotAsked = ["T32-haemoglobin", "T32-alt", "T32-hbsag", "T33", "P22", "TEST_REACTIVE", "LATE_INFORMATION", "EXTERNAL_HIT", "T17-hepatitis-a", "T17-dysentery", "T17-typhoid", "T17-brucellosis"];

    [Fact]
    public void Every_deferral_that_a_question_can_find_is_asked_for_and_every_question_defers()
    {
        var asked = RuleBook.OfRelease.Questionnaires[^1].Questions;
        Assert.All(asked, q => Assert.Equal("deferral", Release.Rules.Find(q.Deferral)?.Kind));
        Assert.Equal(Release.Rules.OfKind("deferral").Select(r => r.Code).Where(c => !c.StartsWith("T16-", StringComparison.Ordinal) && !c.StartsWith("T24-", StringComparison.Ordinal)).Except(NotAsked).Order(StringComparer.Ordinal), asked.Select(q => q.Deferral).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(asked.Length, asked.Select(q => q.Code).Distinct().Count());
        Assert.All(asked, q => Assert.True(q.Zh.Length > 3 && q.En.Length > 3 && q.DefersOn is "yes" or "no", q.Code));
    }
}
