namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// A hospital's order was placed, got bags or lost them, was issued or ended: its whole state, without the patient. Key: order.
/// </summary>
[PublishedBy("inventory", HeardBy = [])]
public sealed record OrderChanged : DomainEvent
{
    public required Guid OrderId { get; init; }
    public required Guid HospitalId { get; init; }
    public required string Component { get; init; }
    public required string BloodGroup { get; init; }
    public required int Amount { get; init; }

    /// <summary>`bags`, `u` or `treatment-units`.</summary>
    public required string Unit { get; init; }

    /// <summary>`routine`, `urgent` or `emergency`.</summary>
    public required string Urgency { get; init; }
    public required DateTimeOffset NeededBy { get; init; }

    /// <summary>`waiting`, `partially-allocated`, `allocated`, `issued`, `received` or `cancelled`.</summary>
    public required string Status { get; init; }

    /// <summary>Bags that stand in it.</summary>
    public required int Bags { get; init; }

    /// <summary>Why it ended: `cancelled`, `reservation-lapsed` or `not-met-in-time`.</summary>
    public string? ReasonCode { get; init; }
}
