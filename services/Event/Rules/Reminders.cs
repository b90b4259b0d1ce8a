namespace BloodPlatform.Drives.Rules;

/// <summary>Bookings to be reminded now.</summary>
/// <param name="Kind">The text: `reminder-24h` or `reminder-3h`.</param>
/// <param name="Lead">How long before its slot; whoever got the slot later knows it well enough.</param>
/// <param name="After">Slots that start after this,</param>
/// <param name="Until">and not after this.</param>
public sealed record DueReminders(string Kind, TimeSpan Lead, DateTimeOffset After, DateTimeOffset Until);

/// <summary>A day and three hours before his slot a donor is reminded, never at night: what falls into it is said in the morning while that is still of use.</summary>
public static class Reminders
{
    /// <summary>Any later nobody can do anything about it.</summary>
    public static readonly TimeSpan LeastNotice = TimeSpan.FromMinutes(30);

    private static readonly (string Kind, TimeSpan Lead, TimeSpan Least)[] Kinds = [("reminder-24h", TimeSpan.FromHours(24), TimeSpan.FromHours(3)), ("reminder-3h", TimeSpan.FromHours(3), LeastNotice)];

    /// <summary>Whom to remind now; nobody at night (Shanghai). A reminder that is late is still said while it is the next to come: what the machines missed is made good.</summary>
    public static IReadOnlyList<DueReminders> Due(DateTimeOffset now) =>
        Waitlist.ToldAt(now) != now ? [] : [.. Kinds.Select(k => new DueReminders(k.Kind, k.Lead, now + k.Least, now + k.Lead))];
}
