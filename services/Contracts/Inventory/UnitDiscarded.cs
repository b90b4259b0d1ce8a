namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A unit was destroyed. Key: DIN.
/// </summary>
[PublishedBy("inventory", HeardBy = [])]
public sealed record UnitDiscarded : DomainEvent
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

    /// <summary>`test-reactive`, `alt`, `expired`, `broken`, `haemolysis`, …</summary>
    public required string ReasonCode { get; init; }

    /// <summary>The hospital that did it; null where the station did.</summary>
    public Guid? HospitalId { get; init; }
}
