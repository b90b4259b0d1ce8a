using BloodPlatform.Inventory.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Inventory.Tests.Rules;

public sealed class AllocationTests
{
    private static readonly DateTimeOffset Needed = new(2026, 3, 10, 12, 0, 0, TimeSpan.FromHours(8));

    private static Wanted Wanted(decimal amount, string unit = "bags", params string[] groups) => new("red-cells-suspended", amount, unit, groups is [] ? ["A+"] : groups, Needed, null, false, Needed.AddHours(72));

    private static readonly Gen<StockUnit[]> AnyStock =
        (from id in Gen.Choose(1, int.MaxValue)
         from component in Gen.Elements("red-cells-suspended", "red-cells-suspended", "plasma-fresh-frozen")
         from @group in Gen.Elements("A+", "A+", "O-")
         from status in Gen.Elements("available", "available", "available", "reserved", "quarantine")
         from holds in Gen.Elements(0, 0, 0, 1)
         from content in Gen.Elements(1m, 1.5m, 2m)
         from days in Gen.Choose(-2, 6)
         from age in Gen.Choose(0, 3)
         select new StockUnit(new Guid(id, 1, 2, [3, 4, 5, 6, 7, 8, 9, 10]), "A999926000001", component, @group, status, holds, content, null, 300, Needed.AddDays(days), Needed.AddDays(-30 - age))).ArrayOf();

    [Fact]
    public void What_is_picked_is_allocatable_and_nothing_left_behind_expires_sooner()
    {
        var cases = from stock in AnyStock from amount in Gen.Choose(1, 8) from unit in Gen.Elements("bags", "u") select (stock, Wanted(amount, unit));
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var (stock, demand) = c;
            var picked = Allocation.Pick(stock, demand);
            var left = stock.Where(u => Allocation.IsAllocatable(u, demand) && !picked.Contains(u)).ToList();
            var sum = picked.Sum(u => Allocation.AmountOf(u, demand.Unit));
            return picked.All(u => u is { Component: "red-cells-suspended", BloodGroup: "A+", Status: "available", OpenHolds: 0 } && u.ExpiresAt > Needed)
                && picked.SequenceEqual(picked.OrderBy(u => u.ExpiresAt).ThenBy(u => u.CollectedAt).ThenBy(u => u.Id))
                && (picked.Count == 0 || left.All(u => u.ExpiresAt >= picked[^1].ExpiresAt))
                && (sum >= demand.Amount || left.Count == 0) // short only when there is no more
                && (picked.Count == 0 || sum - Allocation.AmountOf(picked[^1], demand.Unit) < demand.Amount) // and never a bag too many
                && Allocation.StatusOf(picked, demand) == (picked.Count == 0 ? "waiting" : sum >= demand.Amount ? "allocated" : "partially-allocated");
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Every_bag_is_either_taken_or_passed_over_for_a_reason()
    {
        Prop.ForAll(AnyStock.ToArbitrary(), stock =>
        {
            var demand = Wanted(2);
            var ofGroup = stock.Where(u => u is { Component: "red-cells-suspended", BloodGroup: "A+" }).DistinctBy(u => u.Id).ToList();
            var picked = Allocation.Pick(ofGroup, demand);
            var passed = Allocation.PassedOver(ofGroup, picked, [.. ofGroup.Select(u => u.Id)], demand);
            return picked.Count + passed.Count == ofGroup.Count && passed.All(p => p.Reason is "held" or "reserved" or "not-released" or "expires-before-needed" or "later-to-expire");
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Another_group_is_taken_only_when_the_nearer_one_is_used_up_and_each_in_its_own_order()
    {
        Prop.ForAll(AnyStock.ToArbitrary(), stock =>
        {
            var wanted = Wanted(3, "bags", "A+", "O-");
            var picked = Allocation.Pick(stock, wanted);
            var left = stock.Where(u => Allocation.IsAllocatable(u, wanted) && !picked.Contains(u)).ToList();
            return (picked.All(p => p.BloodGroup == "A+") || left.All(u => u.BloodGroup == "O-"))
                && picked.GroupBy(p => p.BloodGroup).All(g => left.Where(u => u.BloodGroup == g.Key).All(u => u.ExpiresAt >= g.Max(p => p.ExpiresAt)))
                && (picked.Count == 3 || left.Count == 0)
                && Allocation.PassedOver(stock, picked, [.. stock.Select(u => u.Id)], wanted).Count(p => p.Reason is "later-to-expire" or "nearer-group-first") == left.Count;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void What_a_need_asks_of_a_bag_is_asked_at_the_time_of_need()
    {
        var rules = Parameters.AllocationOn(new(2026, 3, 1));
        var wanted = Allocation.WantedBy(rules, new Demand("red-cells-suspended", "A+", 1, "bags", Needed, SpecialNeeds: ["fresh"], MinimumRemainingHours: 48));
        StockUnit Bag(double expiresHours, double ageDays) => new(Guid.Empty, "A999926000001", "red-cells-suspended", "A+", "available", 0, 2, null, 300, Needed.AddHours(expiresHours), Needed.AddDays(-ageDays));
        Assert.Null(Allocation.WhyNot(Bag(48.1, 7), wanted));
        Assert.Equal("expires-before-needed", Allocation.WhyNot(Bag(48, 7), wanted));
        Assert.Equal("too-old", Allocation.WhyNot(Bag(48.1, 7.1), wanted));
        Assert.Equal("not-irradiated", Allocation.WhyNot(Bag(99, 1), Allocation.WantedBy(rules, new Demand("red-cells-suspended", "A+", 1, "bags", Needed, SpecialNeeds: ["irradiated"]))));
        Assert.Equal(Needed.AddHours(72), wanted.ReservedUntil);
        Assert.Equal(Needed.AddHours(24), Allocation.WantedBy(rules, new Demand("platelets-apheresis", "A+", 1, "bags", Needed)).ReservedUntil);
    }

    [Theory]
    [InlineData(0, 0, null, "normal")]
    [InlineData(0, 28, 0.0, "red")]
    [InlineData(7, 28, 7.0, "normal")]
    [InlineData(6, 28, 6.0, "blue")]
    [InlineData(3, 28, 3.0, "yellow")]
    [InlineData(2, 28, 2.0, "orange")]
    [InlineData(1, 28, 1.0, "red")]
    public void Cover_is_days_at_the_mean_demand(int available, int issued, double? days, string level)
    {
        var cover = StockCover.Days(available, issued, 28);
        Assert.Equal((decimal?)days, cover);
        Assert.Equal(level, StockCover.Level(Parameters.StockOn(new(2026, 1, 1)).Of("red-cells-suspended"), cover));
    }

    private static ApprovedThresholds Approved(string district, string? group, string from, decimal normal, string component = "red-cells-suspended") =>
        new() { District = district, Component = component, BloodGroup = group, ValidFrom = DateOnly.Parse(from), Normal = normal, Blue = 3, Yellow = 2, Orange = 1, Reference = "x" };

    [Theory]
    [InlineData("440703", "O-", "2026-06-01", 30)] // the group's own, of the district
    [InlineData("440703", "A+", "2026-06-01", 20)] // the city's, of all groups: the last word on the newest day
    [InlineData("440703", "A+", "2026-02-01", 10)] // what held then
    [InlineData("440703", "A+", "2025-12-31", 7)] // nothing was approved: the proposed default
    [InlineData("440705", "O-", "2026-06-01", 25)] // of the city, the group before all groups
    [InlineData("440600", "O-", "2026-06-01", 40)] // another city of the province
    [InlineData("450000", "O-", "2026-06-01", 7)] // another province
    [InlineData(null, "O-", "2026-06-01", 7)] // nobody registered the station
    public void The_nearest_area_the_group_and_the_newest_day_have_the_word(string? district, string group, string day, int normal)
    {
        ApprovedThresholds[] approved = [Approved("440703", "O-", "2026-01-01", 30), Approved("440700", "O-", "2026-02-01", 25), Approved("440700", null, "2026-01-01", 10), Approved("440700", null, "2026-03-01", 15), Approved("440700", null, "2026-03-01", 20),
            Approved("440000", null, "2026-05-01", 40), Approved("440703", "O-", "2026-07-01", 99), Approved("440703", "O-", "2026-01-01", 98, "plasma-frozen")];
        var on = DateOnly.Parse(day);
        var (levels, by) = StockCover.For(Parameters.StockOn(on), approved, district, "red-cells-suspended", group, on);
        Assert.Equal((normal, normal == 7), ((int)levels.Normal, by is null));
    }

    [Fact]
    public void Platelets_have_levels_of_their_own() => Assert.Equal("blue", StockCover.Level(Parameters.StockOn(new(2026, 1, 1)).Of("platelets-apheresis"), 1.5m));

    [Theory]
    [InlineData("normal", 1.9, "red")] // worse at once, over several levels
    [InlineData("red", 2.1, "red")] // better only a tenth above the threshold
    [InlineData("red", 2.2, "orange")]
    [InlineData("red", 5.4, "yellow")] // surely above yellow's, not yet above blue's
    [InlineData("red", 7.7, "normal")]
    [InlineData("orange", 2.0, "orange")]
    [InlineData("blue", null, "normal")]
    public void A_level_falls_at_once_and_recovers_above_its_threshold(string last, double? days, string next) =>
        Assert.Equal(next, StockCover.Next(Parameters.StockOn(new(2026, 1, 1)), Parameters.StockOn(new(2026, 1, 1)).Of("red-cells-suspended"), last, (decimal?)days));

    [Theory]
    [InlineData("", "enough")]
    [InlineData("normal blue", "enough")]
    [InlineData("normal yellow", "welcome")]
    [InlineData("orange yellow normal", "urgent")]
    [InlineData("red", "urgent")]
    public void The_public_is_told_the_worst_in_three_words(string levels, string need) => Assert.Equal(need, StockCover.Need(levels.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    [Fact]
    public void A_level_that_nobody_knows_is_not_told_as_enough() => Assert.Throws<ArgumentOutOfRangeException>(() => StockCover.Need(["normal", "purple"]));

    [Theory]
    [InlineData(15, 10, true)]
    [InlineData(14, 10, false)]
    [InlineData(2, 1, true)]
    [InlineData(1, 0, true)]
    [InlineData(0, 0, false)]
    [InlineData(9, 10, false)]
    public void Half_as_many_bags_more_are_news_though_the_level_stays(int missing, int said, bool news) => Assert.Equal(news, StockCover.Worsened(Parameters.StockOn(new(2026, 1, 1)), missing, said));

    [Theory]
    [InlineData(0, 28, 7)]
    [InlineData(6, 28, 1)]
    [InlineData(7, 28, 0)]
    [InlineData(0, 1, 1)]
    [InlineData(0, 0, 0)]
    public void What_is_missing_is_what_the_best_level_needs(int available, int issued, int missing) => Assert.Equal(missing, StockCover.Missing(Parameters.StockOn(new(2026, 1, 1)), Parameters.StockOn(new(2026, 1, 1)).Of("red-cells-suspended"), available, issued));
}
