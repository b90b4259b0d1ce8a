using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>POST /v1/drives/{id}/open</summary>
public static class OpenDrive
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drives/{id:guid}/open", Handle)
        .Allow("drives", DriveLifecycle.RolesFor("open"))
        .WithSummary("Opens an approved drive for bookings");

    private static async Task<Results<Made<DriveView>, ProblemHttpResult>> Handle(Guid id, DriveStepRequest? request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveView>, ProblemHttpResult>>(async tx =>
        {
            var before = await tx.QuerySingle<DriveRow>(DriveRow.ForUpdate, new { id });
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (before.Backfilled && Backfill.Signed(caller) is { } unsigned) return unsigned.ToProblem();
            if (DriveLifecycle.Forbids("open", before.State, request?.At, tx.Now) is { } no) return no.ToProblem();

            var at = request?.At ?? tx.Now;
            var after = before with { Version = before.Version + 1, Status = DriveLifecycle.StatusAfter("open"), OpenedAt = at };
            tx.Write("update event.drive set version = @Version, status = @Status, opened_at = @OpenedAt where id = @Id", after);
            tx.Append(after.ToChanged(at));
            tx.Audit("drive.open", $"drive/{id}", new { at });
            return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));
        }, ct);
}
