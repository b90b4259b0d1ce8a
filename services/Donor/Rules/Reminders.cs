namespace BloodPlatform.Donors.Rules;

/// <summary>
/// When a person is told that he may give again. Only age and intervals decide the day, never anything medical: whoever sees a reminder come late, or
/// come again after a silence, would else learn how long a deferral lasted.
/// </summary>
public static class Reminders
{
    /// <summary>
    /// The first day after <paramref name="today"/> on which age and interval let him give, where they do not already; null where there is nothing to
    /// wait for, or no such day.
    /// </summary>
    public static DateOnly? Next(IEnumerable<Obstacle> obstacles, DateOnly today)
    {
        Obstacle[] waiting = [.. obstacles.Where(o => !o.Medical)];
        return waiting.FirstOpen(today) is { } day && day > today ? day : null;
    }

    /// <summary>The first reminder of who says how often he wishes one: who may give today already and wishes one each month gets the next in a month.</summary>
    public static DateOnly? First(IReadOnlyCollection<Obstacle> obstacles, string frequency, DateOnly today) =>
        frequency == "never" ? null : Next(obstacles, today) ?? (frequency == "monthly" && IsOpen(obstacles, today) ? today.AddMonths(1) : null);

    /// <summary>Whether age and interval let him give on the day.</summary>
    public static bool IsOpen(IEnumerable<Obstacle> obstacles, DateOnly day) => !obstacles.Any(o => !o.Medical && o.On(day));

    /// <summary>What to do on the day: a reminder goes only where nothing stands against giving; where something medical does, the series is over, and starts anew with the next donation.</summary>
    public static (bool Send, DateOnly? Next) On(IReadOnlyCollection<Obstacle> obstacles, string frequency, DateOnly today)
    {
        var standing = obstacles.On(today);
        if (standing.Any(o => o.Medical)) return (false, null);
        if (standing.Length > 0) return (false, Next(obstacles, today));
        return (true, frequency == "monthly" ? today.AddMonths(1) : null);
    }
}
