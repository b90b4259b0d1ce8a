using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.DriveRequests;

public sealed record TakeOfferRequest(int Number);

/// <summary>
/// POST /v1/drive-requests/{id}/take: the station offered and the organiser accepts, so the drive is approved at once, as it would be
/// after draft, submit and approve; others learn of it and its slots exist.
/// </summary>
public static class TakeOffer
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drive-requests/{id:guid}/take", Handle)
        .Allow("drives", Roles.Organiser)
        .WithSummary("Takes an offered date: a drive is made");

    private static async Task<Results<Made<DriveRequestView>, ProblemHttpResult>> Handle(Guid id, TakeOfferRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveRequestView>, ProblemHttpResult>>(async tx =>
        {
            var before = await tx.QuerySingle<DriveRequestRow>(DriveRequestRow.ForUpdate, new { id });
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsVisibleTo(caller)) return CommonProblems.NotFound.With();
            if (RequestLifecycle.Forbids("take", before.Status, before.StatusAt(tx.Now)) is { } no) return no.ToProblem();
            if (before.Offered.FirstOrDefault(o => o.Number == request.Number) is not { } offer) return Problems.OfferUnknown.With(null, new FieldError("/number", "unknown", $"One of 1 to {before.Offered.Length}"));
            if (new DrivePlan(offer.StartsAt, offer.EndsAt, offer.SlotMinutes, offer.Procedures).Faults(false, tx.Now) is { } impossible) return impossible.ToProblem();

            var plan = before.Plan;
            var drive = new DriveRow
            {
                Id = tx.NewId(), Version = 1, OrganisationId = before.OrganisationId, OrganisationPath = before.OrganisationPath, HostOrganisationId = plan.HostOrganisationId, StationId = before.StationId, Parties = "[]",
                Kind = plan.Kind, Visibility = plan.Visibility, Theme = plan.Theme, VenueName = plan.Venue.Name, VenueAddress = plan.Venue.Address, District = plan.Venue.District, Latitude = plan.Venue.Latitude, Longitude = plan.Venue.Longitude,
                StartsAt = offer.StartsAt, EndsAt = offer.EndsAt, SlotMinutes = offer.SlotMinutes, CapacityPerSlot = offer.CapacityPerSlot, WalkInPerSlot = offer.WalkInPerSlot, Procedures = offer.Procedures,
                Status = DriveLifecycle.StatusAfter("approve"), SubmittedAt = tx.Now, ApprovedAt = tx.Now, Backfilled = false, CreatedAt = tx.Now, RequestId = id,
            };
            var after = before with { Version = before.Version + 1, Status = "taken", DriveId = drive.Id, SettledAt = tx.Now };
            tx.Write(DriveRow.Insert, drive);
            tx.Write(DriveRow.MakeSlots, drive, rows: drive.Plan.Slots);
            tx.Write("update event.drive_request set version = @Version, status = @Status, drive_id = @DriveId, settled_at = @SettledAt where id = @Id", after);
            tx.Append(drive.ToScheduled(tx.Now));
            tx.Audit("drive-request.take", $"drive-request/{id}", new { drive = drive.Id });
            return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));
        }, ct);
}
