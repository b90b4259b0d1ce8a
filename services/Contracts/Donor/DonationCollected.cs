namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// Blood was collected. Key: donor. The one fact that every count in every service starts from.
/// </summary>
[PublishedBy("donor", HeardBy = ["inventory", "event", "recognition"])]
public sealed record DonationCollected : DomainEvent
{
    /// <summary>13 characters, without flags and check character (ISBT 128 ST-001 data structure 001).</summary>
    public required string Din { get; init; }

    /// <summary>Of a collection that its station reported (mirrored mode), the record that was made of the report.</summary>
    public Guid? VisitId { get; init; }
    public required Guid DonorId { get; init; }
    public Guid? DriveId { get; init; }
    public Guid? AppointmentId { get; init; }

    /// <summary>The drive's organisation.</summary>
    public Guid? OrganiserId { get; init; }

    /// <summary>The donor's own organisation as of the day, only where he shares participation.</summary>
    public Guid? DonorOrganisationId { get; init; }

    /// <summary>Where the blood was given: the venue's district.</summary>
    public string? District { get; init; }

    /// <summary>`whole-blood` or `apheresis-platelets`.</summary>
    public required string Procedure { get; init; }

    /// <summary>200, 300 or 400 for whole blood.</summary>
    public int? NominalMl { get; init; }

    /// <summary>What was weighed, always recorded.</summary>
    public int? CollectedMl { get; init; }

    /// <summary>1 or 2 for apheresis platelets.</summary>
    public int? TreatmentUnits { get; init; }

    /// <summary>`completed`, `under`, `over` or `abandoned`.</summary>
    public required string Outcome { get; init; }
    public required CollectionBag Bag { get; init; }

    /// <summary>From start to end of bleeding.</summary>
    public required int BleedSeconds { get; init; }

    /// <summary>`volume-out-of-tolerance`, `bleed-time-long`, …: each holds the donation.</summary>
    public required string[] Deviations { get; init; }

    /// <summary>Components that must not be made from it: `platelets`, `plasma-fresh-frozen`, …</summary>
    public required string[] Restrictions { get; init; }

    /// <summary>As known at the chair; the laboratory decides.</summary>
    public string? BloodGroup { get; init; }
    public required bool FirstTime { get; init; }

    /// <summary>The donation's business date is the Shanghai date of this instant.</summary>
    public required DateTimeOffset StartedAt { get; init; }
    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>Recorded afterwards; its units are historic and never allocatable.</summary>
    public required bool Backfilled { get; init; }

    /// <summary>
    /// What the register of deferrals beyond this platform said of the donor: `clear`, or `unavailable`, which DonationExternallyChecked follows.
    /// Null where it was not asked: recorded afterwards, or reported by a station's own software.
    /// </summary>
    public string? ExternalCheck { get; init; }
}

/// <summary>The bag system that was used.</summary>
public sealed record CollectionBag(string Catalogue, string Lot, DateOnly ExpiresOn, string Preservative);
