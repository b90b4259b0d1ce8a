namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A donor asked for erasure (PIPL Art. 47). Key: donor. What could reach him is gone, nobody may act for him any more, and nothing later is said
/// about him but what his donations' bags need. Whether the law keeps a restricted record for a time is not told.
/// </summary>
[PublishedBy("donor", HeardBy = ["event", "recognition"])]
public sealed record DonorErased : DomainEvent
{
    public required Guid ErasureId { get; init; }
    public required Guid DonorId { get; init; }
}
