namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A station recalls blood that it gave out or has. Key: recall. No cause, scope or donor is named; each held donation says so itself (`DonationHeld`). Donor need not know: unlike a look-back, a recall opens no identity.
/// </summary>
[PublishedBy("inventory", HeardBy = [])]
public sealed record RecallOpened : DomainEvent
{
    public required Guid RecallId { get; init; }

    /// <summary>Donations that it reached when it was opened.</summary>
    public required int Donations { get; init; }

    /// <summary>Those of them that it put on hold.</summary>
    public required int Held { get; init; }

    /// <summary>Bags for which hospitals are asked.</summary>
    public required int BagsAsked { get; init; }
}
