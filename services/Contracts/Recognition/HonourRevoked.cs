namespace BloodPlatform.Contracts.Recognition;

/// <summary>
/// A level that a donor had reached he has not: the donation that made it up was corrected or voided. Key: donor. It can be earned again, as
/// another honour.
/// </summary>
[PublishedBy("recognition", HeardBy = [])]
public sealed record HonourRevoked : DomainEvent
{
    public required Guid HonourId { get; init; }
    public required Guid DonorId { get; init; }

    /// <summary>`national-dedication` or `guangdong-dedication` (奉献奖).</summary>
    public required string Award { get; init; }

    /// <summary>`bronze`, `silver` or `gold`.</summary>
    public required string Level { get; init; }
}
