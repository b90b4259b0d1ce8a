namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A second person found that the blood group of the pretest was recorded wrong. Key: donor. The laboratory decides the group; what the chair
/// said must agree with it, and whose blood is under a number where it did not is for quality to say.
/// </summary>
[PublishedBy("donor", HeardBy = ["inventory"])]
public sealed record BloodGroupCorrected : DomainEvent
{
    public required Guid CorrectionId { get; init; }
    public required string Din { get; init; }

    /// <summary>The how-manieth correction of the visit's findings: the highest stands, whichever arrives last.</summary>
    public required int Number { get; init; }
    public required Guid DonorId { get; init; }
    public string? Before { get; init; }
    public required string After { get; init; }
    public required bool Backfilled { get; init; }
}
