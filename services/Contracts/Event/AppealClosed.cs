namespace BloodPlatform.Contracts.Event;

/// <summary>
/// Nobody need be asked any more. Key: appeal.
/// </summary>
[PublishedBy("event")]
public sealed record AppealClosed : DomainEvent
{
    public required Guid AppealId { get; init; }

    /// <summary>`met`: enough are booked; `recovered`: the stock did; `expired`: its time is over; `withdrawn`: by the station.</summary>
    public required string Reason { get; init; }

    /// <summary>Bookings that named it and stand.</summary>
    public required int Bookings { get; init; }
}
