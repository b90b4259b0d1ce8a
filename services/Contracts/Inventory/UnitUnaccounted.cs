namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A station's count did not see a unit that should be there, or saw one again that it had missed. Key: DIN.
/// </summary>
[PublishedBy("inventory", HeardBy = [])]
public sealed record UnitUnaccounted : DomainEvent
{
    public required Guid UnitId { get; init; }
    public required string Din { get; init; }
    public required Guid DonorId { get; init; }
    public required string Component { get; init; }

    /// <summary>Null while the laboratory has not decided.</summary>
    public string? BloodGroup { get; init; }
    public required Guid SnapshotId { get; init; }

    /// <summary>Whether it was seen again: it is in quarantine under a hold then.</summary>
    public required bool Found { get; init; }
}
