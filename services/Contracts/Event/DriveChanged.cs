namespace BloodPlatform.Contracts.Event;

/// <summary>
/// Something of an approved drive changed, its status included. Key: drive. Whole state.
/// </summary>
[PublishedBy("event", HeardBy = ["donor"])]
public sealed record DriveChanged : DomainEvent
{
    public required Guid DriveId { get; init; }
    public required Guid OrganiserId { get; init; }
    public Guid? HostOrganisationId { get; init; }

    /// <summary>`open` or `organisation`.</summary>
    public required string Kind { get; init; }
    public required string Visibility { get; init; }
    public string? Theme { get; init; }
    public required string VenueName { get; init; }
    public required string VenueAddress { get; init; }
    public required string District { get; init; }
    public required DateTimeOffset StartsAt { get; init; }
    public required DateTimeOffset EndsAt { get; init; }
    public required int SlotMinutes { get; init; }
    public required int CapacityPerSlot { get; init; }
    public required string[] Procedures { get; init; }

    /// <summary>`draft`, `submitted`, `approved`, `open`, `started`, `closed`, `cancelled` or `postponed`.</summary>
    public required string Status { get; init; }
    public required bool Backfilled { get; init; }
}
