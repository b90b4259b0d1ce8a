namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// The register of deferrals beyond this platform has answered about the donor of a donation, after it could not be reached when he came.
/// Key: donor. Until it answers `clear` the donation is not released.
/// </summary>
[PublishedBy("donor", HeardBy = ["inventory"])]
public sealed record DonationExternallyChecked : DomainEvent
{
    public required string Din { get; init; }
    public required Guid DonorId { get; init; }

    /// <summary>`clear` or `hit`.</summary>
    public required string Outcome { get; init; }
}
