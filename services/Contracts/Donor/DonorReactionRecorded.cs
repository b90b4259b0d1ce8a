namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A donor reacted to giving. Key: donor.
/// </summary>
[PublishedBy("donor")]
public sealed record DonorReactionRecorded : DomainEvent
{
    public required Guid ReactionId { get; init; }
    public required Guid DonorId { get; init; }
    public required Guid VisitId { get; init; }

    /// <summary>`mild`, `moderate` or `severe`.</summary>
    public required string Severity { get; init; }
}
