using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Tests.Rules;

public sealed class RemindersTests
{
    private static DateTimeOffset On(int day, double hour) => new DateTimeOffset(2026, 3, day, 0, 0, 0, TimeSpan.FromHours(8)).AddHours(hour);

    /// <summary>When a slot of the 5th is reminded of each kind, looking every minute from the 3rd on.</summary>
    [Theory]
    [InlineData(9, "reminder-24h 4 9", "reminder-3h 5 8")] // six in the morning is night: at eight there is still an hour
    [InlineData(8.5, "reminder-24h 4 8.5", "")] // half an hour is no use any more, and the day before has said it
    [InlineData(12, "reminder-24h 4 12", "reminder-3h 5 9")]
    [InlineData(21.5, "reminder-24h 4 21.5", "reminder-3h 5 18.5")]
    [InlineData(23, "reminder-24h 5 8", "reminder-3h 5 20")]
    [InlineData(2, "reminder-24h 4 8", "")]
    public void A_slot_is_reminded_a_day_and_three_hours_before_and_never_at_night(double hour, string day, string hours)
    {
        var slot = On(5, hour);
        var first = new Dictionary<string, DateTimeOffset>();
        for (var now = On(3, 0); now < slot; now = now.AddMinutes(1))
            foreach (var due in Reminders.Due(now).Where(d => slot > d.After && slot <= d.Until)) first.TryAdd(due.Kind, now);
        Assert.Equal(new[] { day, hours }.Where(x => x.Length > 0).Order(), first.Select(f => FormattableString.Invariant($"{f.Key} {f.Value.Day} {(f.Value - On(f.Value.Day, 0)).TotalHours}")).Order());
    }

    [Fact]
    public void No_slot_is_due_for_two_kinds_at_once()
    {
        var due = Reminders.Due(On(4, 12));
        Assert.Equal(due[0].After, due[1].Until);
        Assert.Equal((TimeSpan.FromHours(24), TimeSpan.FromHours(3)), (due[0].Lead, due[1].Lead));
    }
}
