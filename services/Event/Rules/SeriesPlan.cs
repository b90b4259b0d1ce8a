namespace BloodPlatform.Drives.Rules;

/// <summary>Days of a calendar, both ends included, on which its organisation brings no donors.</summary>
public sealed record ExcludedDays(Guid? CalendarId, string? Calendar, string Entry, DateOnly From, DateOnly To);

/// <summary>An occurrence as it stands.</summary>
/// <param name="Outcome">made, skipped, dropped or kept.</param>
/// <param name="Untouched">Nobody but the series has changed its drive, which is still a draft or submitted.</param>
public sealed record OccurrenceState(DateOnly Day, string Outcome, bool Untouched);

/// <summary>What becomes of an occurrence.</summary>
/// <param name="Act">
/// make: a drive is made; update: its drive follows the series' new plan; keep: its drive stands, though the series would have it
/// otherwise, because someone changed it by hand; settle: it stands and is wanted so again; drop: its drive is cancelled; skip: no drive; forget: the rule knows the day no more.
/// </param>
/// <param name="Because">The days it falls into; null where the series itself was changed or ended.</param>
public sealed record PlannedAct(DateOnly Day, string Act, ExcludedDays? Because);

/// <summary>How the drives of a series follow its rule and calendars. What somebody changed by hand is never changed back.</summary>
public static class SeriesPlan
{
    /// <summary>The entry that keeps a day free: the one that was named first.</summary>
    public static ExcludedDays? Excluding(DateOnly day, IEnumerable<ExcludedDays> excluded) => excluded.FirstOrDefault(e => e.From <= day && day <= e.To);

    /// <param name="wanted">The rule's days in the time that is planned.</param>
    /// <param name="existing">The occurrences of that time.</param>
    /// <param name="changed">The drives themselves are to be otherwise, not only their days.</param>
    public static IReadOnlyList<PlannedAct> Reconcile(IEnumerable<DateOnly> wanted, IReadOnlyCollection<OccurrenceState> existing, IReadOnlyCollection<ExcludedDays> excluded, bool changed)
    {
        var acts = new List<PlannedAct>();
        var known = existing.ToDictionary(o => o.Day);
        foreach (var day in wanted)
        {
            known.Remove(day, out var o);
            var because = Excluding(day, excluded);
            acts.Add(new(day, (because, o) switch
            {
                (null, null or { Outcome: "skipped" or "dropped" }) => "make",
                (null, { Untouched: true }) => changed ? "update" : "settle",
                (null, _) => "settle",
                (_, null or { Outcome: "skipped" or "dropped" }) => "skip",
                (_, { Untouched: true }) => "drop",
                _ => "keep",
            }, because));
        }
        foreach (var o in known.Values.Where(o => o.Outcome != "dropped"))
            acts.Add(new(o.Day, o.Outcome == "skipped" ? "forget" : o.Untouched ? "drop" : "keep", null));
        return acts;
    }
}
