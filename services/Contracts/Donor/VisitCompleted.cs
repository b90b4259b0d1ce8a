namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A visit with a collection was closed after rest. Key: donor.
/// </summary>
[PublishedBy("donor", HeardBy = ["event"])]
public sealed record VisitCompleted : DomainEvent
{
    public required Guid VisitId { get; init; }
    public required Guid DonorId { get; init; }
    public Guid? DriveId { get; init; }
    public Guid? AppointmentId { get; init; }
    public required bool Backfilled { get; init; }
}
