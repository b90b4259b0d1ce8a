namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A recall has its conclusion, and every hospital has answered. Key: recall. The conclusion is not named; holds stay until they are lifted.
/// </summary>
[PublishedBy("inventory", HeardBy = [])]
public sealed record RecallClosed : DomainEvent
{
    public required Guid RecallId { get; init; }

    /// <summary>All donations that it reached, those that came while it was open included.</summary>
    public required int Donations { get; init; }

    /// <summary>Bags for which hospitals have answered.</summary>
    public required int BagsAsked { get; init; }
}
