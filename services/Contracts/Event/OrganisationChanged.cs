namespace BloodPlatform.Contracts.Event;

/// <summary>
/// Something of an organisation changed. Key: organisation. Whole state.
/// </summary>
[PublishedBy("event", HeardBy = ["donor", "inventory"])]
public sealed record OrganisationChanged : DomainEvent
{
    public required Guid OrganisationId { get; init; }
    public required string Name { get; init; }
    public required string Kind { get; init; }

    /// <summary>GB/T 2260 code.</summary>
    public required string District { get; init; }
    public Guid? ParentId { get; init; }

    /// <summary>From the root down to the organisation itself.</summary>
    public required Guid[] Path { get; init; }

    /// <summary>
    /// The Shanghai date from which on it stands there; null: since ever. Results and targets of the days before count where it stood before.
    /// A move says this of the organisation and of every one below it, each with its own version.
    /// </summary>
    public DateOnly? PlacedSince { get; init; }
    public int? Members { get; init; }

    /// <summary>`active` or `closed`.</summary>
    public required string Status { get; init; }
}
