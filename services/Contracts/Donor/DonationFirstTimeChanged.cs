namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A correction or a void donation made another of a donor's donations his first. Key: donor. Said of each donation that it concerns; what DonationCollected
/// said of it no longer holds.
/// </summary>
[PublishedBy("donor", HeardBy = ["event"])]
public sealed record DonationFirstTimeChanged : DomainEvent
{
    public required string Din { get; init; }
    public required Guid DonorId { get; init; }
    public required bool FirstTime { get; init; }
}
