namespace BloodPlatform.Contracts.Recognition;

/// <summary>
/// A granted credit no longer stands, because its donation was corrected (a new CreditGranted follows) or voided. Key: donor. The amounts are
/// those that were granted: what stands is granted less voided.
/// </summary>
[PublishedBy("recognition", HeardBy = [])]
public sealed record CreditVoided : DomainEvent
{
    /// <summary>The line that takes it back.</summary>
    public required Guid VoidId { get; init; }

    /// <summary>The line that was granted.</summary>
    public required Guid CreditId { get; init; }
    public required Guid DonorId { get; init; }

    /// <summary>`donation` or `volunteer-hours`.</summary>
    public required string Kind { get; init; }
    public string? Din { get; init; }
    public Guid? DriveId { get; init; }
    public required decimal NationalCounts { get; init; }
    public required decimal ProvincialCounts { get; init; }

    /// <summary>Collected ml.</summary>
    public required int VolumeMl { get; init; }
    public required int TreatmentUnits { get; init; }
    public required bool Backfilled { get; init; }
}
