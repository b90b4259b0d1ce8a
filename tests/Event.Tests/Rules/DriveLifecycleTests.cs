using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class DriveLifecycleTests
{
    private static readonly DateTimeOffset Start = new(2026, 6, 14, 9, 0, 0, TimeSpan.FromHours(8));
    private static readonly string[] Steps = ["submit", "approve", "open", "start", "close", "cancel", "postpone"];
    private static readonly string[] Statuses = ["draft", "submitted", "approved", "open", "started", "closed", "cancelled", "postponed"];

    private static DriveState In(string status, bool backfilled = false) => new(status, Start, Start.AddHours(4), backfilled, true, null);

    [Fact]
    public void Every_step_has_its_statuses_and_all_others_refuse_it()
    {
        string[] allowed = ["draft submit", "submitted approve", "postponed approve", "approved open", "open start", "started close",
            "draft cancel", "submitted cancel", "approved cancel", "open cancel", "postponed cancel", "approved postpone", "open postpone"];
        foreach (var status in Statuses)
            foreach (var step in Steps)
                Assert.Equal(allowed.Contains($"{status} {step}") ? null : "step_out_of_order", DriveLifecycle.Forbids(step, In(status), null, Start)?.Problem.Code);
    }

    [Fact]
    public void What_is_offered_can_be_done_and_what_can_be_done_is_offered() =>
        Prop.ForAll(Gen.Elements(Statuses).SelectMany(status => Gen.Elements(Steps).SelectMany(step => Gen.Choose(-300, 300).Select(minutes => (status, step, minutes)))).ToArbitrary(), x =>
        {
            var now = Start.AddMinutes(x.minutes);
            return DriveLifecycle.AllowedActions(Roles.Station, In(x.status), now).Contains(x.step) == DriveLifecycle.Forbids(x.step, In(x.status), null, now) is null;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(-121, "too_early")]
    [InlineData(-120, null)]
    [InlineData(239, null)]
    [InlineData(240, "drive_over")]
    public void A_drive_starts_from_two_hours_before_until_it_ends(int minutes, string? code) =>
        Assert.Equal(code, DriveLifecycle.Forbids("start", In("open"), null, Start.AddMinutes(minutes))?.Problem.Code);

    [Fact]
    public void Steps_of_the_past_follow_one_another()
    {
        var now = Start.AddYears(1);
        Assert.Equal("at_required", DriveLifecycle.Forbids("close", In("started", true), null, now)?.Problem.Code);
        Assert.Equal("invalid_value", DriveLifecycle.Forbids("close", In("started", true) with { LastStepAt = Start }, Start.AddTicks(-1), now)?.Problem.Code);
        Assert.Null(DriveLifecycle.Forbids("close", In("started", true) with { LastStepAt = Start }, Start, now));
        Assert.Null(DriveLifecycle.Forbids("cancel", In("open", true), null, now));
    }

    [Fact]
    public void An_organiser_submits_and_cancels_and_an_app_does_nothing()
    {
        Assert.Equal(["change", "submit", "cancel"], DriveLifecycle.AllowedActions(Roles.Organiser, In("draft"), Start));
        Assert.Equal(["change", "cancel"], DriveLifecycle.AllowedActions(Roles.Organiser, In("approved"), Start));
        Assert.Empty(DriveLifecycle.AllowedActions(Roles.App, In("open"), Start));
        Assert.Empty(DriveLifecycle.AllowedActions(null, In("open"), Start));
        Assert.Equal([Roles.Station, Roles.Authority], DriveLifecycle.RolesFor("approve"));
    }

    [Theory]
    [InlineData(60, 4)]
    [InlineData(50, 4)]
    [InlineData(240, 1)]
    [InlineData(241, 0)]
    public void Minutes_left_over_have_no_slot(int slotMinutes, int slots) => Assert.Equal(slots, new DrivePlan(Start, Start.AddHours(4), slotMinutes, []).Slots);

    [Theory]
    [InlineData(24, 60, 1, 24)] // through a night
    [InlineData(25, 60, 2, 2)] // an hour on each of two days
    [InlineData(55, 60, 3, 21)] // nine to four, three days
    [InlineData(55, 50, 3, 24)] // ten minutes left over each day
    [InlineData(48, 60, 2, 48)]
    public void What_ends_more_than_a_day_later_takes_place_each_day_at_the_same_hours(int hours, int slotMinutes, int days, int slots)
    {
        var plan = new DrivePlan(Start, Start.AddHours(hours), slotMinutes, []);
        Assert.Equal((days, slots), (plan.Days, plan.Slots));
        Assert.Equal(slots, Enumerable.Range(-5, hours * 60 + 10).Count(minute => plan.HasSlot(Start.AddMinutes(minute)) && (minute % (24 * 60)) % slotMinutes == 0));
    }
}
