using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Inventory.Tests.Rules;

public sealed class ComponentsTests
{
    private static readonly ComponentRules Rules = Parameters.ComponentsOn(new DateOnly(2026, 3, 1));

    private static Source Blood(int nominal = 400, int? collected = 400, string preservative = "CPDA-1", DateOnly? day = null, params string[] restrictions) =>
        new("whole-blood", nominal, collected, null, preservative, restrictions, Shanghai.StartOf(day ?? new(2026, 3, 1)).AddHours(9), Shanghai.StartOf(day ?? new(2026, 3, 1)).AddHours(9.1), "completed");

    private static DateOnly LastDayOf(string component, string preservative, DateOnly collected) =>
        Shanghai.DateOf(ComponentMaking.ExpiryOf(Rules.Components.First(c => c.Component == component), preservative, Shanghai.StartOf(collected).AddHours(23.5), Shanghai.StartOf(collected))!.Value);

    [Theory]
    [InlineData("whole-blood", "ACD-B", "2026-03-01", "2026-03-22")]
    [InlineData("whole-blood", "CPD", "2026-03-01", "2026-03-22")]
    [InlineData("whole-blood", "CPDA-1", "2026-03-01", "2026-04-05")]
    [InlineData("whole-blood", "MAP", "2026-03-01", "2026-04-05")]
    [InlineData("red-cells-suspended", "ACD-B", "2026-03-01", "2026-03-22")]
    [InlineData("red-cells-suspended", "MAP", "2026-03-01", "2026-04-05")]
    [InlineData("red-cells-suspended", "SAGM", "2026-03-01", "2026-04-05")]
    [InlineData("red-cells-leukoreduced", "AS-5", "2026-03-01", "2026-04-12")]
    [InlineData("platelets-apheresis", "ACD-B", "2026-03-01", "2026-03-06")]
    [InlineData("plasma-fresh-frozen", "CPD", "2024-02-29", "2025-02-28")]
    [InlineData("plasma-frozen", "CPD", "2024-02-29", "2028-02-29")]
    [InlineData("cryoprecipitate", "CPD", "2024-02-28", "2025-02-28")]
    public void The_last_day_counts_from_the_Shanghai_date_of_collection(string component, string preservative, string collected, string last) =>
        Assert.Equal(DateOnly.Parse(last), LastDayOf(component, preservative, DateOnly.Parse(collected)));

    [Theory]
    [InlineData(18 * 60, null)]
    [InlineData((18 * 60) + 1, "too_late")]
    public void Fresh_frozen_plasma_is_made_within_18_hours_of_the_collection(int minutes, string? code)
    {
        var no = ComponentMaking.Make(Rules, Blood(), ComponentMaking.OfRecipe(Rules, "red-cells-and-plasma")!, Blood().EndedAt.AddMinutes(minutes)).No;
        Assert.Equal(code, no?.Errors.Single().Code);
        Assert.Null(ComponentMaking.Make(Rules, Blood(), [new("red-cells-suspended", null)], Blood().EndedAt.AddMinutes(minutes)).No);
    }

    [Fact]
    public void A_bag_lasts_to_the_end_of_its_last_day()
    {
        var expiry = ComponentMaking.ExpiryOf(Rules.Components.First(c => c.Component == "whole-blood"), "CPDA-1", Shanghai.StartOf(new(2026, 3, 1)), Shanghai.StartOf(new(2026, 3, 1)))!.Value;
        Assert.Equal(new DateTimeOffset(2026, 4, 5, 23, 59, 59, TimeSpan.FromHours(8)), expiry);
    }

    [Fact]
    public void Washed_cells_last_24_hours_from_washing()
    {
        var washed = new DateTimeOffset(2026, 3, 4, 10, 30, 0, TimeSpan.FromHours(8));
        Assert.Equal(washed.AddHours(24), ComponentMaking.ExpiryOf(Rules.Components.First(c => c.Component == "red-cells-washed"), "MAP", washed.AddDays(-3), washed));
    }

    [Theory]
    [InlineData(200, 1, 150, 100)]
    [InlineData(300, 1.5, 225, 150)]
    [InlineData(400, 2, 300, 200)]
    public void Whole_blood_gives_a_bag_of_red_cells_and_one_of_plasma(int nominal, double contentU, int cells, int plasma)
    {
        var (made, no) = ComponentMaking.Make(Rules, Blood(nominal, nominal), ComponentMaking.OfRecipe(Rules, "red-cells-and-plasma")!, Blood().EndedAt);
        Assert.Null(no);
        Assert.Equal([("red-cells-suspended", "D0002", "00", (decimal)contentU, cells), ("plasma-fresh-frozen", "D0006", "00", (decimal)contentU, plasma)],
            made!.Select(m => (m.Component, m.ProductCode, m.Division, m.ContentU!.Value, m.VolumeMl)));
    }

    [Fact]
    public void What_was_weighed_decides_the_volume_and_the_nominal_the_content()
    {
        var made = ComponentMaking.Make(Rules, Blood(400, 250), ComponentMaking.OfRecipe(Rules, "red-cells-and-plasma")!, Blood().EndedAt).Made!;
        Assert.Equal([(2m, 187), (2m, 125)], made.Select(m => (m.ContentU!.Value, m.VolumeMl)));
    }

    [Fact]
    public void Platelets_count_in_treatment_units_and_divide_into_A0_and_B0()
    {
        var source = Blood() with { Procedure = "apheresis-platelets", NominalMl = null, CollectedMl = null, TreatmentUnits = 2 };
        var one = Assert.Single(ComponentMaking.Make(Rules, source, ComponentMaking.OfRecipe(Rules, "platelets")!, source.EndedAt).Made!);
        Assert.Equal(("00", null, 2, 500), (one.Division, one.ContentU, one.TreatmentUnits!.Value, one.VolumeMl));
        var two = ComponentMaking.Make(Rules, source, ComponentMaking.OfRecipe(Rules, "platelets-two-bags")!, source.EndedAt).Made!;
        Assert.Equal([("A0", 1), ("B0", 1)], two.Select(m => (m.Division, m.TreatmentUnits!.Value)));
        Assert.Equal(Problems.VolumeExceedsDonation, ComponentMaking.Make(Rules, source with { TreatmentUnits = 1 }, ComponentMaking.OfRecipe(Rules, "platelets-two-bags")!, source.EndedAt).No!.Problem);
    }

    [Fact]
    public void Refused_are_other_procedures_restrictions_unknown_preservatives_and_more_than_was_drawn()
    {
        Assert.Null(ComponentMaking.OfRecipe(Rules, "soup"));
        Assert.Equal(Problems.RecipeNotApplicable, ComponentMaking.Make(Rules, Blood(), ComponentMaking.OfRecipe(Rules, "platelets")!, Blood().EndedAt).No!.Problem);
        Assert.Equal(Problems.RecipeNotApplicable, ComponentMaking.Make(Rules, Blood(), [new("soup", null)], Blood().EndedAt).No!.Problem);
        Assert.Equal(Problems.ComponentRestricted, ComponentMaking.Make(Rules, Blood(restrictions: "plasma-fresh-frozen"), ComponentMaking.OfRecipe(Rules, "red-cells-and-plasma")!, Blood().EndedAt).No!.Problem);
        Assert.Equal(Problems.PreservativeUnknown, ComponentMaking.Make(Rules, Blood(preservative: "XYZ"), ComponentMaking.OfRecipe(Rules, "red-cells-and-plasma")!, Blood().EndedAt).No!.Problem);
        Assert.Equal(Problems.VolumeExceedsDonation, ComponentMaking.Make(Rules, Blood(200, 200), [new("red-cells-suspended", 311)], Blood().EndedAt).No!.Problem);
        Assert.Null(ComponentMaking.Make(Rules, Blood(200, 200), [new("red-cells-suspended", 310)], Blood().EndedAt).No);
        Assert.Equal(Problems.NothingToProcess, ComponentMaking.Make(Rules, Blood() with { Outcome = "abandoned" }, [new("whole-blood", null)], Blood().EndedAt).No!.Problem);
    }

    /// <summary>Whatever a station's software says it made, in whatever order: no more than was drawn, no longer than it may live.</summary>
    [Fact]
    public void Bags_that_are_told_of_one_by_one_hold_no_more_than_was_drawn() => Prop.ForAll(
        (from nominal in Gen.Elements(200, 300, 400)
         from bags in (from component in Gen.Elements("red-cells-suspended", "plasma-frozen", "whole-blood", "red-cells-leukoreduced")
                       from volume in Gen.OneOf(Gen.Constant((int?)null), Gen.Choose(1, 450).Select(v => (int?)v))
                       from content in Gen.OneOf(Gen.Constant((decimal?)null), Gen.Choose(1, 8).Select(v => (decimal?)(v / 2m)))
                       from days in Gen.Choose(1, 4000)
                       select (component, volume, content, days)).ListOf(6)
         select (nominal, bags)).ToArbitrary(), told =>
    {
        var source = Blood(told.nominal, told.nominal);
        List<MadeComponent> made = [];
        foreach (var (component, volume, content, days) in told.bags)
        {
            var (bag, no) = ComponentMaking.Another(Rules, source, made, new(component, $"A{made.Count}", volume, content, null, source.EndedAt.AddHours(2), source.EndedAt.AddDays(days)));
            if ((bag is null) == (no is null)) return false;
            if (bag is null) continue;
            made.Add(bag);
            if (bag.ExpiresAt > source.EndedAt.AddDays(days) || bag.ExpiresAt > ComponentMaking.ExpiryOf(Rules.Components.First(c => c.Component == component), source.Preservative, source.StartedAt, source.EndedAt.AddHours(2))) return false;
        }
        return made.Sum(m => m.VolumeMl) <= told.nominal * (200 + Rules.AdditiveMlPer200) / 200
            && made.GroupBy(m => m.Component).All(g => g.Sum(m => m.ContentU) <= told.nominal / 200m && g.All(m => m.ContentU > 0));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_software_tells_brings_no_bag_nearer_to_a_patient_but_by_having_left() =>
        Assert.All(
            from kind in Mirroring.Kinds
            from status in new[] { "quarantine", "available", "reserved", "issued", "received", "transfused", "returned", "discarded", "expired", "historic", "unaccounted", "consumed" }
            from held in new[] { false, true }
            from expired in new[] { false, true }
            select (kind, status, held, expired), c =>
        {
            var movement = Mirroring.Of(c.kind, c.status, c.held, c.expired);
            Assert.Equal(c.status is "transfused" or "discarded" or "historic" or "consumed", Mirroring.Kinds.All(k => Mirroring.Of(k, c.status, c.held, c.expired) is null)); // what is gone is gone
            if (movement is null) return;
            Assert.True(movement.To is null ? c.status == "reserved" && movement.Holds : movement.To == c.kind);
            if (movement.To == "issued") Assert.Equal(c.status == "available" && !c.held && !c.expired, movement.Alarms.Length == 0);
        });
}
