using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Contracts.Event;

/// <summary>
/// A donor should be told something about his place. Key: appointment, wait-list entry or invitation. Donor knows whether he agreed to be contacted and how he wishes
/// it, and asks for it with ContactRequested. It says which text and what it may refer to, never a reason that is medical.
/// </summary>
[PublishedBy("event", HeardBy = ["donor"])]
public sealed record NoticeRequested : DomainEvent
{
    /// <summary>Becomes the contact's.</summary>
    public required Guid NoticeId { get; init; }
    public required Guid DonorId { get; init; }

    /// <summary>`booking`, `reminder`, `waitlist` or `invitation`.</summary>
    public required string Purpose { get; init; }

    /// <summary>Which text: `no-longer-bookable`, `drive-cancelled`, `drive-postponed`, `place-offered`, `invitation-lapsed`, …</summary>
    public required string TemplateCode { get; init; }
    public required ContactReferences References { get; init; }
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary>Afterwards it is too late to be of use.</summary>
    public required DateTimeOffset NotAfter { get; init; }
}
