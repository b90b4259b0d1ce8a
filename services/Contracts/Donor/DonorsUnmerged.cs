namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A merge was undone: the absorbed donor stands for himself again, with what was recorded under him before and since. Key: survivor.
/// </summary>
[PublishedBy("donor", HeardBy = ["event", "inventory", "recognition"])]
public sealed record DonorsUnmerged : DomainEvent
{
    public required Guid MergeId { get; init; }
    public required Guid Survivor { get; init; }
    public required Guid Absorbed { get; init; }

    /// <summary>Donations that count for the absorbed donor again.</summary>
    public required string[] Dins { get; init; }

    /// <summary>Every donor id that now means the absorbed donor, himself included.</summary>
    public required MovedDonor[] Donors { get; init; }
}
