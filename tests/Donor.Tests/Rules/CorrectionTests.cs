using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Donors.Tests.Rules;

public sealed class CorrectionTests
{
    private static readonly DateTimeOffset Opened = new(2026, 3, 1, 9, 0, 0, TimeSpan.FromHours(8));
    private static readonly DateTimeOffset Now = Opened.AddDays(2);
    private static readonly CollectionBag Bag = new("B-400", "L1", new(2027, 1, 1), "CPDA-1");
    private static readonly CollectionRecord Recorded = new("whole-blood", 400, 400, null, "completed", Bag, "left", Opened.AddMinutes(20), Opened.AddMinutes(27), [], ["platelets"]);

    private static (CollectionRecord? After, string? Code, string? Pointer) Correct(CorrectedValues values, params string[] anyway) =>
        Correction.Correct(Release.Rules, Recorded, values, anyway, Opened, Now) is var (after, no) ? (after, no?.Problem.Code, no?.Errors.FirstOrDefault()?.Pointer) : default;

    [Fact]
    public void What_follows_from_the_values_is_judged_anew()
    {
        var (after, _, _) = Correct(new(CollectedMl: 359));
        Assert.Equal((359, 400), (after!.CollectedMl, after.NominalMl));
        Assert.Equal(["volume-out-of-tolerance"], after.Deviations);
        Assert.Empty(after.Restrictions);
        Assert.Equal(["platelets"], Correct(new(CollectedMl: 390), "platelets").After!.Restrictions);
        Assert.Equal(["platelets", "plasma-fresh-frozen"], Correct(new(EndedAt: Opened.AddMinutes(20 + 14))).After!.Restrictions);
        Assert.Equal(300, Correct(new(NominalMl: 300, CollectedMl: 300)).After!.NominalMl);
        Assert.Equal("right", Correct(new(Arm: "right")).After!.Arm);
    }

    [Fact]
    public void What_cannot_be_is_refused_with_its_field()
    {
        Assert.Equal((null, "nothing_corrected", null), Correct(new()));
        Assert.Equal((null, "nothing_corrected", null), Correct(new(CollectedMl: 400, Arm: "left", Bag: Bag with { })));
        Assert.Equal((null, "volume_not_allowed", "/values/nominalMl"), Correct(new(NominalMl: 401)));
        Assert.Equal((null, "volume_not_allowed", "/values/treatmentUnits"), Correct(new(TreatmentUnits: 1)));
        Assert.Equal((null, "invalid_value", "/values/collectedMl"), Correct(new(CollectedMl: 0)));
        Assert.Equal((null, "time_out_of_order", "/values/startedAt"), Correct(new(StartedAt: Opened.AddMinutes(-16))));
        Assert.Equal((null, "time_out_of_order", "/values/endedAt"), Correct(new(EndedAt: Opened)));
        Assert.Equal((null, "time_out_of_order", "/values/endedAt"), Correct(new(EndedAt: Now.AddMinutes(16))));
        Assert.Equal((null, "bag_expired", "/values/bag/expiresOn"), Correct(new(Bag: Bag with { ExpiresOn = new(2026, 2, 28) })));
    }

    [Fact]
    public void The_last_moment_that_can_be_is_taken()
    {
        Assert.Equal(Opened.AddMinutes(-15), Correct(new(StartedAt: Opened.AddMinutes(-15))).After!.StartedAt); // clocks differ by a quarter of an hour
        Assert.Equal(Recorded.StartedAt, Correct(new(EndedAt: Recorded.StartedAt)).After!.EndedAt);
        Assert.Equal(Now.AddMinutes(15), Correct(new(EndedAt: Now.AddMinutes(15))).After!.EndedAt);
        Assert.Equal("/values/startedAt", Correct(new(StartedAt: Opened.AddMinutes(-15).AddTicks(-1))).Pointer);
        Assert.Equal("/values/endedAt", Correct(new(EndedAt: Now.AddMinutes(15).AddTicks(1))).Pointer);
    }

    [Fact]
    public void Outcome_and_treatment_units_are_corrected_and_what_was_found_of_the_plasma_stays()
    {
        Assert.Equal(["collection-abandoned"], Correct(new(Outcome: "abandoned")).After!.Deviations);
        var apheresis = Recorded with { Procedure = "apheresis-platelets", NominalMl = null, CollectedMl = 250, TreatmentUnits = 1, Deviations = ["plasma-over-limit", "volume-out-of-tolerance"], Restrictions = [] };
        CollectionRecord After(CorrectedValues values) => Correction.Correct(Release.Rules, apheresis, values, [], Opened, Now).After!;
        Assert.Equal(2, After(new(TreatmentUnits: 2)).TreatmentUnits);
        Assert.Equal(1, After(new(Arm: "right")).TreatmentUnits);
        Assert.Equal("completed", After(new(Arm: "right")).Outcome);
        Assert.Equal(["plasma-over-limit"], After(new(Arm: "right")).Deviations); // the other is judged anew
    }

    [Fact]
    public void Who_recorded_it_or_corrected_it_last_does_not_correct_it()
    {
        var (ann, ben, cat) = (Some.Id(), Some.Id(), Some.Id());
        Assert.Equal(Problems.SecondPersonRequired, Correction.By(ann, [ann], null)!.Problem);
        Assert.Equal(Problems.SecondPersonRequired, Correction.By(ben, [ann], ben)!.Problem);
        Assert.Null(Correction.By(ben, [ann], cat));
        Assert.Null(Correction.By(ben, [ann, cat], null));
    }

    [Fact]
    public void A_correction_is_a_fresh_record_of_the_corrected_values() => Prop.ForAll(
        (from ml in Gen.Choose(1, 600) from nominal in Gen.Elements(200, 300, 400) from minutes in Gen.Choose(1, 40) select (ml, nominal, minutes)).ToArbitrary(), v =>
        {
            var after = Correct(new(NominalMl: v.nominal, CollectedMl: v.ml, EndedAt: Recorded.StartedAt.AddMinutes(v.minutes))).After;
            var (deviations, restrictions) = Collection.Outcome(Release.Rules, "completed", v.nominal, v.ml, TimeSpan.FromMinutes(v.minutes));
            return after is null ? (v.nominal, v.ml, v.minutes) == (400, 400, 7) : after.Deviations.SequenceEqual(deviations) && after.Restrictions.SequenceEqual(restrictions);
        }).QuickCheckThrowOnFailure();

    private static Findings Found(params string[] codes) => new([], [.. codes.Select(c => new DeferralFact(c, new(2026, 3, 1), null))]);

    [Fact]
    public void Only_what_the_step_had_brought_and_nothing_standing_brings_is_superseded()
    {
        string[] Of(IReadOnlyList<(string, Findings)> judged, string step = "vitals", params string[] besides) => [.. Correction.Superseded(judged, step, besides).Order()];
        Assert.Equal(["T32"], Of([("vitals", Found("T32")), ("vitals", Found())]));
        Assert.Empty(Of([("vitals", Found("T32")), ("vitals", Found("T32"))]));
        Assert.Empty(Of([("vitals", Found("T32"))]));
        Assert.Equal(["T01"], Of([("vitals", Found("T32", "T01")), ("consultation", Found("T32")), ("vitals", Found())])); // the answers say it too
        Assert.Empty(Of([("vitals", Found("T32")), ("vitals", Found())], besides: "T32")); // and so does a physician
        Assert.Empty(Of([("vitals", Found("T32")), ("vitals", Found()), ("pretest", Found("T02")), ("pretest", Found("T32"))]));
        Assert.Empty(Of([("vitals", Found("T32")), ("vitals", Found())], step: "consultation")); // none of its own
        Assert.Equal(["T01", "T32"], Of([("vitals", Found("T32")), ("vitals", Found("T01")), ("vitals", Found("T02"))])); // of every one that stands no more
    }

    [Fact]
    public void What_stands_is_never_superseded()
    {
        var steps = Gen.Elements("vitals", "consultation", "pretest");
        var codes = Gen.SubListOf(new[] { "T01", "T02", "T32", "P01" });
        var judged = Gen.ListOf(from step in steps from found in codes select (step, Found([.. found])));
        Prop.ForAll(judged.ToArbitrary(), steps.ToArbitrary(), (all, step) =>
        {
            var ends = Correction.Superseded([.. all], step, []);
            var standing = all.GroupBy(j => j.Item1).SelectMany(g => g.Last().Item2.Deferrals).Select(d => d.Code);
            return !ends.Overlaps(standing) && ends.IsSubsetOf(all.Where(j => j.Item1 == step).SelectMany(j => j.Item2.Deferrals).Select(d => d.Code));
        }).QuickCheckThrowOnFailure();
    }
}
