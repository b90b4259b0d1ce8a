namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A version of the eligibility rules, or of an overlay over them (an epidemic profile, which always ends), was published. Key: rule
/// set code. Intervals are carried so that bookings can forbid each other, and the limit of places so that a slot takes no more.
/// </summary>
[PublishedBy("donor", HeardBy = ["event"])]
public sealed record RuleSetPublished : DomainEvent
{
    public required string Code { get; init; }
    public required string RuleSetVersion { get; init; }
    public required DateOnly ValidFrom { get; init; }
    public DateOnly? ValidTo { get; init; }
    public required DonationInterval[] Intervals { get; init; }

    /// <summary>`base` or `overlay`; of those published before this was said, an overlay is what ends.</summary>
    public string? Kind { get; init; }

    /// <summary>At most so many places in a slot of a day on which it holds: an epidemic profile's.</summary>
    public int? DonorsPerSlot { get; init; }
}

/// <summary>The least time between two donations: calendar months or days, from one procedure to another (GB 18467-2011 chapter 9).</summary>
public sealed record DonationInterval(string From, string To, int Months, int Days);
