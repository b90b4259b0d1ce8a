namespace BloodPlatform.Chassis;

/// <summary>Ids are UUID version 7: ordered by time, and their first 48 bits say when they were made.</summary>
public static class Ids
{
#pragma warning disable RS0030 // the one place that makes ids
    public static Guid New(TimeProvider clock) => Guid.CreateVersion7(clock.GetUtcNow());
#pragma warning restore RS0030

    /// <summary>The instant a version 7 id was made; null for any other id.</summary>
    public static DateTimeOffset? MadeAt(Guid id)
    {
        if (id.Version != 7) return null;
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        long milliseconds = 0;
        for (var i = 0; i < 6; i++) milliseconds = (milliseconds << 8) | bytes[i];
        return milliseconds <= 253402300799999 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
    }

    /// <summary>Whether the id was made less than 60 s ago (or up to 60 s ahead, by another machine's clock).</summary>
    public static bool IsFresh(Guid id, DateTimeOffset now) =>
        MadeAt(id) is { } made && (now - made).Duration() < TimeSpan.FromSeconds(60);
}

/// <summary>Business dates and offsets of China: one zone, +08:00, no summer time since 1992.</summary>
public static class Shanghai
{
    private static readonly TimeZoneInfo Zone = TimeZoneInfo.FindSystemTimeZoneById("Asia/Shanghai");

    /// <summary>The Shanghai calendar date of an instant: a donation's date is that of its start.</summary>
    public static DateOnly DateOf(DateTimeOffset instant) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, Zone).DateTime);

    /// <summary>The same instant as it is printed in answers.</summary>
    public static DateTimeOffset Local(DateTimeOffset instant) => TimeZoneInfo.ConvertTime(instant, Zone);

    /// <summary>Midnight in Shanghai at the start of a date.</summary>
    public static DateTimeOffset StartOf(DateOnly date)
    {
        var local = date.ToDateTime(TimeOnly.MinValue);
        return new DateTimeOffset(local, Zone.GetUtcOffset(local));
    }
}
