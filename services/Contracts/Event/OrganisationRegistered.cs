namespace BloodPlatform.Contracts.Event;

/// <summary>
/// An organisation became known. Key: organisation. Whole state without its coordinators.
/// </summary>
[PublishedBy("event", HeardBy = ["donor", "inventory"])]
public sealed record OrganisationRegistered : DomainEvent
{
    public required Guid OrganisationId { get; init; }
    public required string Name { get; init; }
    public required string Kind { get; init; }

    /// <summary>GB/T 2260 code.</summary>
    public required string District { get; init; }
    public Guid? ParentId { get; init; }

    /// <summary>From the root down to the organisation itself.</summary>
    public required Guid[] Path { get; init; }
    public int? Members { get; init; }

    /// <summary>`active` or `closed`.</summary>
    public required string Status { get; init; }
}
