namespace BloodPlatform.Contracts.Inventory;

/// <summary>
/// How long a station's stock of a component and group lasts crossed a threshold, or the stock fell much shorter of `normal` at the same level. A level falls at once
/// and recovers only a margin above the threshold, so that a bag more or less is no news. Key: station, component and group.
/// </summary>
[PublishedBy("inventory", HeardBy = ["event"])]
public sealed record StockLevelChanged : DomainEvent
{
    public required string Component { get; init; }
    public required string BloodGroup { get; init; }

    /// <summary>Bags that may be allocated: released, without holds, in date.</summary>
    public required int Available { get; init; }

    /// <summary>At the mean daily issue of the demand window; null when nothing was issued in it.</summary>
    public decimal? DaysOfCover { get; init; }

    /// <summary>`normal`, `blue`, `yellow`, `orange` or `red`; both the same where only more is missing.</summary>
    public required string Previous { get; init; }
    public required string Level { get; init; }

    /// <summary>Bags that are missing to the level `normal`.</summary>
    public int Missing { get; init; }
}
