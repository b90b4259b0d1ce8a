namespace BloodPlatform.Contracts.Event;

/// <summary>
/// An open appeal asks for more than it did: its stock has worsened. Key: appeal.
/// </summary>
[PublishedBy("event")]
public sealed record AppealRaised : DomainEvent
{
    public required Guid AppealId { get; init; }

    /// <summary>Donations of the whole appeal, those it has brought included, and bookings that bring them.</summary>
    public required int Donations { get; init; }
    public required int Bookings { get; init; }
}
