using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>New times where they are known; without them the drive keeps its old ones until it is approved anew.</summary>
public sealed record PostponeDriveRequest(DateTimeOffset? StartsAt = null, DateTimeOffset? EndsAt = null, [property: RegularExpression("[a-z0-9-]{1,40}")] string ReasonCode = "not-stated", DateTimeOffset? At = null);

/// <summary>
/// POST /v1/drives/{id}/postpone: bookings move with their slots and everybody is told; whoever may not give on the new day, or whose slot is gone, loses
/// his place, because another day is another answer to whether one may give. Whoever waited waits no longer.
/// </summary>
public static class PostponeDrive
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drives/{id:guid}/postpone", Handle)
        .Allow("drives", DriveLifecycle.RolesFor("postpone"))
        .WithSummary("Postpones an approved drive");

    private static async Task<Results<Made<DriveView>, ProblemHttpResult>> Handle(Guid id, PostponeDriveRequest? request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveView>, ProblemHttpResult>>(async tx =>
        {
            request ??= new();
            var (before, places) = await SlotPlaces.Lock(tx, id);
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (before.Backfilled && Backfill.Signed(caller) is { } unsigned) return unsigned.ToProblem();
            if (DriveLifecycle.Forbids("postpone", before.State, request.At, tx.Now) is { } no) return no.ToProblem();

            var at = request.At ?? tx.Now;
            var startsAt = request.StartsAt ?? before.StartsAt;
            var after = before with
            {
                Version = before.Version + 1, Status = DriveLifecycle.StatusAfter("postpone"), PostponedAt = at, ReasonCode = request.ReasonCode, OpenedAt = null,
                StartsAt = startsAt, EndsAt = request.EndsAt ?? startsAt + (before.EndsAt - before.StartsAt),
            };
            if (request is not { StartsAt: null, EndsAt: null } && after.Plan.Faults(after.Backfilled, tx.Now) is { } impossible) return impossible.ToProblem();
            tx.Write("""
                update event.drive set version = @Version, status = @Status, postponed_at = @PostponedAt, reason_code = @ReasonCode, opened_at = null, starts_at = @StartsAt, ends_at = @EndsAt
                where id = @Id
                """, after);
            var kept = places.Move(tx, before, after, "drive-postponed", at);
            places.TellClaimed(tx, before, after, before.Backfilled ? null : "drive-postponed");
            foreach (var (field, was, now) in DriveChangeRow.Between(before, after)) DriveChangeRow.Log(tx, caller, id, field, was, now, request.ReasonCode);
            if (kept.Length > 0) tx.StartJob(ReviewBookings.Kind, new ReviewBookings.Order(id, "drive-postponed"));
            if (kept.Length < places.Booked.Length) tx.StartJob(TellCancelled.Kind, new TellCancelled.Order(id, "drive-postponed", "drive-cancelled", at));
            tx.Append(after.ToChanged(at));
            tx.Audit("drive.postpone", $"drive/{id}", new { at, request.ReasonCode, appointments = places.Booked.Length });
            return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));
        }, ct);
}
