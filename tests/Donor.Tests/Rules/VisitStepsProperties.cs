using BloodPlatform.Donors.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Donors.Tests.Rules;

/// <summary>Whatever is tried in whatever order, the needle comes after every step before it, in their order.</summary>
public sealed class VisitStepsProperties
{
    private static readonly string[] Steps = [.. VisitSteps.InOrder, "defer", "nonsense"];
    private static readonly string[] BeforeTheNeedle = ["consent", "hygiene", "vitals", "consultation", "pretest", "collection/start"];

    // Mostly the next step, so that the sequences get somewhere; else any.
    private static readonly Arbitrary<string[]> Tried = (
        from steps in Gen.Choose(0, 99).SelectMany(n => n < 70 ? Gen.Constant("next") : Gen.Elements(Steps)).ListOf()
        select steps.ToArray()).ToArbitrary();

    [Fact]
    public void Nothing_reaches_the_needle_but_all_steps_in_order() => Prop.ForAll(Tried, tried =>
    {
        var (status, done) = (VisitSteps.CheckedIn, new List<string>());
        foreach (var wish in tried)
        {
            var step = wish == "next" ? VisitSteps.InOrder.FirstOrDefault(s => VisitSteps.Enter(status, s).To is not null) ?? "nonsense" : wish;
            var (to, rejection) = VisitSteps.Enter(status, step);
            if ((to is null) == (rejection is null)) return false;
            if (to is null) continue;
            done.Add(step);
            // What can be done is what was allowed, and what ended never goes on.
            if (!VisitSteps.Allowed(status).Contains(step) || status is VisitSteps.Deferred or VisitSteps.Completed) return false;
            status = to;
            if (status == VisitSteps.Collecting && !done.SequenceEqual(BeforeTheNeedle)) return false;
        }
        return status != VisitSteps.Collecting || done.SequenceEqual(BeforeTheNeedle);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_visit_that_is_over_or_in_the_chair_is_not_deferred()
    {
        foreach (var status in new[] { VisitSteps.Collecting, VisitSteps.Collected, VisitSteps.Completed, VisitSteps.Deferred, VisitSteps.Abandoned })
            Assert.Equal(Problems.StepOutOfOrder, VisitSteps.Enter(status, "defer").Rejection!.Problem);
    }
}
