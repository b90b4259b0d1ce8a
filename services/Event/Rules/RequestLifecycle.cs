using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Rules;

/// <summary>
/// A request for a drive: asked → offered → taken, or declined by either side. Time alone makes it expired: an offer that nobody took by
/// its end (the station may offer anew), a wish whose last day has passed (nobody can do anything any more).
/// </summary>
public static class RequestLifecycle
{
    public static string StatusAt(string status, DateTimeOffset? offeredUntil, DateOnly lastWish, DateTimeOffset now) => status switch
    {
        "offered" when now >= offeredUntil => "expired",
        "asked" when Shanghai.DateOf(now) > lastWish => "expired",
        _ => status,
    };

    /// <summary>Why the role's step can't be taken now; null when it can.</summary>
    /// <param name="stored">As it was left.</param>
    /// <param name="status">As time has made it.</param>
    public static Rejection? Forbids(string step, string stored, string status) => (step, stored, status) switch
    {
        ("offer", "asked", "asked") or ("offer", "offered", _) or ("take", _, "offered") or ("decline", _, "asked" or "offered") => null,
        ("take", "offered", "expired") => Problems.OfferExpired.Because("Ask the station to offer anew"),
        ("take", "asked", "asked") => Problems.NothingOffered.Because(),
        _ => Problems.RequestSettled.Because($"The request is {status}"),
    };

    /// <summary>What a role can do next.</summary>
    public static string[] AllowedActions(string role, string stored, string status)
    {
        string[] steps = role switch { Roles.Station => ["offer", "decline"], Roles.Organiser => ["take", "decline"], _ => [] };
        return [.. steps.Where(step => Forbids(step, stored, status) is null)];
    }
}
