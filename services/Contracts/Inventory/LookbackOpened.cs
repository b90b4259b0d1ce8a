namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A station looks back on what a donor gave: until the case is closed it may read his identity, restricted or not. Key: look-back. No reason is named.
/// </summary>
[PublishedBy("inventory", HeardBy = ["donor"])]
public sealed record LookbackOpened : DomainEvent
{
    public required Guid LookbackId { get; init; }

    /// <summary>Under whom the named donation was recorded; merged or not, the case is the person's.</summary>
    public required Guid DonorId { get; init; }

    /// <summary>The donation by which the case is named.</summary>
    public required string Din { get; init; }
}
