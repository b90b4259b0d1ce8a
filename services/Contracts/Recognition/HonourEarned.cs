namespace BloodPlatform.Contracts.Recognition;

/// <summary>
/// A donor reached a threshold of an award. Key: donor. Once per donor, award and level, in whatever order his donations
/// became known; OccurredAt is the start of the donation that reached it.
/// </summary>
[PublishedBy("recognition", HeardBy = [])]
public sealed record HonourEarned : DomainEvent
{
    public required Guid HonourId { get; init; }
    public required Guid DonorId { get; init; }

    /// <summary>`national-dedication` or `guangdong-dedication` (奉献奖).</summary>
    public required string Award { get; init; }

    /// <summary>`bronze`, `silver` or `gold`.</summary>
    public required string Level { get; init; }
    public required string RuleSet { get; init; }
    public required string RuleSetVersion { get; init; }
}
