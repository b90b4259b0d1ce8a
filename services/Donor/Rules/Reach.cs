namespace BloodPlatform.Donors.Rules;

/// <summary>
/// The donations that must not be used because of a deferral, by their Shanghai dates: found later than blood was taken, it speaks of that blood too.
/// Hold first, judge afterwards: quality releases what the reason does not concern.
/// </summary>
/// <param name="Until">The first date that it does not reach; null where no end is known.</param>
public sealed record Reach(DateOnly From, DateOnly? Until)
{
    // Known from another register or from himself: nothing says since when it is so.
    private static readonly string[] OfUnknownBeginning = ["EXTERNAL_HIT", "LATE_INFORMATION"];

    /// <summary>
    /// A deferral that ends, or was lifted, reaches what was given while it was in force. One without end that lasts, is a laboratory's, comes from
    /// elsewhere or from the donor's own call reaches whatever of his may still be in date: when its cause began, nobody knows.
    /// </summary>
    /// <param name="rule">The deferral's rule; null where the rule set does not know the code.</param>
    /// <param name="origin">As it is recorded: `test`, `external`, `late-information`, …</param>
    public static Reach Of(DeferralFact deferral, Rule? rule, string origin) =>
        rule is { UntilInterval: true } ? new(deferral.From, deferral.From) // too soon for the next says nothing of the last
        : deferral.Until is null && (rule is null or { Permanent: true } or { TestDerived: true } || origin is "test" or "external" or "late-information" || OfUnknownBeginning.Contains(deferral.Code))
            ? new(DateOnly.MinValue, null) : new(deferral.From, deferral.Until);

    public bool Covers(DateOnly donatedOn) => donatedOn >= From && (Until is not { } end || donatedOn < end);
}
