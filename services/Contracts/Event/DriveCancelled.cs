namespace BloodPlatform.Contracts.Event;

/// <summary>
/// A drive will not take place. Key: drive.
/// </summary>
[PublishedBy("event", HeardBy = ["donor"])]
public sealed record DriveCancelled : DomainEvent
{
    public required Guid DriveId { get; init; }
    public required Guid OrganiserId { get; init; }
    public required string ReasonCode { get; init; }
    public bool Backfilled { get; init; }
}
