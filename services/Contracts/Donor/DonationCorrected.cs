namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A second person corrected what was recorded of a collection. Key: donor. A new fact: what was recorded stays. It carries the whole
/// of what can be corrected, before and after, so that the newest stands in whatever order corrections and the collection arrive.
/// </summary>
[PublishedBy("donor", HeardBy = ["inventory", "event", "recognition"])]
public sealed record DonationCorrected : DomainEvent
{
    public required Guid CorrectionId { get; init; }
    public required string Din { get; init; }

    /// <summary>The how-manieth correction of this donation, from 1: the highest stands, whichever arrives last.</summary>
    public required int Number { get; init; }
    public required Guid DonorId { get; init; }
    public Guid? DriveId { get; init; }

    /// <summary>The venue's district, as in DonationCollected.</summary>
    public string? District { get; init; }

    /// <summary>`entered-wrong`, `measured-again` or `label-wrong`.</summary>
    public required string ReasonCode { get; init; }
    public required CollectedState Before { get; init; }
    public required CollectedState After { get; init; }
    public required bool Backfilled { get; init; }
}

/// <summary>Of a collection what can be corrected, and what follows from it. Fields as in DonationCollected.</summary>
public sealed record CollectedState(
    string Procedure, int? NominalMl, int? CollectedMl, int? TreatmentUnits, string Outcome, CollectionBag Bag, int BleedSeconds, string[] Deviations, string[] Restrictions, DateTimeOffset StartedAt, DateTimeOffset EndedAt);
