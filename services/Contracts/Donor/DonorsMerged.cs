namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// Two registrations turned out to be one person: what the absorbed one had counts for the survivor from now on. Key: survivor.
/// Facts keep the donor id they were recorded under; who asks for either id means the person.
/// </summary>
[PublishedBy("donor", HeardBy = ["event", "inventory", "recognition"])]
public sealed record DonorsMerged : DomainEvent
{
    public required Guid MergeId { get; init; }

    /// <summary>The donor who stands for the person.</summary>
    public required Guid Survivor { get; init; }
    public required Guid Absorbed { get; init; }

    /// <summary>Donations recorded under the absorbed donor, and under those he had absorbed before.</summary>
    public required string[] Dins { get; init; }

    /// <summary>Every donor id that now means the survivor: the absorbed one, and those he had absorbed before.</summary>
    public required MovedDonor[] Donors { get; init; }
}

/// <summary>A donor id whose person changed. Of all that was said of one id the greatest <paramref name="Version"/> stands, in whatever order it came.</summary>
public sealed record MovedDonor(Guid DonorId, long Version);
