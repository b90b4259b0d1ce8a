namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A look-back has its conclusion: nobody reads an identity in it any more. Key: look-back. The conclusion is not named; holds stay until they are lifted.
/// </summary>
[PublishedBy("inventory", HeardBy = ["donor"])]
public sealed record LookbackClosed : DomainEvent
{
    public required Guid LookbackId { get; init; }

    /// <summary>Under whom the named donation was recorded.</summary>
    public required Guid DonorId { get; init; }

    /// <summary>The donation by which the case is named.</summary>
    public required string Din { get; init; }
}
