namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// Something of a donor changed. Key: donor. Whole state: replaces DonorRegistered and any older DonorChanged.
/// </summary>
[PublishedBy("donor", HeardBy = ["event", "recognition"])]
public sealed record DonorChanged : DomainEvent
{
    public required Guid DonorId { get; init; }

    /// <summary>`active`, `restricted`, `erased` or `merged`.</summary>
    public required string Status { get; init; }

    /// <summary>`O+` … `AB-` as known; null while unknown.</summary>
    public string? BloodGroup { get; init; }

    /// <summary>GB/T 2260 code of the district the donor gave, where he gave one.</summary>
    public string? District { get; init; }
    public required DonorConsent[] Consents { get; init; }
    public required DonorMembership[] Memberships { get; init; }

    /// <summary>Tenants of the partner apps that registered the donor or were linked to him.</summary>
    public required Guid[] Apps { get; init; }
}
