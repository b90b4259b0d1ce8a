using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Inventory.Tests.Rules;

public sealed class ProcessingTests
{
    private static readonly ComponentRules Rules = Parameters.ComponentsOn(new DateOnly(2026, 3, 1));
    private static readonly DateTimeOffset Collected = Shanghai.StartOf(new(2026, 3, 1)).AddHours(9);

    private static ParentBag Bag(string component, int volume = 300, decimal? content = 2, decimal? treatments = null, string division = "00", bool irradiated = false, string[]? restrictions = null, string[]? labels = null, DateTimeOffset? expires = null) =>
        new(component, division, content, treatments, volume, irradiated, Collected, Collected.AddHours(4), expires ?? ComponentMaking.ExpiryOf(Rules.Components.First(c => c.Component == component), "CPDA-1", Collected, Collected.AddHours(4))!.Value, "CPDA-1", restrictions ?? [], labels ?? []);

    private static readonly Gen<(ParentBag Parent, ProcessWanted Wanted)> Any =
        from component in Gen.Elements(Rules.Components.Select(c => c.Component).ToArray())
        from volume in Gen.Choose(2, 400)
        from content in Gen.Elements(1m, 1.5m, 2m)
        from irradiated in Gen.Elements(false, false, true)
        from shorter in Gen.Choose(0, 2)
        from division in Gen.Elements("00", "A0", "B0", "Aa")
        from process in Gen.Elements("split", "split", "wash", "irradiate", "thaw", "relabel")
        from hours in Gen.OneOf(Gen.Choose(4, 60), Gen.Choose(4, 24 * 40), Gen.Choose(24 * 360, 24 * 370), Gen.Choose(24 * 1400, 24 * 1500))
        from parts in Gen.Choose(1, 120).ArrayOf()
        from opened in Gen.Elements(true, false)
        let platelets = component == "platelets-apheresis"
        let bag = Bag(component, volume, platelets ? null : content, platelets ? content : null, division, irradiated)
        select (bag with { ExpiresAt = bag.ExpiresAt.AddDays(-shorter) }, new ProcessWanted(process, Collected.AddHours(hours), process == "split" ? (parts.Length < 2 ? [volume / 2, volume - (volume / 2)] : parts) : [], opened));

    [Fact]
    public void Nothing_that_comes_of_a_bag_holds_more_or_lasts_longer_than_it()
    {
        var made = 0;
        Prop.ForAll(Any.ToArbitrary(), c =>
        {
            if (Processing.Of(Rules, c.Parent, c.Wanted).Made is not { } bags) return true;
            made++;
            var frozen = Rules.Components.First(r => r.Component == "plasma-frozen");
            var longest = c.Wanted.Process == "relabel" ? ComponentMaking.ExpiryOf(frozen, "CPDA-1", Collected, Collected)!.Value : c.Parent.ExpiresAt;
            return bags.Sum(b => b.VolumeMl) <= c.Parent.VolumeMl && bags.Sum(b => b.ContentU ?? 0) <= (c.Parent.ContentU ?? 0) && bags.Sum(b => b.TreatmentUnits ?? 0) <= (c.Parent.TreatmentUnits ?? 0)
                && bags.All(b => b.ExpiresAt <= longest && b.ExpiresAt >= c.Wanted.At && b.ProducedAt >= c.Parent.ProducedAt && b.VolumeMl > 0)
                && bags.All(b => b.Irradiated == (c.Parent.Irradiated || c.Wanted.Process == "irradiate"))
                && bags.Select(b => b.ProductCode + b.Division).Distinct().Count() == bags.Length;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));
        Assert.True(made > 500, $"only {made} bags were made");
    }

    [Fact]
    public void The_content_of_a_bag_is_shared_by_what_each_part_holds()
    {
        var parts = Processing.Of(Rules, Bag("red-cells-suspended"), new("split", Collected.AddDays(2), [200, 95])).Made!;
        Assert.Equal([("A0", 200, 1.35m), ("B0", 95, 0.64m)], parts.Select(p => (p.Division, p.VolumeMl, p.ContentU!.Value)));
        Assert.Equal([("A0", 0.5m), ("B0", 0.5m)], Processing.Of(Rules, Bag("platelets-apheresis", 250, null, 1), new("split", Collected.AddDays(2), [125, 125])).Made!.Select(p => (p.Division, p.TreatmentUnits!.Value)));
        Assert.Equal([101, 100, 100], Processing.EqualParts(301, 3));
    }

    [Theory]
    [InlineData("00", "A0,B0")]
    [InlineData("A0", "Aa,Ab")]
    [InlineData("Aa", null)]
    public void ISBT_128_divides_a_bag_twice(string division, string? into)
    {
        var (made, no) = Processing.Of(Rules, Bag("red-cells-suspended", division: division), new("split", Collected.AddDays(2), [150, 150]));
        Assert.Equal(into, made is null ? null : string.Join(",", made.Select(m => m.Division)));
        Assert.Equal(into is null ? Problems.ProcessNotApplicable : null, no?.Problem);
    }

    [Fact]
    public void No_two_bags_of_a_donation_get_the_same_label()
    {
        var washed = Processing.Of(Rules, Bag("red-cells-suspended", labels: ["D000200", "D000400"]), new("wash", Collected.AddDays(2), [])).Made!.Single();
        Assert.Equal(("D0004", "A0"), (washed.ProductCode, washed.Division));
    }

    [Fact]
    public void An_opened_bag_lasts_hours()
    {
        var at = Collected.AddDays(2);
        DateTimeOffset Of(string component, bool opened) => Processing.Of(Rules, Bag(component), new("split", at, [100, 100], opened)).Made![0].ExpiresAt;
        Assert.Equal((at.AddHours(24), at.AddHours(4)), (Of("red-cells-suspended", true), Of("platelets-apheresis", true)));
        Assert.Equal(Bag("red-cells-suspended").ExpiresAt, Of("red-cells-suspended", false));
        Assert.Equal(Problems.ProcessNotApplicable, Processing.Of(Rules, Bag("plasma-thawed"), new("split", Collected.AddHours(5), [100, 100], true)).No!.Problem);
    }

    [Fact]
    public void Washed_cells_last_24_hours_from_washing_never_beyond_their_bag()
    {
        var at = Collected.AddDays(2);
        var washed = Processing.Of(Rules, Bag("red-cells-leukoreduced"), new("wash", at, [])).Made!.Single();
        Assert.Equal(("red-cells-washed", "D0004", 250, at, at.AddHours(24)), (washed.Component, washed.ProductCode, washed.VolumeMl, washed.ProducedAt, washed.ExpiresAt));
        Assert.Equal(at.AddHours(3), Processing.Of(Rules, Bag("red-cells-suspended", expires: at.AddHours(3)), new("wash", at, [])).Made!.Single().ExpiresAt);
    }

    [Theory]
    [InlineData("2026-03-15T23:59:00", "2026-03-29")]
    [InlineData("2026-03-02T00:00:00", "2026-03-16")]
    [InlineData("2026-03-16T00:00:00", null)]
    public void Red_cells_are_irradiated_within_14_days_and_last_14_more(string at, string? last)
    {
        var (made, no) = Processing.Of(Rules, Bag("red-cells-suspended"), new("irradiate", DateTimeOffset.Parse(at + "+08:00"), []));
        Assert.Equal(last, made is null ? null : Shanghai.DateOf(made.Single().ExpiresAt).ToString("yyyy-MM-dd"));
        Assert.Equal(last is null ? Problems.ProcessNotApplicable : null, no?.Problem);
        if (made is not null) Assert.Equal(("D0012", true), (made[0].ProductCode, made[0].Irradiated));
    }

    [Fact]
    public void Platelets_live_as_long_irradiated_and_nothing_is_irradiated_twice()
    {
        Assert.Equal(Bag("platelets-apheresis").ExpiresAt, Processing.Of(Rules, Bag("platelets-apheresis"), new("irradiate", Collected.AddDays(3), [])).Made!.Single().ExpiresAt);
        Assert.Equal(Problems.ProcessNotApplicable, Processing.Of(Rules, Bag("platelets-apheresis", irradiated: true), new("irradiate", Collected.AddDays(3), [])).No!.Problem);
        var washed = Processing.Of(Rules, Bag("red-cells-suspended", irradiated: true), new("wash", Collected.AddDays(3), [])).Made!.Single();
        Assert.Equal(("D0014", true), (washed.ProductCode, washed.Irradiated));
    }

    [Theory]
    [InlineData("plasma-fresh-frozen", "plasma-thawed", 24)]
    [InlineData("plasma-frozen", "plasma-thawed", 24)]
    [InlineData("cryoprecipitate", "cryoprecipitate-thawed", 4)]
    public void What_is_thawed_lasts_hours_and_is_never_frozen_again(string component, string into, int hours)
    {
        var at = Collected.AddDays(100);
        var thawed = Processing.Of(Rules, Bag(component, 50, 2), new("thaw", at, [])).Made!.Single();
        Assert.Equal((into, 50, at.AddHours(hours)), (thawed.Component, thawed.VolumeMl, thawed.ExpiresAt));
        Assert.DoesNotContain(Rules.Processes, p => p.Of.Contains(into) && p.Into is not null);
    }

    [Fact]
    public void Fresh_frozen_plasma_is_frozen_plasma_from_the_day_after_its_year_to_its_fourth()
    {
        ProcessWanted On(string at) => new("relabel", DateTimeOffset.Parse(at + "+08:00"), []);
        var bag = Bag("plasma-fresh-frozen", 200);
        Assert.Equal(Problems.ProcessNotApplicable, Processing.Of(Rules, bag, On("2027-03-01T23:59:00")).No!.Problem);
        var frozen = Processing.Of(Rules, bag, On("2027-03-02T00:00:00")).Made!.Single();
        Assert.Equal(("plasma-frozen", "D0007", 200, 2m, new DateTimeOffset(2030, 3, 1, 23, 59, 59, TimeSpan.FromHours(8))), (frozen.Component, frozen.ProductCode, frozen.VolumeMl, frozen.ContentU!.Value, frozen.ExpiresAt));
        Assert.Equal(Problems.UnitState, Processing.Of(Rules, bag, On("2030-03-02T00:00:00")).No!.Problem);
    }

    [Fact]
    public void Refused_are_other_components_restrictions_more_than_there_was_and_what_has_expired()
    {
        Rejection Of(ParentBag bag, string process, int days = 2, params int[] volumes) => Processing.Of(Rules, bag, new(process, Collected.AddDays(days), volumes)).No!;
        Assert.Equal(Problems.ProcessNotApplicable, Of(Bag("plasma-fresh-frozen"), "wash").Problem);
        Assert.Equal(Problems.ProcessNotApplicable, Of(Bag("plasma-frozen"), "split", 2, 100, 100).Problem);
        Assert.Equal(Problems.ComponentRestricted, Of(Bag("red-cells-suspended", restrictions: ["red-cells-washed"]), "wash").Problem);
        Assert.Equal(Problems.VolumeExceedsUnit, Of(Bag("red-cells-suspended"), "split", 2, 150, 151).Problem);
        Assert.Equal(Problems.VolumeExceedsUnit, Of(Bag("red-cells-suspended"), "wash", 2, 301).Problem);
        Assert.Equal(Problems.UnitState, Of(Bag("red-cells-suspended"), "wash", 36).Problem);
        Assert.Equal(CommonProblems.Invalid, Of(Bag("red-cells-suspended"), "wash", 0).Problem);
    }
}
