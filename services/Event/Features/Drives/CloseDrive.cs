using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>POST /v1/drives/{id}/close: sign-ups are settled. Whoever booked and has not come has missed it; should his visit become known later, he arrived.</summary>
public static class CloseDrive
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drives/{id:guid}/close", Handle)
        .Allow("drives", DriveLifecycle.RolesFor("close"))
        .WithSummary("Closes a started drive");

    private static async Task<Results<Made<DriveView>, ProblemHttpResult>> Handle(Guid id, DriveStepRequest? request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveView>, ProblemHttpResult>>(async tx =>
        {
            var (before, places) = await SlotPlaces.Lock(tx, id);
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (before.Backfilled && Backfill.Signed(caller) is { } unsigned) return unsigned.ToProblem();
            if (DriveLifecycle.Forbids("close", before.State, request?.At, tx.Now) is { } no) return no.ToProblem();

            var after = Close(tx, before, places, request?.At ?? tx.Now);
            return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));
        }, ct);

    /// <summary>Closes a drive whose row the caller has locked, with all that stands on it.</summary>
    internal static DriveRow Close(Transaction tx, DriveRow before, SlotPlaces places, DateTimeOffset at)
    {
        var id = before.Id;
        var after = before with { Version = before.Version + 1, Status = DriveLifecycle.StatusAfter("close"), ClosedAt = at };
        tx.Write("update event.drive set version = @Version, status = @Status, closed_at = @ClosedAt where id = @Id", after);
        places.End(tx, id, at, tell: !before.Backfilled && at < before.EndsAt); // afterwards everybody knows
        tx.WriteAny("update event.slot set held = 0 where drive_id = @id", new { id });
        // Whose slot had not begun has missed nothing: a vehicle that breaks down at ten, a drive of three days that ends on the first.
        var toCome = before.Backfilled ? [] : places.Booked.Where(b => b.SlotStartsAt > at).ToArray();
        foreach (var appointment in toCome) appointment.Cancel(tx, "drive-cancelled", at);
        if (toCome.Length > 0) tx.StartJob(TellCancelled.Kind, new TellCancelled.Order(id, "drive-cancelled", "drive-cancelled", at));
        var missed = places.Booked.Except(toCome).ToArray();
        if (missed.Length > 0)
            tx.Write("update event.appointment set version = version + 1, status = 'missed', settled_at = @at where id = any(@ids)", new { ids = missed.Select(b => b.Id).ToArray(), at }, rows: missed.Length);
        tx.WriteAny("delete from event.booking_block b using event.appointment a where a.id = b.appointment_id and a.drive_id = @id", new { id });
        foreach (var appointment in missed) tx.Append((appointment with { Version = appointment.Version + 1 }).ToMissed(at));
        tx.Append(after.ToChanged(at));
        tx.Append(new DriveClosed { Key = id.ToString(), Version = after.Version, OccurredAt = at, StationId = after.StationId, DriveId = id, OrganiserId = after.OrganisationId, ClosedAt = at, Backfilled = after.Backfilled });
        tx.Audit("drive.close", $"drive/{id}", new { at, missed = missed.Length, cancelled = toCome.Length });
        return after;
    }
}
