namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// A person became known as a donor. Key: donor. Whole state.
/// </summary>
[PublishedBy("donor", HeardBy = ["event", "recognition"])]
public sealed record DonorRegistered : DomainEvent
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

/// <summary>A consent as it stands: `registration`, `contact`, `honours-publication`, …; withdrawn ones carry the instant.</summary>
public sealed record DonorConsent(string Code, int Version, DateTimeOffset Given, DateTimeOffset? Withdrawn);

/// <summary>Membership in an organisation; participation is shown to it only where the donor shares it.</summary>
public sealed record DonorMembership(Guid OrganisationId, string? GroupId, DateOnly? ValidFrom, DateOnly? ValidTo, bool ShareParticipation);
