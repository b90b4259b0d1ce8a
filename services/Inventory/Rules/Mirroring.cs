namespace BloodPlatform.Inventory.Rules;

/// <summary>What a movement that a station's own software tells does to a bag as it is known here.</summary>
/// <param name="To">Its place afterwards; null: it stays.</param>
/// <param name="Holds">Whether it is held instead of moved.</param>
/// <param name="Alarms">`not-released`, `held`, `expired`, `promised`, `unaccounted`: what should not have been so.</param>
public sealed record Movement(string? To, bool Holds, string[] Alarms);

/// <summary>
/// A station that keeps its own software tells what happened. That is recorded, also where it should not have happened, and then says so; a bag is never nearer to a patient by it than it is known to be,
/// unless it has left for him already.
/// </summary>
public static class Mirroring
{
    public static readonly string[] Kinds = ["issued", "received", "returned", "discarded"];

    /// <returns>Null where a bag in that place can't have moved so.</returns>
    public static Movement? Of(string kind, string status, bool held, bool expired) => (kind, status) switch
    {
        // A promised bag stays promised, and can't leave a second time: whoever sees to its order will see.
        ("issued" or "discarded", "reserved") => new(null, true, ["promised"]),
        ("issued", "quarantine" or "available" or "returned" or "expired" or "unaccounted") => new("issued", false,
        [
            .. status is "available" ? Array.Empty<string>() : [status is "unaccounted" ? "unaccounted" : status is "expired" ? "expired" : "not-released"],
            .. held ? new[] { "held" } : [], .. expired && status != "expired" ? new[] { "expired" } : [],
        ]),
        ("received", "issued") => new("received", false, []),
        ("returned", "issued" or "received") => new("returned", false, []),
        ("discarded", "quarantine" or "available" or "returned" or "expired" or "unaccounted") => new("discarded", false, []),
        _ => null,
    };
}
