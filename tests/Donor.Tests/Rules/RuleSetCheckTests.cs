using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

/// <summary>What may not be published, each with the row it names.</summary>
public sealed class RuleSetCheckTests
{
    private static readonly RuleDocument Base = Release.Book.Documents.Single(d => !d.IsOverlay) with { Version = "2", ValidFrom = new(2030, 1, 1) };
    private static readonly DateOnly Today = new(2026, 3, 5);
    private static readonly RuleDocument Overlay = new("fever", "1", new(2030, 1, 1), [new("E1", "deferral", "deferral", "c", "s", "low", "z", "e", Days: 10)], new(2030, 12, 31), "overlay", "热", "fever", new(Base.Sources!) { ["s"] = "a source" }, Questions: [new("area", "yes", "E1", "疫区？", "Area?")]);

    private static string[] Errors(RuleDocument document, RuleBook? book = null) => [.. RuleSetCheck.Errors(document, book ?? Release.Book, Today).Select(e => $"{e.Pointer} {e.Code}: {e.Detail}")];

    /// <summary>The one row changed; the error must name it and nothing else may be wrong.</summary>
    private static void Refused(string code, Func<Rule, Rule> change, string expected, string field = "", RuleDocument? of = null)
    {
        var document = of ?? Base;
        var changed = document with { Rules = [.. document.Rules.Select(r => r.Code == code ? change(r) : r)] };
        var i = Array.FindIndex(document.Rules, r => r.Code == code);
        var errors = Errors(changed);
        Assert.Contains(errors, e => e.StartsWith($"/rules/{i}{(field.Length > 0 ? "/" + field : "")} {expected}: ", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_whole_is_not_refused()
    {
        Assert.Empty(Errors(Base));
        Assert.Empty(Errors(Overlay));
        Assert.Empty(Errors(Base with { Rules = [.. Base.Rules.Select(r => r.Code == "AGE_MAX_REPEAT" ? r with { AtMost = 65 } : r)] }));
    }

    public static TheoryData<string, string, string> Incomplete => new()
    {
        { "T01", "category", "missing" }, { "T01", "clause", "missing" }, { "T01", "source", "missing" }, { "T01", "confidence", "missing" }, { "T01", "zh", "missing" }, { "T01", "en", "missing" },
    };

    [Theory, MemberData(nameof(Incomplete))]
    public void A_row_says_where_it_comes_from(string code, string field, string error) => Refused(code, r => field switch
    {
        "category" => r with { Category = "" }, "clause" => r with { Clause = "" }, "source" => r with { Source = "" }, "confidence" => r with { Confidence = "sure" }, "zh" => r with { Zh = "" }, _ => r with { En = "" },
    }, error, field);

    [Fact]
    public void A_row_does_not_contradict_itself()
    {
        Refused("PULSE", r => r with { AtLeast = 101 }, "contradiction");
        Refused("SYSTOLIC", r => r with { AtLeast = 140 }, "contradiction");
        Refused("SYSTOLIC", r => r with { AtMost = 150 }, "contradiction");
        Refused("T01", r => r with { Permanent = true }, "contradiction");
        Refused("T01", r => r with { OpenEnded = true }, "contradiction");
        Refused("T01", r => r with { UntilInterval = true }, "contradiction");
        Refused("P01", r => r with { OpenEnded = true }, "contradiction");
        Refused("T01", r => r with { Days = -3 }, "contradiction");
        Refused("T01", r => r with { Days = 0, Months = 1201 }, "contradiction");
        Refused("T01", r => r with { Days = 36501 }, "contradiction");
        Refused("T01", r => r with { Years = 101 }, "contradiction");
        Refused("AGE_MIN", r => r with { AtMost = 90 }, "contradiction");
        Refused("AGE_MIN", r => r with { AtLeast = 151 }, "contradiction");
        Refused("AGE_MIN", r => r with { AtLeast = -1 }, "contradiction");
        Refused("YEARLY_PLATELETS", r => r with { Measure = "litres" }, "contradiction");
        Refused("YEARLY_PLATELET_PLASMA_ML", r => r with { UnitMl = null }, "contradiction");
        Refused("YEARLY_PLATELET_PLASMA_ML", r => r with { UnitMl = 0 }, "contradiction");
    }

    [Fact]
    public void A_row_has_what_its_kind_needs()
    {
        Refused("T01", r => r with { Days = 0 }, "missing", "days");
        Refused("AGE_MIN", r => r with { AtLeast = null }, "missing", "atLeast");
        Refused("PULSE", r => r with { Measure = null }, "missing", "measure");
        Refused("PULSE", r => r with { AtLeast = null, AtMost = null }, "missing", "atLeast");
        Refused("INTERVAL_WB_WB", r => r with { Months = 0 }, "missing", "days");
        Refused("INTERVAL_WB_WB", r => r with { From = null }, "invalid", "from");
        Refused("INTERVAL_WB_WB", r => r with { From = "plasma" }, "invalid", "from");
        Refused("INTERVAL_WB_WB", r => r with { To = null }, "invalid", "to");
        Refused("INTERVAL_WB_WB", r => r with { To = "plasma" }, "invalid", "to");
        Refused("INTERVAL_PLT_PLT_HLA", r => r with { Excepts = null }, "missing", "excepts");
        Refused("INTERVAL_PLT_PLT_HLA", r => r with { Days = 0 }, "missing", "days");
        Refused("YEARLY_PLATELETS", r => r with { Count = null }, "missing", "count");
        Refused("YEARLY_PLATELETS", r => r with { Count = 0 }, "missing", "count");
        Refused("YEARLY_PLATELETS", r => r with { Days = 0, CalendarYear = false }, "missing", "days");
        Refused("YEARLY_PLATELET_PLASMA_ML", r => r with { AtMost = null }, "missing", "atMost");
        Refused("VOLUME_WHOLE_BLOOD", r => r with { Values = null }, "missing", "values");
        Refused("VOLUME_WHOLE_BLOOD", r => r with { Values = [] }, "missing", "values");
        Refused("VOLUME_WHOLE_BLOOD", r => r with { Values = [200, 0] }, "missing", "values");
        Refused("PLASMA_WITH_PLATELETS", r => r with { AtMost = null }, "missing", "atMost");
        Refused("PLASMA_WITH_PLATELETS", r => r with { AtMost = 0 }, "missing", "atMost");
        Refused("PLASMA_WITH_PLATELETS", r => r with { Values = null }, "missing", "values");
        Refused("PLASMA_WITH_PLATELETS", r => r with { Values = [] }, "missing", "values");
        Refused("PLASMA_WITH_PLATELETS", r => r with { Values = [1, 0] }, "missing", "values");
        Refused("PLASMA_WITH_PLATELETS", r => r with { Deviation = null }, "missing", "deviation");
        Refused("PLASMA_WITH_PLATELETS", r => r with { Procedures = null }, "invalid", "procedures");
        Refused("PLASMA_WITH_PLATELETS", r => r with { Procedures = ["whole-blood"] }, "invalid", "procedures");
        Refused("VOLUME_TOLERANCE", r => r with { Percent = null }, "missing", "percent");
        Refused("VOLUME_TOLERANCE", r => r with { Percent = 101 }, "missing", "percent");
        Refused("BLEED_TIME_200_PLATELETS", r => r with { AtMost = null }, "missing", "atMost");
        Refused("BLEED_TIME_200_PLATELETS", r => r with { Restricts = null }, "missing", "restricts");
        Refused("REST_TIME", r => r with { AtLeast = null }, "missing", "atLeast");
        Refused("REENTRY_ALT", r => r with { Deferrals = null }, "missing", "deferrals");
        Refused("REENTRY_ALT", r => r with { Deferrals = [] }, "missing", "deferrals");
        Refused("T01", r => r with { Kind = "wish" }, "invalid", "kind");
        Refused("T01", r => r with { Code = "T 01" }, "invalid", "code");
        Refused("WEIGHT_MALE", r => r with { Sex = "man" }, "invalid", "sex");
        Refused("T20", r => r with { Procedures = ["plasma"] }, "invalid", "procedures");
        Refused("TEMPERATURE", r => r with { Measure = "temperature" }, "invalid", "measure");
        Refused("EXAM_SKIN", r => r with { Measure = "skin" }, "invalid", "measure");
        // A bound would let a failed test pass, and whatever is not 0 would pass as a pressure.
        Refused("HBSAG_RAPID", r => r with { Kind = "measure", AtLeast = 0 }, "invalid", "measure");
        Refused("SYSTOLIC", r => r with { Kind = "check" }, "invalid", "measure");
        Refused("T20", r => r with { Procedures = [] }, "invalid", "procedures");
        Refused("AGE_MAX_FIRST", r => r with { Donors = "any" }, "invalid", "donors");
        Refused("AGE_MIN", r => r with { Donors = "repeat" }, "invalid", "donors");
    }

    [Fact]
    public void Rows_do_not_decide_the_same_twice()
    {
        foreach (var code in new[] { "PULSE", "ALT_RAPID", "INTERVAL_WB_WB", "AGE_MIN", "AGE_MAX_FIRST", "VOLUME_WHOLE_BLOOD", "VOLUME_TOLERANCE", "REST_TIME", "WEIGHT_MALE", "PLASMA_WITH_PLATELETS", "EXAM_SKIN" })
        {
            var twice = Base with { Rules = [.. Base.Rules, Base.Rules.Single(r => r.Code == code) with { Code = "AGAIN" }] };
            Assert.Contains($"/rules/{Base.Rules.Length} overlap: AGAIN: decides the same as {code}", Errors(twice));
        }
        Assert.Contains(Errors(Base with { Rules = [.. Base.Rules, Base.Rules[3]] }), e => e.StartsWith($"/rules/{Base.Rules.Length} duplicate: {Base.Rules[3].Code}", StringComparison.Ordinal));
        Refused("WEIGHT_FEMALE", r => r with { Sex = null }, "overlap");
        // A lower and an upper age are two things; so are first-time and repeat donors, and the pulse of athletes.
        Assert.DoesNotContain(Errors(Base), e => e.Contains("overlap", StringComparison.Ordinal));
    }

    [Fact]
    public void Rows_leave_nobody_out()
    {
        string[] Without(string code) => Errors(Base with { Rules = [.. Base.Rules.Where(r => r.Code != code)] });
        foreach (var code in new[] { "RULES_IN_FORCE", "IDENTITY", "CONSENT", "HAND_HYGIENE", "FIT_TO_DONATE", "ANSWER_UNKNOWN", "TEST_REACTIVE", "LATE_INFORMATION", "EXTERNAL_HIT" }) Assert.Contains($"/rules gap: {code}: the platform cites it, and no row says it", Without(code));
        Assert.Contains($"/rules/{Array.FindIndex(Base.Rules, r => r.Code == "HB_FEMALE") - 1} gap: HB_MALE: says nothing of the female", Without("HB_FEMALE"));
        Assert.Contains("/rules gap: no interval from apheresis-platelets to whole-blood for the male", Without("INTERVAL_PLT_WB"));
        Assert.Contains("/rules gap: no least age for the female", Without("AGE_MIN"));
        Assert.Contains("/rules gap: no greatest age for the male", Errors(Base with { Rules = [.. Base.Rules.Where(r => r.Kind != "age" || r.AtLeast is not null)] }));
        Assert.Contains("/rules gap: no volume of whole-blood", Without("VOLUME_WHOLE_BLOOD"));
        foreach (var measure in Checks.Taken)
        {
            string[] silent = Errors(Base with { Rules = [.. Base.Rules.Where(r => r.Measure != measure)] });
            foreach (var sex in new[] { "male", "female" }) Assert.Contains($"/rules gap: no row judges the {measure} of the {sex} for apheresis-platelets", silent);
            Assert.Equal(!Checks.OfApheresis.Contains(measure), silent.Contains($"/rules gap: no row judges the {measure} of the male for whole-blood"));
        }
        Assert.Contains("/rules gap: no row judges the copperSulfatePass of the female for whole-blood", Without("HB_COPPER_SULFATE_FEMALE"));
        Assert.Contains("/rules gap: no row judges the hbsagPass of the male for whole-blood", Errors(Base with { Rules = [.. Base.Rules.Select(r => r.Code == "HBSAG_RAPID" ? r with { Procedures = [Procedures.ApheresisPlatelets] } : r)] }));
        Assert.Contains("/rules gap: no tolerance of what is weighed", Without("VOLUME_TOLERANCE"));
        Assert.Contains("/rules gap: P14: the question tumour defers by it, and no row says how long", Without("P14"));
        Refused("INTERVAL_WB_WB", r => r with { Sex = "male" }, "gap");
    }

    [Fact]
    public void Rows_do_not_contradict_each_other()
    {
        Refused("SYSTOLIC", r => r with { Defers = "T99" }, "missing");
        Refused("SYSTOLIC", r => r with { Defers = "PULSE" }, "missing");
        Refused("SYSTOLIC", r => r with { Defers = "T33" }, "missing");
        Refused("REENTRY_ALT", r => r with { Deferrals = ["T32-alt", "T99"] }, "missing");
        Refused("REENTRY_ALT", r => r with { Deferrals = ["PULSE"] }, "missing");
        Refused("INTERVAL_PLT_PLT_HLA", r => r with { Excepts = "T01" }, "missing");
        Refused("INTERVAL_PLT_PLT_HLA", r => r with { Days = 15 }, "contradiction");
        Refused("AGE_MAX_REPEAT", r => r with { AtMost = 54 }, "contradiction");
        Refused("AGE_MAX_REPEAT", r => r with { AtMost = 17 }, "contradiction");
        Refused("BLEED_TIME_200_PLATELETS", r => r with { Values = [250] }, "contradiction");
        Refused("PLASMA_WITH_PLATELETS", r => r with { Values = [1, 3] }, "contradiction");
    }

    [Fact]
    public void An_overlay_may_forbid_plasma_and_never_allow_more()
    {
        var plasma = Base.Rules.Single(r => r.Kind == "plasma");
        string[] Of(Rule row) => Errors(Overlay with { Rules = [.. Overlay.Rules, row] });
        Assert.Empty(Of(plasma with { AtMost = 100 }));
        foreach (var more in new[] { plasma with { AtMost = 201 }, plasma with { Values = [1, 2] }, plasma with { Code = "MORE_PLASMA" } })
            Assert.Contains(Of(more), e => e.StartsWith("/rules/1 contradiction", StringComparison.Ordinal));
    }

    [Fact]
    public void Times_neither_overlap_nor_leave_a_gap()
    {
        string[] Times(RuleDocument d, params RuleDocument[] after) => [.. Errors(d, after.Aggregate(Release.Book, (b, x) => b.With(x))).Select(e => e.Split(':')[0])];
        Assert.Contains("/validFrom overlap", Times(Base with { ValidFrom = new(2012, 7, 1) }));
        Assert.Empty(Times(Base with { ValidFrom = Today }));
        Assert.Contains("/validTo contradiction", Times(Base with { ValidTo = new(2029, 12, 31) }));
        var ending = Base with { ValidTo = new(2030, 12, 31) };
        Assert.Contains("/validFrom overlap", Times(Base with { Version = "3", ValidFrom = new(2030, 12, 31) }, ending));
        Assert.Empty(Times(Base with { Version = "3", ValidFrom = new(2031, 1, 1) }, ending));
        Assert.Contains("/validFrom gap", Times(Base with { Version = "3", ValidFrom = new(2031, 1, 2) }, ending));
        Assert.Contains("/validTo missing", Times(Overlay with { ValidTo = null }));
        Assert.Contains("/validFrom overlap", Times(Overlay with { Version = "2" }, Overlay));
        Assert.Empty(Times(Overlay with { Version = "2", ValidFrom = new(2030, 6, 1) }, Overlay));
        Assert.Contains("/kind contradiction", Times(Overlay with { Code = Base.Code }));
        Assert.Contains("/kind contradiction", Times(Base with { Code = "cn-epidemic-2021", ValidFrom = new(2031, 1, 1) }));
        Assert.Contains("/questions contradiction", Times(Base with { Questions = Overlay.Questions }));
        foreach (var bad in new[] { Base with { Code = "Law 1" }, Base with { Code = "x" } }) Assert.Contains("/code invalid", Times(bad));
        foreach (var bad in new[] { "", "1+2", "-1", new string('1', 21) }) Assert.Contains("/version invalid", Times(Base with { Version = bad }));
        Assert.Contains("/en missing", Times(Base with { En = "" }));
        Assert.Contains("/en missing", Times(Base with { Zh = "" }));
        Assert.Contains("/limits/donorsPerSlot invalid", Times(Overlay with { Limits = new(0) }));
        Assert.Empty(Times(Overlay with { Limits = new(1) }));
    }

    [Fact]
    public void Nothing_begins_before_today_nor_beyond_any_calendar()
    {
        string[] Of(RuleDocument d) => [.. Errors(d).Select(e => e.Split(':')[0])];
        // It would be over when it is said and end what runs; or rewrite what was told of days that are past.
        Assert.Equal(["/validFrom past"], Of(Base with { ValidFrom = new(2012, 7, 2), ValidTo = new(2012, 7, 3) }));
        Assert.Equal(["/validFrom past"], Of(Base with { ValidFrom = Today.AddDays(-1) }));
        Assert.Equal(["/validFrom past"], Of(Overlay with { ValidFrom = Today.AddDays(-1) }));
        Assert.Empty(Of(Overlay with { ValidFrom = Today, ValidTo = Today }));
        Assert.Empty(RuleSetCheck.Errors(Base with { ValidFrom = new(2012, 7, 1) }, new RuleBook(0, [], Release.Book.Questionnaires), Today)); // the first ever
        foreach (var document in new[] { Base, Overlay })
        {
            Assert.Equal(["/validTo invalid"], Of(document with { ValidTo = DateOnly.MaxValue }));
            Assert.Equal(["/validTo invalid"], Of(document with { ValidTo = new(2200, 1, 1) }));
            Assert.Empty(Of(document with { ValidTo = new(2199, 12, 31) }));
        }
        Assert.Contains("/validFrom invalid", Of(Base with { ValidFrom = new(2200, 1, 1) }));
        Assert.Contains("/validFrom invalid", Of(Base with { ValidFrom = DateOnly.MinValue }));
    }

    [Fact]
    public void Every_source_is_a_key_that_the_document_explains()
    {
        string[] Of(string source, Dictionary<string, string>? sources) => [.. Errors(Base with { Sources = sources, Rules = [.. Base.Rules.Select(r => r.Code == "T01" ? r with { Source = source } : r)] }).Where(e => e.Contains("T01") || e.StartsWith("/sources", StringComparison.Ordinal))];
        var at = $"/rules/{Array.FindIndex(Base.Rules, r => r.Code == "T01")}/source unknown: T01:";
        foreach (var good in new[] { "XZ", "XZ, mem", "XZ: as a remark says, whatever it says", "mem; interpolated" }) Assert.Empty(Of(good, Base.Sources));
        Assert.Equal([$"{at} 2.6 is none of the document's sources", $"{at} 2.7 is none of the document's sources"], Of("2.6, 2.7", Base.Sources));
        Assert.Equal([$"{at} somewhere is none of the document's sources"], Of("XZ, somewhere: said", Base.Sources));
        Assert.Equal([$"{at} XZ is none of the document's sources"], Of("XZ", null));
        Assert.Contains(Of("XZ", new(Base.Sources!) { ["XZ"] = " " }), e => e.StartsWith("/sources/XZ invalid", StringComparison.Ordinal));
        Assert.Contains(Of("XZ", new(Base.Sources!) { ["a b"] = "x" }), e => e.StartsWith("/sources/a b invalid", StringComparison.Ordinal));
    }

    [Fact]
    public void Questions_of_an_overlay_are_new_and_defer_by_a_row()
    {
        string[] Asked(params Question[] questions) => [.. Errors(Overlay with { Questions = questions }).Select(e => e.Split(':')[0])];
        var area = Overlay.Questions![0];
        Assert.Equal(["/questions/0/code duplicate"], Asked(area with { Code = "cold" }));
        Assert.Equal(["/questions/0/code duplicate", "/questions/1/code duplicate"], Asked(area, area));
        Assert.Equal(["/questions/0/code invalid"], Asked(area with { Code = "" }));
        Assert.Equal(["/questions/0/defersOn invalid"], Asked(area with { DefersOn = "maybe" }));
        Assert.Equal(["/questions/0/en missing"], Asked(area with { En = "" }));
        Assert.Equal(["/questions/0/en missing"], Asked(area with { Zh = "" }));
        Assert.Equal(["/questions/0/deferral missing"], Asked(area with { Deferral = "E9" }));
        Assert.Empty(Asked(area with { Deferral = "T10", DefersOn = "no" }));
    }

    [Fact]
    public void An_overlay_is_never_weaker()
    {
        Rule Row(string code) => Base.Rules.Single(r => r.Code == code);
        string[] With(Rule row) => [.. Errors(Overlay with { Rules = [.. Overlay.Rules, row] }).Select(e => e.Split(": ")[^1])];
        foreach (var (row, what) in new (Rule, string)[]
        {
            (Row("T10") with { Days = 6 }, "it is over earlier"), (Row("INTERVAL_WB_WB") with { Months = 5, Days = 27 }, "it is over earlier"), (Row("SYSTOLIC") with { Below = 141 }, "below"), (Row("SYSTOLIC") with { Below = null }, "below"), (Row("SYSTOLIC") with { AtLeast = 89 }, "atLeast"),
            (Row("SYSTOLIC") with { AtLeast = null }, "atLeast"), (Row("PULSE") with { AtMost = 101 }, "atMost"), (Row("PULSE") with { AtMost = null }, "atMost"), (Row("YEARLY_PLATELETS") with { Count = 25 }, "count"), (Row("YEARLY_PLATELETS") with { Days = 364 }, "it is over earlier"),
            (Row("YEARLY_PLATELETS") with { CalendarYear = false }, "calendarYear"), (Row("YEARLY_PLATELET_PLASMA_ML") with { AtMost = 10001 }, "atMost"), (Row("VOLUME_WHOLE_BLOOD") with { Values = [200, 500] }, "values"), (Row("VOLUME_TOLERANCE") with { Percent = 11 }, "percent"),
            (Row("P01") with { Permanent = false, Years = 50 }, "permanent"), (Row("P22") with { TestDerived = false }, "testDerived"), (Row("SYSTOLIC") with { Defers = null }, "defers"), (Row("WEIGHT_MALE") with { Sex = "female" }, "it leaves a sex out"), (Row("T10") with { Sex = "male" }, "it leaves a sex out"),
            (Row("T10") with { Procedures = ["whole-blood"] }, "it leaves a procedure out"), (Row("T10") with { Kind = "age", AtLeast = 18, Days = 0 }, "it is about something else"), (Row("PULSE") with { Measure = "plateletCount" }, "it is about something else"),
            (Row("AGE_MAX_REPEAT") with { UnlessReaction = false }, "unlessReaction"), (Row("BLEED_TIME_200_PLASMA") with { Restricts = ["platelets"] }, "restricts"), (Row("AGE_MAX_REPEAT") with { Donors = null }, "it is about something else"),
            (Row("HB_MALE") with { Defers = "T32" }, "defers"), (Row("BLEED_TIME_400_PLATELETS") with { Values = [200] }, "values"), (Row("YEARLY_PLATELET_PLASMA_ML") with { UnitMl = 249 }, "unitMl"),
            (new Rule("SHORT", "interval-exception", "interval", "c", "s", "low", "z", "e", Days: 1, Excepts: "INTERVAL_WB_WB"), "an overlay excepts nothing"),
            (new Rule("BACK", "reentry", "reentry", "c", "s", "low", "z", "e", Deferrals: ["P22"]), "an overlay opens no way back"), (Row("REENTRY_ALT"), "an overlay opens no way back"),
        }) Assert.Contains(With(row), e => e == what);
        foreach (var row in new[]
        {
            Row("T10") with { Days = 8 }, Row("T10") with { Days = 0, Months = 1 }, Row("INTERVAL_WB_WB") with { Months = 0, Years = 1 }, Row("SYSTOLIC") with { Below = 139, AtLeast = 91 }, Row("SYSTOLIC") with { Below = null, AtMost = 139 }, Row("PULSE") with { AtMost = null, Below = 100 },
            Row("YEARLY_PLATELETS") with { Count = 12, Days = 366 }, Row("VOLUME_WHOLE_BLOOD") with { Values = [200] }, Row("T10") with { Permanent = true, Days = 0 }, Row("T20") with { Procedures = null }, Row("AGE_MAX_FIRST") with { AtMost = 50 }, Row("AGE_MIN") with { AtLeast = 20 },
        }) Assert.DoesNotContain(Errors(Overlay with { Rules = [.. Overlay.Rules, row] }), e => e.Contains("weaker", StringComparison.Ordinal));
    }

    [Fact]
    public void What_an_overlay_adds_must_fit_what_it_lies_over()
    {
        var pulse = Base.Rules.Single(r => r.Code == "PULSE") with { Code = "PULSE_2" };
        Assert.Contains("/rules/1 overlap: PULSE_2: decides the same as PULSE", Errors(Overlay with { Rules = [.. Overlay.Rules, pulse] }));
        Assert.Contains("/rules/1 missing: CHECK_2: no deferral E9", Errors(Overlay with { Rules = [.. Overlay.Rules, new("CHECK_2", "measure", "vitals", "c", "s", "low", "z", "e", Measure: "hematocrit", Procedures: ["whole-blood"], AtLeast: 0.3m, Defers: "E9")] }));
        Assert.Empty(Errors(Overlay with { Rules = [.. Overlay.Rules, new("CHECK_2", "measure", "vitals", "c", "s", "low", "z", "e", Measure: "hematocrit", Procedures: ["whole-blood"], AtLeast: 0.3m, Defers: "E1")] }));
    }
}
