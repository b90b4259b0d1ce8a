namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A reaction was recorded wrong: it did not happen, or otherwise, or to another donor. What happened instead is recorded anew. Key: donor.
/// </summary>
[PublishedBy("donor")]
public sealed record DonorReactionVoided : DomainEvent
{
    public required Guid ReactionId { get; init; }
    public required Guid DonorId { get; init; }
    public required Guid VisitId { get; init; }
}
