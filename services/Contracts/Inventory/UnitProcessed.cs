namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A bag was split, washed, irradiated, thawed or relabelled: it is no more, others came of it. Key: DIN.
/// </summary>
[PublishedBy("inventory", HeardBy = [])]
public sealed record UnitProcessed : DomainEvent
{
    public required Guid UnitId { get; init; }
    public required string Din { get; init; }
    public required Guid DonorId { get; init; }
    public required string Component { get; init; }

    /// <summary>`split`, `wash`, `irradiate`, `thaw` or `relabel`.</summary>
    public required string Process { get; init; }

    /// <summary>Where they are: `quarantine` or `available`.</summary>
    public required string Status { get; init; }
    public required MadeOfUnit[] Made { get; init; }
}

/// <summary>A bag that came of another.</summary>
/// <param name="ContentU">Equivalents of 200 ml whole blood.</param>
public sealed record MadeOfUnit(Guid UnitId, string Component, string ProductCode, string Division, int VolumeMl, decimal? ContentU, bool Irradiated, DateTimeOffset ExpiresAt);
