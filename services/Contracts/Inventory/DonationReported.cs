using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A station that keeps its own software says what it collected. Key: DIN. It is a collection when Donor has said whose it is (DonationCollected), or refused (DonationReportRefused).
/// </summary>
[PublishedBy("inventory", HeardBy = ["donor"])]
public sealed record DonationReported : DomainEvent
{
    public required Guid ReportId { get; init; }

    /// <summary>13 characters, without flags and check character (ISBT 128 ST-001 data structure 001).</summary>
    public required string Din { get; init; }
    public required Guid DonorId { get; init; }
    public Guid? DriveId { get; init; }
    public Guid? AppointmentId { get; init; }

    /// <summary>`whole-blood` or `apheresis-platelets`.</summary>
    public required string Procedure { get; init; }

    /// <summary>200, 300 or 400 for whole blood.</summary>
    public int? NominalMl { get; init; }

    /// <summary>What was weighed.</summary>
    public int? CollectedMl { get; init; }

    /// <summary>1 or 2 for apheresis platelets.</summary>
    public int? TreatmentUnits { get; init; }

    /// <summary>`completed`, `under`, `over` or `abandoned`.</summary>
    public required string Outcome { get; init; }
    public required CollectionBag Bag { get; init; }

    /// <summary>What the station's software found to deviate; the platform adds what it finds itself.</summary>
    public required string[] Deviations { get; init; }

    /// <summary>Components that must not be made from it, as the station's software says; the platform adds its own.</summary>
    public required string[] Restrictions { get; init; }

    /// <summary>As known at the chair.</summary>
    public string? BloodGroup { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>Long ago; its units are historic and never allocatable.</summary>
    public required bool Backfilled { get; init; }
}
