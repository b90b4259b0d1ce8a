using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.Visits;

/// <summary>
/// A visit as its station sees it: how far it is, why it ended, what was collected, corrections included. What was measured and answered stays
/// sealed.
/// </summary>
/// <param name="ExternalCheck">`clear`, `hit` or `unavailable`; null where the register was not asked.</param>
/// <param name="Reasons">Why it ended; before that, why some procedures are closed at it; with `code` `not-judged`, a rule of the procedure whose value nobody took.</param>
/// <param name="OpenProcedures">Up to the needle: what can still be collected at this visit.</param>
/// <param name="Scanned">What was scanned and bore the number when the needle went in: `bag`, `tubes`; empty where nothing was compared. Null before the needle.</param>
/// <param name="RestSeconds">From the needle's end until he left: recorded beside the rule's least, not refused.</param>
public sealed record VisitView(
    Guid Id, Guid DonorId, Guid StationId, Guid? DriveId, Guid? AppointmentId, string CollectionPoint, string Status, DateTimeOffset OpenedAt, bool Backfilled, IdentityCheckView IdentityCheck, RuleSetView RuleSet,
    string? ExternalCheck, IReadOnlyDictionary<string, SignedFormView> Signed, IReadOnlyList<StepView> Steps, IReadOnlyList<ReasonView> Reasons, string? BloodGroup, string? Din, string? Procedure, int? NominalMl, int? CollectedMl, int? TreatmentUnits, CollectionBag? Bag, string? Arm,
    DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, int? BleedSeconds, string? Outcome, string[] Deviations, string[] Restrictions, int? RestSeconds, int? RestMinimumSeconds,
    int Corrections, bool Voided, string[] AllowedActions, string[] OpenProcedures, string[]? Scanned);

/// <summary>Which version of a form (`consent`, `questionnaire`) the donor signed, when and how.</summary>
public sealed record SignedFormView(string Code, string Version, DateTimeOffset SignedAt, string Method);

public sealed record IdentityCheckView(string Kind, string Method, string Outcome);

/// <summary>Who answered for a step, by staff id: names are not here.</summary>
public sealed record StepView(string Step, DateTimeOffset At, Guid StaffId);

/// <summary>A visit in a list.</summary>
public sealed record VisitItem(
    Guid Id, Guid DonorId, Guid? DriveId, Guid? AppointmentId, string Status, DateTimeOffset OpenedAt, bool Backfilled, string? Procedure, string? Din, int? NominalMl, int? CollectedMl, int? TreatmentUnits, bool Voided);
