using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Sites;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>`capacityReason` where more places are planned than the site's beds and the staff allow.</summary>
public sealed record ApproveDriveRequest(DateTimeOffset? At = null, [property: StringLength(80, MinimumLength = 1)] string? CapacityReason = null);

/// <summary>
/// POST /v1/drives/{id}/approve: the station that approves a drive without one takes it on. From here on the drive is
/// known to the other services, and its slots exist.
/// </summary>
public static class ApproveDrive
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drives/{id:guid}/approve", Handle)
        .Allow("drives", DriveLifecycle.RolesFor("approve"))
        .WithSummary("Approves a submitted or postponed drive");

    private static async Task<Results<Made<DriveView>, ProblemHttpResult>> Handle(Guid id, ApproveDriveRequest? request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveView>, ProblemHttpResult>>(async tx =>
        {
            var (before, sites) = await tx.Read($"{DriveRow.ForUpdate}; {SiteRow.OfDrive}", new { id, siteId = (Guid?)null, vehicleId = (Guid?)null }, async grid =>
                (await grid.ReadSingleOrDefaultAsync<DriveRow>(), (await grid.ReadAsync<SiteRow>()).Select(s => s.Facts).ToList()));
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (before.Backfilled && Backfill.Signed(caller) is { } unsigned) return unsigned.ToProblem();
            var taken = before with { StationId = before.StationId ?? (caller.Is(Roles.Station) ? caller.Tenant : null) };
            if (DriveLifecycle.Forbids("approve", taken.State, request?.At, tx.Now) is { } no) return no.ToProblem();

            if (!before.Backfilled)
            {
                if (Rules.Sites.Forbid(taken.StationId, Shanghai.DateOf(taken.EndsAt), taken.SiteId, taken.VehicleId, sites) is { } notThere) return notThere.ToProblem();
                if (sites.Count > 0 && request?.CapacityReason is null && Rules.Sites.Capacity(sites.Sum(s => s.Beds), taken.Staff, taken.SlotMinutes, taken.Procedures) is var most && taken.CapacityPerSlot + taken.WalkInPerSlot > most)
                    return Problems.CapacityAboveSite.With($"{taken.CapacityPerSlot + taken.WalkInPerSlot} places a slot; beds and staff allow {most}", new FieldError("/capacityReason", "required", "Why it is possible all the same"));
            }

            var at = request?.At ?? tx.Now;
            var after = taken with { Version = before.Version + 1, Status = DriveLifecycle.StatusAfter("approve"), ApprovedAt = at, ReasonCode = null };
            tx.Write("update event.drive set version = @Version, status = @Status, station_id = @StationId, approved_at = @ApprovedAt, reason_code = null, capacity_reason = @reason where id = @Id", new { after.Id, after.Version, after.Status, after.StationId, after.ApprovedAt, reason = request?.CapacityReason });
            tx.WriteAny(DriveRow.MakeSlots, after); // a postponed drive has kept them
            // After a postponement the others know the drive already.
            tx.Append(before.Status == "postponed" ? after.ToChanged(at) : after.ToScheduled(at));
            tx.Audit("drive.approve", $"drive/{id}", new { at });
            return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));
        }, ct);
}
