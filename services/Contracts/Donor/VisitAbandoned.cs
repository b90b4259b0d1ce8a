namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A donor left before collection of his own will, or privately. Key: donor.
/// </summary>
[PublishedBy("donor", HeardBy = ["event"])]
public sealed record VisitAbandoned : DomainEvent
{
    public required Guid VisitId { get; init; }
    public required Guid DonorId { get; init; }
    public Guid? DriveId { get; init; }
    public Guid? AppointmentId { get; init; }
    public required bool Backfilled { get; init; }
}
