namespace BloodPlatform.Contracts.Event;

/// <summary>
/// A drive ended and its sign-ups were settled. Key: drive.
/// </summary>
[PublishedBy("event", HeardBy = ["donor"])]
public sealed record DriveClosed : DomainEvent
{
    public required Guid DriveId { get; init; }
    public required Guid OrganiserId { get; init; }
    public required DateTimeOffset ClosedAt { get; init; }
    public required bool Backfilled { get; init; }
}
