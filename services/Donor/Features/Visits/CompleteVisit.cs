using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

public sealed record CompleteVisitRequest(DateTimeOffset? At = null);

/// <summary>POST /v1/visits/{id}/complete, any time after the collection: how long he rested is recorded beside the rule, not refused. He is thanked.</summary>
public static class CompleteVisit
{
    /// <summary>Later thanks are embarrassing.</summary>
    private static readonly TimeSpan ThanksWithin = TimeSpan.FromDays(3);

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/complete", Handle)
        .Allow("visits", Roles.Station).ByStaff("physician", "quality").WithSummary("Step 8: the donor has rested and leaves");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, CompleteVisitRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Enter("complete", caller, request.At, tx.Now, "physician") is { } no) return no;
            var row = visit.Row = visit.Row with { RestSeconds = Math.Max(0, (int)(visit.StepAt - visit.Row.EndedAt!.Value).TotalSeconds) };
            visit.Announce(tx, new VisitCompleted
            {
                Key = visit.Donor.Id.ToString(), Version = visit.Donor.NextVersion(), OccurredAt = visit.StepAt,
                VisitId = id, DonorId = visit.Donor.Id, DriveId = visit.Row.DriveId, AppointmentId = visit.Row.AppointmentId, Backfilled = visit.Row.Backfilled,
            });
            // Thanks go to everybody who gave, also to who asked privately that his blood not be used.
            if (!row.Backfilled) visit.Donor.RequestContact(tx, "thanks", "thanks-donation", new(id, row.Din, row.DriveId, Procedure: row.Procedure), visit.StepAt, ThanksWithin, row.StationId);
            return visit.Pass(tx, caller, new { row.RestSeconds });
        }, ct);
}
