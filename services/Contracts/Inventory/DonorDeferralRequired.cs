namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A test result forbids a donor to give. Key: DIN. Provisional at once, confirmed later.
/// </summary>
[PublishedBy("inventory", HeardBy = ["donor"])]
public sealed record DonorDeferralRequired : DomainEvent
{
    public required Guid RequirementId { get; init; }
    public required Guid DonorId { get; init; }
    public required string Din { get; init; }

    /// <summary>A code of the deferral catalogue that names no marker: `P22` (infection marker), `T32` (ALT).</summary>
    public required string DeferralCode { get; init; }

    /// <summary>`provisional` or `confirmed`.</summary>
    public required string Certainty { get; init; }
}
