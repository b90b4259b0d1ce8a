namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A second person found that a recorded donation is none of this donor's. Key: donor. Nobody counts it any more; its blood is held for
/// good, because nobody knows whose it is. Nothing follows it.
/// </summary>
[PublishedBy("donor", HeardBy = ["inventory", "event", "recognition"])]
public sealed record DonationVoided : DomainEvent
{
    public required Guid CorrectionId { get; init; }
    public required string Din { get; init; }

    /// <summary>The how-manieth correction of this donation, from 1: the highest stands, whichever arrives last.</summary>
    public required int Number { get; init; }
    public required Guid DonorId { get; init; }
    public Guid? DriveId { get; init; }

    /// <summary>`wrong-donor`, `never-collected` or `recorded-twice`.</summary>
    public required string ReasonCode { get; init; }

    /// <summary>As it stood.</summary>
    public required CollectedState Before { get; init; }
    public required bool Backfilled { get; init; }
}
