using BloodPlatform.Inventory.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Inventory.Tests.Rules;

public sealed class RecallScopeTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 5, 4, 0, 0, TimeSpan.Zero);
    private static readonly Guid Donor = Guid.Parse("00000000-0000-7000-8000-000000000001");
    private static readonly string[] Outcomes = ["quarantined", "transfused", "discarded", "not-found", "returned-to-station"];
    private static readonly RecallScope[] Kinds =
    [
        new(Dins: ["A999926000001"]), new(DonorId: Donor), new(BagLot: "L1"), new(ReagentLot: "R1"), new(RunId: "run"), new(DriveId: Donor), new(Instrument: "I1", From: Noon, To: Noon),
    ];

    [Fact]
    public void Exactly_one_kind_is_named() => Prop.ForAll(Gen.Choose(0, 127).ToArbitrary(), set =>
    {
        var named = Kinds.Where((_, i) => (set >> i & 1) == 1).ToArray();
        var scope = new RecallScope(named.FirstOrDefault(s => s.Dins is not null)?.Dins, named.FirstOrDefault(s => s.DonorId is not null)?.DonorId, named.FirstOrDefault(s => s.BagLot is not null)?.BagLot,
            named.FirstOrDefault(s => s.ReagentLot is not null)?.ReagentLot, named.FirstOrDefault(s => s.RunId is not null)?.RunId, named.FirstOrDefault(s => s.DriveId is not null)?.DriveId,
            named.FirstOrDefault(s => s.Instrument is not null)?.Instrument, From: named.Any(s => s.Instrument is not null) ? Noon : null, To: named.Any(s => s.Instrument is not null) ? Noon : null);
        return scope.Kind is not null == (named.Length == 1);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_instrument_or_a_place_of_storage_needs_its_whole_period_and_nothing_else_has_one()
    {
        Assert.Null(new RecallScope(Instrument: "I1").Kind);
        Assert.Null(new RecallScope(Instrument: "I1", From: Noon).Kind);
        Assert.Null(new RecallScope(Instrument: "I1", From: Noon, To: Noon.AddSeconds(-1)).Kind);
        Assert.Null(new RecallScope(BagLot: "L1", From: Noon, To: Noon).Kind);
        Assert.Equal("instrument", new RecallScope(Instrument: "I1", From: Noon, To: Noon).Kind);
        Assert.Null(new RecallScope(StoragePlace: "F1", To: Noon).Kind);
        Assert.Null(new RecallScope(Instrument: "I1", StoragePlace: "F1", From: Noon, To: Noon).Kind);
        Assert.Equal("storagePlace", new RecallScope(StoragePlace: "F1", From: Noon, To: Noon).Kind);
    }

    [Fact]
    public void Each_kind_reaches_its_own_and_nothing_else()
    {
        TestedIn[] tests = [new("run", "I1", "R1", Noon)];
        foreach (var scope in Kinds)
        {
            Assert.True(scope.Covers("A999926000001", d => d == Donor, "L1", Donor, tests), scope.Kind);
            Assert.False(scope.Covers("A999926000002", _ => false, "L2", Guid.Empty, [new("run 2", "I2", "R2", Noon)]), scope.Kind);
            Assert.False(scope.Covers("A999926000002", _ => false, null, null, [new("run 2", "I1", null, Noon.AddSeconds(1))]), scope.Kind);
        }
    }

    [Fact]
    public void What_was_done_to_a_bag_is_the_last_answer() => Prop.ForAll(Gen.Elements(Outcomes).ToArbitrary(), Gen.Elements(Outcomes).ToArbitrary(), (last, next) =>
        RecallProgress.MayAnswer(null, next) && RecallProgress.MayAnswer(last, next) == (last is "quarantined" or "not-found" && last != next)).QuickCheckThrowOnFailure();

    [Fact]
    public void Hundred_percent_is_every_bag() => Prop.ForAll(Gen.Choose(0, 5000).ToArbitrary(), Gen.Choose(0, 5000).ToArbitrary(), (a, b) =>
    {
        var (located, units) = (Math.Min(a, b), Math.Max(a, b));
        return RecallProgress.Percent(located, units) is >= 0 and <= 100 and var percent && percent == 100 == (located == units);
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("available", false, null, true)]
    [InlineData("unaccounted", false, null, false)]
    [InlineData("issued", true, null, false)]
    [InlineData("transfused", true, null, false)]
    [InlineData("received", true, "not-found", false)]
    [InlineData("received", true, "quarantined", true)]
    [InlineData("transfused", true, "transfused", true)]
    public void A_bag_is_located_when_somebody_has_answered_for_it(string status, bool asked, string? outcome, bool located) => Assert.Equal(located, RecallProgress.Located(status, asked, outcome));
}
