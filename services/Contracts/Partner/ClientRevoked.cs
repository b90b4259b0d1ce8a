namespace BloodPlatform.Contracts.Partner;

/// <summary>
/// A program may no longer call the platform. Key: client.
/// </summary>
[PublishedBy("partner", HeardBy = [])]
public sealed record ClientRevoked : DomainEvent
{
    public required string ClientId { get; init; }
    public required string Role { get; init; }
    public Guid? TenantId { get; init; }
}
