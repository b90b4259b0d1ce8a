using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

/// <summary>A reminder's day is decided by age and interval only; whatever is medical silences it and moves no day.</summary>
public sealed class RemindersTests
{
    private static readonly DateOnly Today = new(2026, 3, 10), InJune = new(2026, 6, 1), InJuly = new(2026, 7, 1);
    private static readonly Obstacle Interval = new("INT_WB_WB", "interval", new(2026, 1, 1), InJune);
    private static readonly Obstacle Medical = new("T14", "deferral", new(2026, 1, 1), InJuly);
    private static readonly Obstacle MedicalLater = Medical with { From = Today.AddDays(1) };

    [Fact]
    public void The_day_is_the_first_one_that_age_and_interval_leave_open_and_a_deferral_does_not_move_it()
    {
        Assert.Equal(InJune, Reminders.Next([Interval], Today));
        Assert.Equal(InJune, Reminders.Next([Interval, Medical], Today));
        Assert.Equal(InJuly, Reminders.Next([Interval, new("AGE_MIN", "age", DateOnly.MinValue, InJuly)], Today));
    }

    [Fact]
    public void Where_nothing_or_something_without_end_is_waited_for_there_is_no_day()
    {
        Assert.Null(Reminders.Next([], Today));
        Assert.Null(Reminders.Next([Medical], Today));
        Assert.Null(Reminders.Next([Interval], InJune)); // open from that day on: nothing to wait for
        Assert.Null(Reminders.Next([new("AGE_MAX", "age", new(2026, 1, 1), null)], Today));
    }

    [Fact]
    public void Whether_a_day_is_open_is_age_and_intervals_alone()
    {
        Assert.True(Reminders.IsOpen([], Today));
        Assert.True(Reminders.IsOpen([Medical], Today));
        Assert.False(Reminders.IsOpen([Medical, Interval], Today));
        Assert.True(Reminders.IsOpen([Medical, Interval], InJune));
    }

    [Theory]
    [InlineData("never", true, null)]
    [InlineData("never", false, null)]
    [InlineData("once", true, "2026-06-01")]
    [InlineData("once", false, null)]
    [InlineData("monthly", true, "2026-06-01")]
    [InlineData("monthly", false, "2026-04-10")]
    public void The_first_one_by_the_chosen_frequency(string frequency, bool waits, string? expected) =>
        Assert.Equal(expected is null ? null : DateOnly.Parse(expected, null), Reminders.First(waits ? [Interval, Medical] : [Medical], frequency, Today));

    [Fact]
    public void Who_is_too_old_for_ever_gets_no_monthly_one_either() => Assert.Null(Reminders.First([new("AGE_MAX", "age", new(2026, 1, 1), null)], "monthly", Today));

    [Theory]
    [InlineData("once", null)]
    [InlineData("monthly", "2026-04-10")]
    public void On_its_day_it_goes_where_nothing_stands_against_giving(string frequency, string? next) =>
        Assert.Equal((true, next is null ? null : DateOnly.Parse(next, null)), Reminders.On([MedicalLater], frequency, Today));

    [Theory]
    [InlineData("once")]
    [InlineData("monthly")]
    public void On_its_day_something_medical_ends_the_series_and_an_interval_moves_it(string frequency)
    {
        Assert.Equal((false, null), Reminders.On([Medical], frequency, Today));
        Assert.Equal((false, null), Reminders.On([Medical, Interval], frequency, Today));
        Assert.Equal((false, InJune), Reminders.On([Interval], frequency, Today));
        Assert.Equal((false, InJune), Reminders.On([Interval, MedicalLater], frequency, Today));
    }
}
