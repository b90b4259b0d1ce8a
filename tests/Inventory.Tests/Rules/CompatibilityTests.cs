using BloodPlatform.Inventory.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Inventory.Tests.Rules;

/// <summary>Domain rules 6.1 and 6.2. The properties say the physiology again, with nothing of the tables: antigens on cells, antibodies in plasma.</summary>
public sealed class CompatibilityTests
{
    private static readonly AllocationRules Rules = Parameters.AllocationOn(new(2026, 1, 1));

    private static readonly string[] Components = [.. Rules.Classes.SelectMany(c => c.Components)];

    private static readonly Gen<Demand> AnyDemand =
        from component in Gen.Elements(Components)
        from @group in Gen.Elements(Parameters.BloodGroups)
        from urgency in Gen.Elements("routine", "urgent", "emergency")
        from substitution in Gen.Elements(true, true, true, false)
        from approved in Gen.Elements(true, false)
        from sex in Gen.Elements("male", "female", null)
        from age in Gen.Elements<int?>(null, 0, 18, 19, 50, 51, 80)
        from antibodies in Gen.Elements<string[]?>(null, [], ["anti-E"], ["Anti-D"])
        select new Demand(component, @group, 1, "bags", DateTimeOffset.UnixEpoch, urgency, substitution, approved, sex, age, antibodies);

    private static char[] Abo(string group) => [.. group.Where(c => c is 'A' or 'B')];

    private static bool HasCells(string component) => component.StartsWith("red-cells", StringComparison.Ordinal) || component == "whole-blood";

    private static string Groups(Demand demand) => string.Join(' ', Compatibility.Of(Rules, demand).Where(c => c.WhyNot is null).Select(c => c.BloodGroup));

    [Fact]
    public void No_cells_meet_an_antibody_and_no_plasma_an_antigen() => Prop.ForAll(AnyDemand.ToArbitrary(), demand =>
        Compatibility.Of(Rules, demand).Where(c => c.WhyNot is null).All(c =>
            (!HasCells(demand.Component) || Abo(c.BloodGroup).All(Abo(demand.BloodGroup).Contains)) // a patient's plasma attacks what he has not
            && (demand.Component.StartsWith("red-cells", StringComparison.Ordinal) || Abo(demand.BloodGroup).All(Abo(c.BloodGroup).Contains)))) // the bag's plasma attacks what its donor has not
        .Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void Rhd_positive_blood_reaches_an_rhd_negative_patient_only_by_a_physician_in_need_and_never_whom_it_harms_for_long() => Prop.ForAll(AnyDemand.ToArbitrary(), demand =>
        !demand.Component.StartsWith("plasma", StringComparison.Ordinal) && !demand.Component.StartsWith("cryoprecipitate", StringComparison.Ordinal) && demand.BloodGroup.EndsWith('-') && Groups(demand).Contains('+', StringComparison.Ordinal)
            ? demand is { RhdPositiveApproved: true, AllowSubstitution: true, Urgency: not "routine", Sex: not null, AgeYears: > 18 } && !(demand is { Sex: "female", AgeYears: <= 50 }) && demand.Antibodies?.Contains("Anti-D") != true
            : true).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void Without_substitution_there_is_one_group_at_most_and_with_it_the_exact_one_is_first() => Prop.ForAll(AnyDemand.ToArbitrary(), demand =>
    {
        var choices = Compatibility.Of(Rules, demand);
        var allowed = choices.TakeWhile(c => c.WhyNot is null).ToList();
        return choices.Length == 8 && choices.Skip(allowed.Count).All(c => c.WhyNot is not null) && choices.Select(c => c.BloodGroup).Distinct().Count() == 8
            && (demand.AllowSubstitution ? allowed.Count == 0 || allowed[0].BloodGroup == demand.BloodGroup || choices.Single(c => c.BloodGroup == demand.BloodGroup).WhyNot == "antibody" : allowed.All(c => c.BloodGroup == demand.BloodGroup));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Theory]
    [InlineData("red-cells-suspended", "A+", "routine", "A+ O+")] // O-, A- are kept for whom they matter
    [InlineData("red-cells-suspended", "A+", "emergency", "A+ O+ A- O-")]
    [InlineData("red-cells-suspended", "AB+", "urgent", "AB+ A+ B+ O+")]
    [InlineData("red-cells-suspended", "A-", "routine", "A-")]
    [InlineData("red-cells-suspended", "A-", "urgent", "A- O-")]
    [InlineData("red-cells-suspended", "O-", "emergency", "O-")]
    [InlineData("red-cells-suspended", "O+", "emergency", "O+ O-")]
    [InlineData("whole-blood", "AB+", "emergency", "AB+ AB-")]
    [InlineData("plasma-fresh-frozen", "O+", "routine", "O+ O- A+ A- B+ B-")]
    [InlineData("plasma-fresh-frozen", "A-", "emergency", "A- A+ AB- AB+")]
    [InlineData("plasma-frozen", "AB+", "routine", "AB+")] // AB is the exact ABO group, and AB- protected with it
    [InlineData("cryoprecipitate", "B+", "routine", "B+ B- AB+ AB-")]
    [InlineData("platelets-apheresis", "A+", "routine", "A+ AB+")]
    public void The_order_of_choice(string component, string group, string urgency, string groups) => Assert.Equal(groups, Groups(new(component, group, 1, "bags", DateTimeOffset.UnixEpoch, urgency, true)));

    [Theory]
    [InlineData("male", 19, "", "A- O- A+ O+")]
    [InlineData("male", 18, "", "A- O-")]
    [InlineData("female", 51, "", "A- O- A+ O+")]
    [InlineData("female", 50, "", "A- O-")]
    [InlineData(null, 70, "", "A- O-")]
    [InlineData("male", null, "", "A- O-")]
    [InlineData("male", 70, "anti-d", "A- O-")]
    [InlineData("male", 70, "anti-E", "A- O- A+ O+")]
    public void Whom_a_physician_may_have_rhd_positive_cells_given_to(string? sex, int? age, string antibody, string groups) =>
        Assert.Equal(groups, Groups(new("red-cells-suspended", "A-", 1, "bags", DateTimeOffset.UnixEpoch, "urgent", true, true, sex, age, [antibody])));

    [Fact]
    public void Who_has_anti_D_gets_no_rhd_positive_cells_though_he_is_typed_positive() => Assert.Equal("", Groups(new("red-cells-suspended", "A+", 1, "bags", DateTimeOffset.UnixEpoch, Antibodies: ["anti-D"])));

    [Fact]
    public void Each_group_that_may_not_be_given_has_its_reason() => Assert.Equal(
        "B+ incompatible, B- incompatible, AB+ incompatible, AB- incompatible, O- protected, A- rhd-negative-kept".Split(", ").Order(),
        Compatibility.Of(Rules, new("red-cells-suspended", "A+", 1, "bags", DateTimeOffset.UnixEpoch, AllowSubstitution: true)).Where(c => c.WhyNot is not null).Select(c => $"{c.BloodGroup} {c.WhyNot}").Order());

    [Theory]
    [InlineData("red-cells-suspended", "leukoreduced", "Order red-cells-leukoreduced for it")]
    [InlineData("red-cells-suspended", "cmv-negative", "One of leukoreduced, washed, irradiated, fresh; anything else the platform knows of no bag: ask the station")]
    [InlineData("red-cells-leukoreduced", "leukoreduced", null)]
    [InlineData("platelets-apheresis", "irradiated", null)]
    public void A_need_that_no_bag_can_meet_is_said_at_once(string component, string need, string? why) =>
        Assert.Equal(why, Compatibility.Unmeetable(Rules, new(component, "A+", 1, "bags", DateTimeOffset.UnixEpoch, SpecialNeeds: [need]))?.Why);

    [Fact]
    public void The_rules_know_every_component_of_the_contract_and_every_group() => Assert.All(Rules.Classes, c =>
    {
        Assert.Equal(["A", "AB", "B", "O"], c.Abo.Keys.Order());
        Assert.All(c.Components, component => Assert.Contains(Parameters.ComponentsOn(new(2026, 1, 1)).Components, k => k.Component == component));
    });
}
