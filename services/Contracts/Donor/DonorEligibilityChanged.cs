namespace BloodPlatform.Contracts.Donor;

/// <summary>
/// The dates on which a donor may give changed. Key: donor. No reason is carried and everything medical looks alike.
/// Windows are Shanghai
/// dates, both ends included, over the donor's whole life (past ones serve backfilled bookings); an empty list means never.
/// </summary>
[PublishedBy("donor", HeardBy = ["event"])]
public sealed record DonorEligibilityChanged : DomainEvent
{
    public required Guid DonorId { get; init; }
    public required string RuleSet { get; init; }
    public required string RuleSetVersion { get; init; }
    public required ProcedureWindows[] Procedures { get; init; }
}

/// <summary>When a procedure (`whole-blood`, `apheresis-platelets`) is open to the donor.</summary>
public sealed record ProcedureWindows(string Procedure, DateWindow[] Windows);

/// <summary>Both dates included; no `To` means until something changes.</summary>
public sealed record DateWindow(DateOnly From, DateOnly? To);
