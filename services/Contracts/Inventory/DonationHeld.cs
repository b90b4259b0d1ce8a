namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A donation and all its units may not leave. Key: DIN.
/// </summary>
[PublishedBy("inventory", HeardBy = [])]
public sealed record DonationHeld : DomainEvent
{
    public required Guid HoldId { get; init; }
    public required string Din { get; init; }
    public Guid? DonorId { get; init; }

    /// <summary>`test`, `recall`, `lookback`, `late-information`, `cold-chain`, `quality` or `mirror`.</summary>
    public required string Kind { get; init; }
}
