namespace BloodPlatform.Inventory.Rules;

/// <summary>A bag as the station's own count or software knows it.</summary>
/// <param name="Status">Its place there; null: it is there.</param>
public sealed record CountedBag(string Din, string ProductCode, string Division, string? Status = null, bool Held = false, string? Component = null, string? BloodGroup = null, DateTimeOffset? ExpiresAt = null);

/// <summary>A bag as it is known here.</summary>
/// <param name="MirrorHold">Whether a hold of an earlier count is open on it.</param>
/// <param name="ChangedAt">When something was last recorded of it.</param>
public sealed record KnownBag(Guid Id, string Din, string ProductCode, string Division, string Component, string? BloodGroup, DateTimeOffset ExpiresAt, string Status, int OpenHolds, bool MirrorHold, DateTimeOffset ChangedAt);

/// <summary>A difference.</summary>
/// <param name="Kind">`missing`, `unreadable`, `changed-since`, `found`, `unknown-here`, `stricter-there`, `laxer-there`, `held-there`, `component-differs`, `group-differs`, `expires-earlier-there` or `expires-later-there`.</param>
/// <param name="Act">What it does: `unaccounted`, `found`, `held`, or null: it is only said.</param>
public sealed record Difference(string Kind, Guid? UnitId, string Din, string ProductCode, string Division, string? Here, string? There, string? Act = null);

/// <summary>
/// A station's count beside what is known here. Nothing becomes laxer by it: a bag is held, or not accounted for, or what differs is only said.
/// </summary>
public static class Reconciliation
{
    /// <summary>Places in which a bag is in the station's hands.</summary>
    public static readonly string[] InHand = ["quarantine", "available", "reserved", "expired", "returned"];

    /// <param name="unread">What stood as number in rows that could not be read whole; null where none did.</param>
    /// <param name="takenAt">What was recorded of a bag later, the count can't know.</param>
    /// <returns>The differences, and how many bags agree.</returns>
    public static (List<Difference> Differences, int Agreeing) Of(IReadOnlyList<KnownBag> here, IReadOnlyList<CountedBag> there, IReadOnlyList<string?> unread, DateTimeOffset takenAt)
    {
        var known = here.ToDictionary(b => (b.Din, b.ProductCode, b.Division));
        var seen = new HashSet<Guid>();
        var differences = new List<Difference>();
        var agreeing = 0;
        foreach (var counted in there)
        {
            if (!known.TryGetValue((counted.Din, counted.ProductCode, counted.Division), out var bag))
            {
                differences.Add(new("unknown-here", null, counted.Din, counted.ProductCode, counted.Division, null, counted.Status));
                continue;
            }
            seen.Add(bag.Id);
            Difference[] differs = bag.ChangedAt > takenAt ? [new("changed-since", bag.Id, bag.Din, bag.ProductCode, bag.Division, bag.Status, counted.Status)] : [.. Between(bag, counted)];
            if (differs.Length == 0) agreeing++;
            // One hold is enough for all that differs; an earlier count's that is open is enough too.
            var holds = false;
            foreach (var d in differs)
            {
                differences.Add(d.Act != "held" || (!holds && !bag.MirrorHold) ? d : d with { Act = null });
                holds |= d.Act == "held";
            }
        }
        foreach (var bag in here.Where(b => !seen.Contains(b.Id) && InHand.Contains(b.Status)))
        {
            var missing = new Difference("missing", bag.Id, bag.Din, bag.ProductCode, bag.Division, bag.Status, null);
            differences.Add(
                bag.ChangedAt > takenAt ? missing with { Kind = "changed-since" }
                : unread.Any(text => MayMean(text, bag.Din)) ? missing with { Kind = "unreadable" }
                // A promised bag stays promised, and can't leave: whoever fetches it will see.
                : bag.Status == "reserved" ? missing with { Act = bag.MirrorHold ? null : "held" }
                : missing with { Act = "unaccounted" });
        }
        return (differences, agreeing);
    }

    private static IEnumerable<Difference> Between(KnownBag bag, CountedBag counted)
    {
        Difference Of(string kind, string? here, string? there, string? act) => new(kind, bag.Id, bag.Din, bag.ProductCode, bag.Division, here, there, act);
        if (bag.Status == "unaccounted") yield return Of("found", bag.Status, counted.Status, "found");
        else if (Strictness(counted.Status) is { } strictness && strictness != Strictness(bag.Status))
            yield return strictness > Strictness(bag.Status) ? Of("stricter-there", bag.Status, counted.Status, Held(bag)) : Of("laxer-there", bag.Status, counted.Status, null);
        if (counted.Held && bag.OpenHolds == 0) yield return Of("held-there", null, "held", Held(bag));
        if (counted.Component is { } component && component != bag.Component) yield return Of("component-differs", bag.Component, component, Held(bag));
        if (counted.BloodGroup is { } group && bag.BloodGroup is { } own && group != own) yield return Of("group-differs", own, group, Held(bag));
        if (counted.ExpiresAt is { } expires && Chassis.Shanghai.DateOf(expires) is var there && Chassis.Shanghai.DateOf(bag.ExpiresAt) is var here && there != here)
            yield return Of(there < here ? "expires-earlier-there" : "expires-later-there", $"{here:yyyy-MM-dd}", $"{there:yyyy-MM-dd}", there < here ? Held(bag) : null);
    }

    /// <summary>What is gone anyway needs no hold.</summary>
    private static string? Held(KnownBag bag) => InHand.Contains(bag.Status) ? "held" : null;

    private static int? Strictness(string? status) => status switch
    {
        null => null,
        "available" or "reserved" => 0,
        "quarantine" or "returned" => 1,
        _ => 2,
    };

    /// <summary>Whether a number that was mistyped in one place, or in two that were exchanged, may be the bag's.</summary>
    public static bool MayMean(string? text, string din)
    {
        if (text is null || text.Trim().ToUpperInvariant() is not { Length: >= 13 } written) return false;
        var wrong = Enumerable.Range(0, 13).Where(i => written[i] != din[i]).ToArray();
        return wrong.Length < 2 || (wrong is [var a, var b] && written[a] == din[b] && written[b] == din[a]);
    }
}
