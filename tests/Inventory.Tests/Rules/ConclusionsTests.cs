using BloodPlatform.Inventory.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Inventory.Tests.Rules;

public sealed class ConclusionsTests
{
    private static readonly TestScheme Scheme = Parameters.SchemeOn(new DateOnly(2026, 1, 1));

    private static TestRow Row(string test, string outcome = "non-reactive", string? value = null, string? round = null, bool controls = true) => new(test, round, outcome, value, controls);

    private static TestRow[] Clean(string group = "A+", string alt = "20") => [.. Scheme.Tests.Select(t => Row(t.Test, value: t.Kind == "group" ? group : t.Kind == "limit" ? alt : null))];

    private static Conclusions Of(params TestRow[] rows) => Conclusions.Of(Scheme, rows, []);

    [Fact]
    public void The_scheme_asks_for_the_nine_tests() =>
        Assert.Equal(["abo-rhd", "alt", "anti-hcv", "hbsag", "hiv-ag-ab", "nat-hbv", "nat-hcv", "nat-hiv", "syphilis"], Scheme.Tests.Select(t => t.Test).Order(StringComparer.Ordinal));

    [Fact]
    public void Nine_clean_rows_qualify()
    {
        var all = Of(Clean());
        Assert.True(all.Complete && all.Qualified && !all.Alarming);
        Assert.Equal("A+", all.Group);
    }

    [Fact]
    public void Each_single_missing_test_keeps_a_donation_back()
    {
        foreach (var test in Scheme.Tests)
        {
            var without = Of([.. Clean().Where(r => r.Test != test.Test)]);
            Assert.Equal((Conclusions.Pending, false, false), (without.ByTest[test.Test], without.Complete, without.Qualified));
        }
    }

    [Theory]
    [InlineData("50", "non-reactive")]
    [InlineData("50.0", "non-reactive")]
    [InlineData("50.1", "reactive")]
    [InlineData("51", "reactive")]
    [InlineData("0", "non-reactive")]
    [InlineData("1e1", "reactive")] // not a number as laboratories print it: the stricter
    [InlineData("", "reactive")]
    public void Alt_is_decided_by_its_value(string value, string conclusion) => Assert.Equal(conclusion, Of(Row("alt", value: value)).ByTest["alt"]);

    [Fact]
    public void A_low_alt_that_is_called_reactive_is_believed_to_be() => Assert.Equal("reactive", Of(Row("alt", "reactive", "20")).ByTest["alt"]);

    [Fact]
    public void The_outcome_of_a_group_row_says_only_that_it_was_valid()
    {
        Assert.Equal("B-", Of(Row("abo-rhd", "reactive", "B-")).Group);
        Assert.Null(Of(Row("abo-rhd", "invalid", "B-")).Group);
    }

    [Fact]
    public void Two_groups_or_another_than_before_are_inconclusive()
    {
        Assert.Equal("inconclusive", Of(Row("abo-rhd", value: "A+"), Row("abo-rhd", value: "A-")).ByTest["abo-rhd"]);
        var other = Conclusions.Of(Scheme, Clean("A+"), ["O+"]);
        Assert.Equal(("inconclusive", null, false, true), (other.ByTest["abo-rhd"], other.Group, other.Qualified, other.Alarming));
        Assert.True(Conclusions.Of(Scheme, Clean("A+"), ["A+", "A+"]).Qualified);
    }

    [Fact]
    public void Invalid_controls_void_every_row() => Assert.All(Of([.. Clean().Select(r => r with { ControlsValid = false })]).ByTest.Values, c => Assert.Equal("pending", c));

    [Fact]
    public void A_first_alone_waits_for_its_second()
    {
        Assert.Equal("pending", Of(Row("hbsag", round: "first")).ByTest["hbsag"]);
        Assert.Equal("non-reactive", Of(Row("hbsag", round: "first"), Row("hbsag", round: "second")).ByTest["hbsag"]);
        Assert.Equal("pending", Of(Row("hbsag", round: "retest-a"), Row("hbsag", round: "retest-b")).ByTest["hbsag"]);
    }

    [Fact]
    public void Retests_never_clear()
    {
        Assert.Equal("reactive", Of(Row("hbsag", "reactive"), Row("hbsag")).ByTest["hbsag"]);
        Assert.Equal("reactive", Of(Row("hbsag", "reactive"), Row("hbsag", round: "retest-a")).ByTest["hbsag"]);
        Assert.Equal("inconclusive", Of(Row("hbsag", "reactive"), Row("hbsag", round: "retest-a"), Row("hbsag", round: "retest-b")).ByTest["hbsag"]);
        Assert.Equal("reactive", Of(Row("hbsag", "reactive"), Row("hbsag", "reactive", round: "retest-a"), Row("hbsag", round: "retest-b")).ByTest["hbsag"]);
    }

    [Fact]
    public void A_corrected_row_counts_no_more_unless_it_was_reactive()
    {
        Assert.Equal("B+", Of(Row("abo-rhd", value: "A+") with { Corrected = true }, Row("abo-rhd", value: "B+")).Group);
        Assert.Equal("B+", Of(Row("abo-rhd", "reactive", "A+") with { Corrected = true }, Row("abo-rhd", value: "B+")).Group); // of a group the outcome says only that it was valid
        Assert.Equal("pending", Of(Row("hbsag") with { Corrected = true }, Row("hbsag", "invalid")).ByTest["hbsag"]);
        Assert.Equal("non-reactive", Of(Row("hbsag", "invalid") with { Corrected = true }, Row("hbsag")).ByTest["hbsag"]);
        Assert.Equal("reactive", Of(Row("hbsag", "reactive") with { Corrected = true }, Row("hbsag")).ByTest["hbsag"]);
        Assert.Equal("reactive", Of(Row("alt", value: "51") with { Corrected = true }, Row("alt", value: "15")).ByTest["alt"]);
    }

    [Fact]
    public void A_reactive_pool_is_inconclusive_until_a_row_of_its_own()
    {
        var pool = Row("nat-hbv", "reactive") with { PoolId = "P1" };
        var clean = Row("nat-hbv") with { PoolId = "P1" };
        Assert.Equal("non-reactive", Of(clean).ByTest["nat-hbv"]);
        Assert.Equal(("inconclusive", true), Of(pool) is var one ? (one.ByTest["nat-hbv"], one.PoolOpen) : default);
        Assert.Equal("inconclusive", Of(pool, clean with { PoolId = "P2" }).ByTest["nat-hbv"]);
        Assert.Equal("inconclusive", Of(clean with { PoolReactive = true }).ByTest["nat-hbv"]); // another member's row says so
        Assert.Equal("inconclusive", Of(pool, Row("nat-hbv", round: "first")).ByTest["nat-hbv"]);
        Assert.Equal(("non-reactive", false), Of(pool, Row("nat-hbv")) is var two ? (two.ByTest["nat-hbv"], two.PoolOpen) : default);
        Assert.Equal(("reactive", false), Of(pool, Row("nat-hbv", "reactive")) is var three ? (three.ByTest["nat-hbv"], three.PoolOpen) : default);
        Assert.Equal("pending", Of(pool with { ControlsValid = false }).ByTest["nat-hbv"]);
        Assert.False(Of([.. Clean(), pool, Row("nat-hbv", "invalid")]) is { PoolOpen: true });
        Assert.False(Of([.. Clean().Where(r => r.Test != "nat-hbv"), pool]).Complete);
    }

    private static readonly Gen<TestRow> AnyRow =
        from test in Gen.Elements(Scheme.Tests.Select(t => t.Test).ToArray())
        from round in Gen.Elements<string?>(null, null, "first", "second", "retest-a", "retest-b")
        from outcome in Gen.Elements("non-reactive", "non-reactive", "reactive", "invalid")
        from value in Gen.Elements<string?>("A+", "O-", "20", "50", "51", null)
        from controls in Gen.Elements(true, true, true, false)
        from corrected in Gen.Elements(false, false, true)
        from pool in Gen.Elements<string?>(null, null, "P1", "P2")
        from reactive in Gen.Elements(false, false, true)
        select new TestRow(test, round, outcome, value, controls, corrected, pool, pool is not null && reactive);

    [Fact]
    public void The_order_of_rows_says_nothing()
    {
        var shuffled = from rows in AnyRow.ArrayOf()
                       from keys in Gen.Choose(0, 1_000_000).ArrayOf(rows.Length)
                       select (rows, other: rows.Zip(keys).OrderBy(p => p.Second).Select(p => p.First).ToArray());
        Prop.ForAll(shuffled.ToArbitrary(), pair =>
        {
            var (one, two) = (Of(pair.rows), Of(pair.other));
            return one.Group == two.Group && one.PoolOpen == two.PoolOpen && one.ByTest.SequenceEqual(two.ByTest);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void No_rows_before_or_after_make_a_reactive_donation_releasable()
    {
        var cases = from rows in AnyRow.ArrayOf()
                    from test in Gen.Elements(Station.Markers)
                    from round in Gen.Elements<string?>(null, "first", "second", "retest-a", "retest-b")
                    select (rows, bad: new TestRow(test, round, "reactive", null, true));
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            TestRow[] all = [.. Clean(), .. c.rows, c.bad, .. Clean(), Row(c.bad.Test, round: "retest-a"), Row(c.bad.Test, round: "retest-b")];
            var conclusions = Of(all);
            var state = new ReleaseState(false, false, conclusions, [], [("red-cells-suspended", DateTimeOffset.MaxValue)], [], []);
            return !conclusions.Qualified && conclusions.Alarming && Release.Unmet(state, DateTimeOffset.UnixEpoch).Length > 0
                && Release.Sign(state, Guid.Empty, DateTimeOffset.UnixEpoch).No!.Problem == Problems.NotReleasable;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void No_rows_of_pools_make_a_member_of_a_reactive_pool_non_reactive()
    {
        var cases = from rows in AnyRow.ArrayOf()
                    from test in Gen.Elements(Station.Markers)
                    from elsewhere in Gen.Elements(true, false)
                    select (rows, bad: new TestRow(test, null, elsewhere ? "non-reactive" : "reactive", null, true, false, "P0", elsewhere));
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var pools = c.rows.Where(r => r.Test != c.bad.Test || r.PoolId is not null);
            var conclusions = Of([.. pools, c.bad]);
            return conclusions.ByTest[c.bad.Test] == Conclusions.Inconclusive && conclusions.PoolOpen && !conclusions.Complete && !conclusions.Qualified;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Reactive_stays_reactive_under_any_rows_and_corrections_but_two_clean_retests()
    {
        var cases = from rows in AnyRow.ArrayOf()
                    from test in Gen.Elements(Station.Markers)
                    from corrected in Gen.Elements(true, false)
                    select (rows, bad: new TestRow(test, null, "reactive", null, true, corrected));
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var retested = c.rows.Any(r => r.Test == c.bad.Test && r.Round is "retest-a" or "retest-b");
            var conclusion = Of([.. c.rows, c.bad]).ByTest[c.bad.Test];
            return retested ? conclusion is Conclusions.Reactive or Conclusions.Inconclusive : conclusion == Conclusions.Reactive;
        }).QuickCheckThrowOnFailure();
    }

    private static readonly TestScheme TwoRounds = Parameters.SchemeOn(new DateOnly(2026, 1, 1), "two-rounds");

    [Fact]
    public void Two_rounds_conclude_only_by_two_reagents()
    {
        static string OfHbsag(params (string? Round, string? Lot)[] rows) => Conclusions.Of(TwoRounds, rows.Select(r => Row("hbsag", round: r.Round) with { ReagentLot = r.Lot }), []).ByTest["hbsag"];
        Assert.Equal("non-reactive", OfHbsag(("first", "R1"), ("second", "R2")));
        Assert.Equal("non-reactive", OfHbsag(("first", "R1"), ("first", "R2"), ("second", "R1")));
        foreach (var rows in new (string?, string?)[][] { [(null, "R1"), (null, "R2")], [("first", "R1"), ("first", "R2")], [("first", "R1"), ("second", "R1")], [("first", "R1"), ("second", null)], [("first", ""), ("second", "R1")], [("retest-a", "R1"), ("second", "R2")] })
            Assert.Equal("pending", OfHbsag(rows));
    }

    [Fact]
    public void What_two_rounds_conclude_the_sandbox_concludes_too()
    {
        var lots = from row in AnyRow from lot in Gen.Elements<string?>("R1", "R2", null) select row with { ReagentLot = lot };
        Prop.ForAll(lots.ArrayOf().ToArbitrary(), rows =>
        {
            var (strict, loose) = (Conclusions.Of(TwoRounds, rows, []), Of(rows));
            return Scheme.Tests.All(t => strict.ByTest[t.Test] == loose.ByTest[t.Test] || (loose.ByTest[t.Test], strict.ByTest[t.Test]) is ("non-reactive", "pending" or "inconclusive"));
        }).QuickCheckThrowOnFailure();
    }
}
