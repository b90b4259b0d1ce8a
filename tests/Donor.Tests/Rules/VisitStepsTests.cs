using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

/// <summary>Each status with all that can be done in it; each time at its edge.</summary>
public sealed class VisitStepsTests
{
    private static readonly DateTimeOffset Last = new(2026, 3, 10, 1, 0, 0, TimeSpan.Zero), Now = Last.AddHours(1);

    [Theory]
    [InlineData("checked-in", "consent", "consented")]
    [InlineData("consented", "hygiene", "hygiene-done")]
    [InlineData("hygiene-done", "vitals", "vitals-taken")]
    [InlineData("vitals-taken", "consultation", "consulted")]
    [InlineData("consulted", "pretest", "cleared")]
    [InlineData("cleared", "collection/start", "collecting")]
    [InlineData("collecting", "collection/finish", "collected")]
    [InlineData("collected", "complete", "completed")]
    public void A_status_has_one_next_step_and_takes_no_other(string status, string step, string next)
    {
        Assert.Equal((next, null), VisitSteps.Enter(status, step));
        foreach (var other in VisitSteps.InOrder.Where(s => s != step).Append("nonsense"))
        {
            var (to, no) = VisitSteps.Enter(status, other);
            Assert.Null(to);
            Assert.Equal((Problems.StepOutOfOrder, $"The visit is {status}: next is {step}"), (no!.Problem, no.Detail));
        }
    }

    [Theory]
    [InlineData("completed")]
    [InlineData("deferred")]
    [InlineData("abandoned")]
    public void After_the_end_nothing_follows(string status)
    {
        foreach (var step in VisitSteps.InOrder.Append("defer"))
            Assert.Equal((Problems.StepOutOfOrder, $"The visit is {status}: nothing follows"), (VisitSteps.Enter(status, step).Rejection!.Problem, VisitSteps.Enter(status, step).Rejection!.Detail));
    }

    [Theory]
    [InlineData("checked-in", "consent defer abandon reactions private-withdrawal finding-corrections", true)]
    [InlineData("consented", "hygiene defer abandon reactions private-withdrawal finding-corrections", true)]
    [InlineData("hygiene-done", "vitals defer abandon reactions private-withdrawal finding-corrections", true)]
    [InlineData("vitals-taken", "consultation defer abandon reactions private-withdrawal finding-corrections", true)]
    [InlineData("consulted", "pretest defer abandon reactions private-withdrawal finding-corrections", true)]
    [InlineData("cleared", "collection/start defer abandon reactions private-withdrawal finding-corrections", true)]
    [InlineData("collecting", "collection/finish reactions private-withdrawal", false)]
    [InlineData("collected", "complete reactions private-withdrawal corrections finding-corrections", false)]
    [InlineData("completed", "reactions private-withdrawal corrections finding-corrections", false)]
    [InlineData("deferred", "reactions corrections finding-corrections", false)]
    [InlineData("abandoned", "reactions corrections finding-corrections", false)]
    public void What_can_be_done_in_each_status(string status, string allowed, bool beforeNeedle)
    {
        Assert.Equal(allowed, string.Join(' ', VisitSteps.Allowed(status)));
        Assert.Equal(beforeNeedle, VisitSteps.BeforeNeedle(status));
        Assert.Equal(beforeNeedle ? VisitSteps.Deferred : null, VisitSteps.Enter(status, "defer").To);
        Assert.Equal(status is "collected" or "completed", VisitSteps.Given(status));
        Assert.Equal(status is "collected" or "completed" or "deferred" or "abandoned", VisitSteps.Over(status));
    }

    [Theory]
    [InlineData("cleared", "collection/start", 720, false)]
    [InlineData("cleared", "collection/start", 721, true)]
    [InlineData("checked-in", "consent", 721, true)]
    [InlineData("cleared", "defer", 721, false)]
    [InlineData("collecting", "collection/finish", 721, false)]
    public void After_twelve_hours_no_step_leads_to_the_needle(string status, string step, int minutes, bool tooOld) =>
        Assert.Equal(tooOld ? Problems.VisitTooOld : null, VisitSteps.TooOld(status, step, Now.AddMinutes(-minutes), Now)?.Problem);

    [Theory]
    [InlineData(false, 75, null)] // a quarter of an hour ahead of the service's clock
    [InlineData(false, 76, "Lies in the future")]
    [InlineData(false, -15, null)]
    [InlineData(false, -16, "Lies before the step before it")]
    [InlineData(true, 60, null)]
    [InlineData(true, 61, "Lies in the future")]
    [InlineData(true, 0, null)]
    [InlineData(true, -1, "Lies before the step before it")]
    public void A_given_time_lies_between_the_step_before_and_now(bool backfilled, int minutesAfterLast, string? refused)
    {
        var (at, no) = VisitSteps.At(backfilled, Last.AddMinutes(minutesAfterLast), Last, Now, "/collectedAt");
        Assert.Equal(Last.AddMinutes(minutesAfterLast), at);
        Assert.Equal(refused, no?.Detail);
        if (refused is not null) Assert.Equal((Problems.TimeOutOfOrder, "/collectedAt", refused), (no!.Problem, no.Errors.Single().Pointer, no.Errors.Single().Detail));
    }

    [Fact]
    public void Without_a_time_a_live_step_is_now_and_one_recorded_afterwards_is_when_the_step_before_was()
    {
        Assert.Equal((Now, null), VisitSteps.At(false, null, Last, Now));
        Assert.Equal((Last, null), VisitSteps.At(true, null, Last, Now));
    }
}
