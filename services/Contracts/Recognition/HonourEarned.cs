namespace BloodPlatform.Contracts.Recognition;

/// <summary>
/// A donor reached a threshold of an award. Key: donor.
/// </summary>
[PublishedBy("recognition", HeardBy = [])]
public sealed record HonourEarned : DomainEvent
{
    public required Guid HonourId { get; init; }
    public required Guid DonorId { get; init; }
    public required string Award { get; init; }
    public required string Level { get; init; }
    public required string RuleSet { get; init; }
    public required string RuleSetVersion { get; init; }
}
