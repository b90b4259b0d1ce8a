namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// Two people released a donation. Key: DIN.
/// </summary>
[PublishedBy("inventory", HeardBy = [])]
public sealed record DonationReleased : DomainEvent
{
    public required string Din { get; init; }
    public required Guid DonorId { get; init; }
}
