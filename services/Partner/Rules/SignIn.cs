namespace BloodPlatform.Partners.Rules;

/// <summary>How often a PIN may be tried. A PIN is short: what keeps it is that it can't be tried often.</summary>
public static class SignIn
{
    /// <summary>Wrong PINs in a row that lock a staff number.</summary>
    public const int WrongPinsBeforeLock = 5;

    /// <summary>How long it stays locked.</summary>
    public static readonly TimeSpan LockFor = TimeSpan.FromMinutes(15);

    /// <summary>How long a signed-in member of staff may act.</summary>
    public static readonly TimeSpan SessionLasts = TimeSpan.FromMinutes(15);

    /// <summary>Whether a try is refused unseen.</summary>
    public static bool IsLocked(DateTimeOffset? lockedUntil, DateTimeOffset now) => lockedUntil > now;

    /// <summary>The count after a try, and the lock it brings. A lock that has passed leaves the full number of tries again.</summary>
    public static (int Failed, DateTimeOffset? LockedUntil) After(bool right, int failed, DateTimeOffset now) =>
        right ? (0, null)
        : failed + 1 >= WrongPinsBeforeLock ? (0, now + LockFor)
        : (failed + 1, null);

    /// <summary>Whether a person whose PIN is right may act today: in service, and qualified up to and including the day (Shanghai date).</summary>
    public static bool MayAct(string status, DateOnly qualifiedUntil, DateOnly today) => status == "active" && qualifiedUntil >= today;
}
