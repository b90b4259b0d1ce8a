using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

public sealed record CancelDriveRequest([property: RegularExpression("[a-z0-9-]{1,40}")] string ReasonCode = "not-stated", DateTimeOffset? At = null);

/// <summary>POST /v1/drives/{id}/cancel: before it starts; whoever booked, waits or claimed a kept place loses it and is told, and the apps learn it.</summary>
public static class CancelDrive
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drives/{id:guid}/cancel", Handle)
        .Allow("drives", DriveLifecycle.RolesFor("cancel"))
        .WithSummary("Cancels a drive that has not started");

    private static async Task<Results<Made<DriveView>, ProblemHttpResult>> Handle(Guid id, CancelDriveRequest? request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveView>, ProblemHttpResult>>(async tx =>
        {
            request ??= new();
            var (before, places) = await SlotPlaces.Lock(tx, id);
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            // Every station sees what is submitted to whichever takes it on; who does not take it leaves it to the others.
            if (caller.Is(Roles.Station) && before.StationId != caller.Tenant) return Problems.StepOutOfOrder.With("No station has taken the drive on: its organiser cancels it");
            if (before.Backfilled && Backfill.Signed(caller) is { } unsigned) return unsigned.ToProblem();
            if (DriveLifecycle.Forbids("cancel", before.State, request.At, tx.Now) is { } no) return no.ToProblem();

            var at = request.At ?? tx.Now;
            var after = before with { Version = before.Version + 1, Status = DriveLifecycle.StatusAfter("cancel"), CancelledAt = at, ReasonCode = request.ReasonCode };
            tx.Write("update event.drive set version = @Version, status = @Status, cancelled_at = @CancelledAt, reason_code = @ReasonCode where id = @Id", after);
            places.End(tx, id, at, tell: !before.Backfilled);
            AppointmentRow.CancelAll(tx, id, places.Booked, "drive-cancelled", at);
            if (places.Booked.Length > 0 && !before.Backfilled) tx.StartJob(TellCancelled.Kind, new TellCancelled.Order(id, "drive-cancelled", "drive-cancelled"));
            if (before.ApprovedAt is not null) // nobody else knows a drive before its approval
            {
                tx.Append(after.ToChanged(at));
                tx.Append(new DriveCancelled { Key = id.ToString(), Version = after.Version, OccurredAt = at, StationId = after.StationId, DriveId = id, OrganiserId = after.OrganisationId, ReasonCode = request.ReasonCode, Backfilled = after.Backfilled });
            }
            tx.Audit("drive.cancel", $"drive/{id}", new { at, request.ReasonCode, appointments = places.Booked.Length });
            return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));
        }, ct);
}
