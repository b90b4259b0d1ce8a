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
/// <param name="AskStation">
/// When only a station can say more, everything medical alike and what touches drawn together. Within one of these an app books no day at all, as it is
/// told `ask-station` for every day: else the first day it could book would tell how long a deferral lasts, and so which it is.
/// </param>
public sealed record ProcedureWindows(string Procedure, DateWindow[] Windows, DateWindow[]? AskStation = null);

/// <summary>Both dates included; no `To` means until something changes.</summary>
public sealed record DateWindow(DateOnly From, DateOnly? To);
