namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A visit ended without collection because a check failed. Key: donor. The reason stays in Donor.
/// </summary>
[PublishedBy("donor", HeardBy = ["event"])]
public sealed record VisitDeferred : DomainEvent
{
    public required Guid VisitId { get; init; }
    public required Guid DonorId { get; init; }
    public Guid? DriveId { get; init; }
    public Guid? AppointmentId { get; init; }
    public required bool Backfilled { get; init; }
}
