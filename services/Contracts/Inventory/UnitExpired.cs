namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A unit in the station's stock passed its expiry. Key: DIN.
/// </summary>
[PublishedBy("inventory", HeardBy = [])]
public sealed record UnitExpired : DomainEvent
{
    public required Guid UnitId { get; init; }
    public required string Din { get; init; }
    public required Guid DonorId { get; init; }
    public required string Component { get; init; }

    /// <summary>Null while the laboratory has not decided.</summary>
    public string? BloodGroup { get; init; }
    public required int VolumeMl { get; init; }

    /// <summary>Equivalents of 200 ml whole blood.</summary>
    public decimal? ContentU { get; init; }
}
