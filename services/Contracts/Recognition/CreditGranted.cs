namespace BloodPlatform.Contracts.Recognition;

/// <summary>
/// A donation or a service hour was credited. Key: donor.
/// </summary>
[PublishedBy("recognition", HeardBy = [])]
public sealed record CreditGranted : DomainEvent
{
    public required Guid CreditId { get; init; }
    public required Guid DonorId { get; init; }

    /// <summary>`donation` or `volunteer-hours`.</summary>
    public required string Kind { get; init; }
    public string? Din { get; init; }
    public Guid? DriveId { get; init; }

    /// <summary>全国无偿献血表彰奖励办法: 200 ml or one treatment unit is one count.</summary>
    public required decimal NationalCounts { get; init; }

    /// <summary>By the province's rules; fractions (300 ml is 1.5) add up and only totals are floored.</summary>
    public required decimal ProvincialCounts { get; init; }

    /// <summary>Collected ml, as weighed.</summary>
    public required int VolumeMl { get; init; }
    public required int TreatmentUnits { get; init; }
    public required bool Backfilled { get; init; }
}
