namespace BloodPlatform.Contracts.Event;

/// <summary>
/// A booked donor was checked in. Key: appointment.
/// </summary>
[PublishedBy("event", HeardBy = [])]
public sealed record AppointmentArrived : DomainEvent
{
    public required Guid AppointmentId { get; init; }
    public required Guid DonorId { get; init; }
    public required Guid DriveId { get; init; }
    public required DateTimeOffset SlotStartsAt { get; init; }
    public required string Procedure { get; init; }

    /// <summary>`[a-z0-9-]{1,40}`.</summary>
    public required string Channel { get; init; }
    public Guid? AppealId { get; init; }
    public required bool Backfilled { get; init; }
}
