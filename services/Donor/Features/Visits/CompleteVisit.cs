using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

public sealed record CompleteVisitRequest(DateTimeOffset? At = null);

/// <summary>POST /v1/visits/{id}/complete, any time after the collection: how long he rested is recorded, not refused.</summary>
public static class CompleteVisit
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/complete", Handle)
        .Allow("visits", Roles.Station).ByStaff("physician", "quality").WithSummary("Step 8: the donor has rested and leaves");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, CompleteVisitRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Enter("complete", caller, request.At, tx.Now, "physician") is { } no) return no;
            visit.Announce(tx, new VisitCompleted
            {
                Key = visit.Donor.Id.ToString(), Version = visit.Donor.NextVersion(), OccurredAt = visit.StepAt,
                VisitId = id, DonorId = visit.Donor.Id, DriveId = visit.Row.DriveId, AppointmentId = visit.Row.AppointmentId, Backfilled = visit.Row.Backfilled,
            });
            return visit.Pass(tx, caller, new { restSeconds = (int)(visit.StepAt - visit.Row.EndedAt!.Value).TotalSeconds });
        }, ct);
}
