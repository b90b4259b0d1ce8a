namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// Donation identification numbers were issued to be printed. Key: block.
/// </summary>
[PublishedBy("inventory", HeardBy = ["donor"])]
public sealed record DinBlockIssued : DomainEvent
{
    public required Guid BlockId { get; init; }
    public required string First { get; init; }
    public required string Last { get; init; }
    public required int Count { get; init; }
    public Guid? DriveId { get; init; }
}
