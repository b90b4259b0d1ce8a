namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A unit was transfused. Key: DIN.
/// </summary>
[PublishedBy("inventory", HeardBy = [])]
public sealed record UnitTransfused : DomainEvent
{
    public required Guid UnitId { get; init; }
    public required string Din { get; init; }
    public required Guid DonorId { get; init; }
    public required string Component { get; init; }

    /// <summary>Null of a bag that left before the laboratory had decided: recorded all the same.</summary>
    public string? BloodGroup { get; init; }
    public required int VolumeMl { get; init; }

    /// <summary>Equivalents of 200 ml whole blood.</summary>
    public decimal? ContentU { get; init; }
    public required Guid HospitalId { get; init; }
    public required DateTimeOffset TransfusedAt { get; init; }
}
