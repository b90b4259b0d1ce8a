namespace BloodPlatform.Contracts.Event;

/// <summary>
/// Donors of these groups are asked to come, and there are places for them. Whom to ask is for who knows the donors to say. Key: appeal.
/// </summary>
[PublishedBy("event")]
public sealed record AppealOpened : DomainEvent
{
    public required Guid AppealId { get; init; }
    public required string Procedure { get; init; }
    public required string[] BloodGroups { get; init; }

    /// <summary>Donations that are missing, and bookings that bring them as this station's bookings do.</summary>
    public required int Donations { get; init; }
    public required int Bookings { get; init; }

    /// <summary>Drives with places in reach, soonest first.</summary>
    public required Guid[] Drives { get; init; }
    public required DateTimeOffset Until { get; init; }

    /// <summary>`stock` or `station`: whether the stock's level opened it or somebody.</summary>
    public required string Reason { get; init; }
}
