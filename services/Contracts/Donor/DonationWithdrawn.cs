namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A donation must not be used: late information, or a deferral found later. Key: donor. Which of them is not named.
/// </summary>
[PublishedBy("donor", HeardBy = ["inventory"])]
public sealed record DonationWithdrawn : DomainEvent
{
    public required Guid WithdrawalId { get; init; }
    public required Guid DonorId { get; init; }
    public required string Din { get; init; }

    /// <summary>`late-information` or `quality`: the hold to place, not the reason.</summary>
    public required string HoldKind { get; init; }
}
