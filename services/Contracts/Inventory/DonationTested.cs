namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// Every required test of a donation has a conclusion. Key: DIN. No marker is named.
/// </summary>
[PublishedBy("inventory", HeardBy = [])]
public sealed record DonationTested : DomainEvent
{
    public required string Din { get; init; }
    public required Guid DonorId { get; init; }
    public required bool Qualified { get; init; }
}
