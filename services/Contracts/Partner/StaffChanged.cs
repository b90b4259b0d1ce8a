namespace BloodPlatform.Contracts.Partner;

/// <summary>
/// A member of staff was registered or changed. Key: staff. Ids, roles and functions only.
/// </summary>
[PublishedBy("partner", HeardBy = [])]
public sealed record StaffChanged : DomainEvent
{
    public required Guid StaffId { get; init; }
    public required Guid TenantId { get; init; }
    public required string StaffNumber { get; init; }
    public required string[] Functions { get; init; }
    public required DateOnly QualifiedUntil { get; init; }
    public required string Status { get; init; }
}
