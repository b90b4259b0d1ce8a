namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A donor was checked in with his identity document. Key: donor.
/// </summary>
[PublishedBy("donor", HeardBy = ["event"])]
public sealed record VisitOpened : DomainEvent
{
    public required Guid VisitId { get; init; }
    public required Guid DonorId { get; init; }
    public Guid? DriveId { get; init; }
    public Guid? AppointmentId { get; init; }
    public required bool Backfilled { get; init; }
}
