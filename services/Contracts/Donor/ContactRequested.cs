namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// Somebody should write to a donor: an app that acts for him does, having read it in the feed. Key: donor. Only for donors who agreed to be
/// contacted; it says which text and what it may refer to, never a reason.
/// </summary>
[PublishedBy("donor")]
public sealed record ContactRequested : DomainEvent
{
    /// <summary>One request on however many channels: whoever sees it twice writes once.</summary>
    public required Guid ContactId { get; init; }
    public required Guid DonorId { get; init; }

    /// <summary>`thanks`, `reminder`, `appeal`, …</summary>
    public required string Purpose { get; init; }

    /// <summary>Which text: `thanks-donation`, …</summary>
    public required string TemplateCode { get; init; }
    public required ContactReferences References { get; init; }

    /// <summary>`app`, `sms`, `phone`, …: as the donor wishes, the first that works.</summary>
    public required string[] Channels { get; init; }
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary>Afterwards it is too late to be of use.</summary>
    public required DateTimeOffset NotAfter { get; init; }
}

/// <summary>What a text may refer to; absent what it does not.</summary>
/// <param name="WaitlistId">The entry whose offer it is.</param>
/// <param name="AlternativeDriveIds">Drives with free places that he may attend instead, the nearest first.</param>
public sealed record ContactReferences(Guid? VisitId = null, string? Din = null, Guid? DriveId = null, Guid? AppealId = null, string? Procedure = null, DateOnly? On = null,
    Guid? AppointmentId = null, DateTimeOffset? SlotStartsAt = null, Guid? WaitlistId = null, Guid[]? AlternativeDriveIds = null);
