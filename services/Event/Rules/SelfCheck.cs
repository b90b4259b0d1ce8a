using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Rules;

/// <summary>From when a procedure is possible after the last donation, as far as intervals say.</summary>
/// <param name="From">Null: no donation before, so no interval.</param>
public sealed record SelfCheckAnswer(string Procedure, DateOnly? From)
{
    public bool PossibleOn(DateOnly date) => From is not { } from || from <= date;
}

/// <summary>
/// "May I give on that day?", asked by somebody unknown who only says when he gave last. It answers the intervals between donations (GB 18467-2011
/// chapter 9, as the rule set has them) and nothing else: whether somebody is fit to give is decided at the desk.
/// </summary>
public static class SelfCheck
{
    /// <param name="last">The last donation, or null.</param>
    /// <param name="rules">Rule sets that limit intervals; the last that has begun by the day counts.</param>
    /// <returns>One answer for each procedure offered; none while no rules are known: nothing is guessed.</returns>
    public static SelfCheckAnswer[] Judge((string Procedure, DateOnly Date)? last, IEnumerable<string> offered, DateOnly day, IReadOnlyCollection<IntervalRules> rules)
    {
        if (rules.Where(r => r.ValidFrom <= day).MaxBy(r => r.ValidFrom) is not { } inForce) return [];
        return [.. offered.Select(procedure => new SelfCheckAnswer(procedure, last is { } l ? Booking.EarliestAfter(l.Date, l.Procedure, procedure, inForce) : null))];
    }
}
