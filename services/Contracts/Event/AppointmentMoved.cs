namespace BloodPlatform.Contracts.Event;

/// <summary>
/// A place was exchanged for one in another slot of the same drive. Key: appointment.
/// </summary>
[PublishedBy("event", HeardBy = ["donor"])]
public sealed record AppointmentMoved : DomainEvent
{
    public required Guid AppointmentId { get; init; }
    public required Guid DonorId { get; init; }
    public required Guid DriveId { get; init; }

    /// <summary>Where it is now.</summary>
    public required DateTimeOffset SlotStartsAt { get; init; }
    public required DateTimeOffset PreviousSlotStartsAt { get; init; }
    public required string Procedure { get; init; }

    /// <summary>`[a-z0-9-]{1,40}`.</summary>
    public required string Channel { get; init; }
    public Guid? AppealId { get; init; }
    public required bool Backfilled { get; init; }
}
