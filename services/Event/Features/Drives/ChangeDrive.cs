using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>What is absent stays as it is. Of an approved drive its station changes when, where and for how many, with a `reason`; its words also the organiser.</summary>
/// <param name="StationId">Hands an approved drive to another station.</param>
/// <param name="Force">Bookings for which there is no place any more are cancelled; without it such a change is refused with them.</param>
public sealed record ChangeDriveRequest(
    VenueRequest? Venue = null,
    DateTimeOffset? StartsAt = null,
    DateTimeOffset? EndsAt = null,
    [property: Range(1, 720)] int? SlotMinutes = null,
    [property: Range(1, 1000)] int? CapacityPerSlot = null,
    [property: Range(0, 1000)] int? WalkInPerSlot = null,
    string[]? Procedures = null,
    [property: AllowedValues("public", "organisation", "unlisted", null)] string? Visibility = null,
    [property: StringLength(80, MinimumLength = 1)] string? Theme = null,
    [property: StringLength(500, MinimumLength = 1)] string? Description = null,
    [property: StringLength(80, MinimumLength = 1)] string? MeetingPoint = null,
    Guid? StationId = null,
    Guid? SiteId = null,
    Guid? VehicleId = null,
    [property: Range(1, 200)] int? Staff = null,
    [property: StringLength(80, MinimumLength = 1)] string? Reason = null,
    bool Force = false);

/// <summary>
/// PATCH /v1/drives/{id}: a draft freely; what is submitted is what gets approved; afterwards what <see cref="DriveFields"/> leaves open, each field with a
/// line in the log of changes. Another time moves the bookings with their slots; whoever is booked is told of another time or place.
/// </summary>
public static class ChangeDrive
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPatch("/v1/drives/{id:guid}", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser)
        .WithSummary("Changes a draft, or of an approved drive what may still change");

    private static async Task<Results<Made<DriveView>, ProblemHttpResult>> Handle(Guid id, ChangeDriveRequest request, Caller caller, HttpRequest http, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveView>, ProblemHttpResult>>(async tx =>
        {
            var (before, places) = await SlotPlaces.Lock(tx, id, request.StationId, request.SiteId, request.VehicleId);
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (Answers.Precondition(http, before.Version) is { } stale) return stale;
            if (before.Status != "draft" && !before.HasSlots) return Problems.NotADraft.With($"The drive is {before.Status}");

            var after = before with
            {
                Version = before.Version + 1,
                VenueName = request.Venue?.Name ?? before.VenueName, VenueAddress = request.Venue?.Address ?? before.VenueAddress, District = request.Venue?.District ?? before.District,
                Latitude = request.Venue is { } venue ? venue.Latitude : before.Latitude, Longitude = request.Venue is { } place ? place.Longitude : before.Longitude,
                StartsAt = request.StartsAt ?? before.StartsAt, EndsAt = request.EndsAt ?? (request.StartsAt is { } start && before.HasSlots ? start + (before.EndsAt - before.StartsAt) : before.EndsAt), SlotMinutes = request.SlotMinutes ?? before.SlotMinutes,
                CapacityPerSlot = request.CapacityPerSlot ?? before.CapacityPerSlot, WalkInPerSlot = request.WalkInPerSlot ?? before.WalkInPerSlot,
                Procedures = request.Procedures ?? before.Procedures, Visibility = request.Visibility ?? before.Visibility, Theme = request.Theme ?? before.Theme,
                Description = request.Description ?? before.Description, MeetingPoint = request.MeetingPoint ?? before.MeetingPoint, StationId = before.HasSlots ? request.StationId ?? before.StationId : before.StationId,
                SiteId = request.SiteId ?? before.SiteId, VehicleId = request.VehicleId ?? before.VehicleId, Staff = request.Staff ?? before.Staff,
            };
            var changes = DriveChangeRow.Between(before, after);
            var (moves, resizes) = (after.StartsAt != before.StartsAt || after.EndsAt != before.EndsAt, after.CapacityPerSlot != before.CapacityPerSlot || after.WalkInPerSlot != before.WalkInPerSlot);
            if (before.HasSlots)
            {
                if (DriveFields.Forbids(caller.Role, before.Status, [.. changes.Select(c => c.Field)], request.Reason) is { } locked) return locked.ToProblem();
                if (after.StationId != before.StationId && places.OtherStation != "blood-station") return CommonProblems.NotFound.With("stationId is no blood station");
                if ((moves || (after.SiteId, after.VehicleId, after.StationId) != (before.SiteId, before.VehicleId, before.StationId)) && Rules.Sites.Forbid(after.StationId, Shanghai.DateOf(after.EndsAt), after.SiteId, after.VehicleId, places.Sites) is { } notThere) return notThere.ToProblem();
                if (moves && resizes) return CommonProblems.Invalid.With("Time and capacity are changed one after the other", new FieldError("/capacityPerSlot", "with_the_time", "Send it by itself"));
            }
            if ((before.Status == "draft" || moves) && after.Plan.Faults(after.Backfilled, tx.Now) is { } impossible) return impossible.ToProblem();
            tx.Write("""
                update event.drive set version = @Version, venue_name = @VenueName, venue_address = @VenueAddress, district = @District, latitude = @Latitude, longitude = @Longitude,
                    starts_at = @StartsAt, ends_at = @EndsAt, slot_minutes = @SlotMinutes, capacity_per_slot = @CapacityPerSlot, walk_in_per_slot = @WalkInPerSlot,
                    procedures = @Procedures, visibility = @Visibility, theme = @Theme, description = @Description, meeting_point = @MeetingPoint, station_id = @StationId, site_id = @SiteId, vehicle_id = @VehicleId, staff = @Staff
                where id = @Id
                """, after);
            if (before.Status == "draft") return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));

            if (after.CapacityPerSlot != before.CapacityPerSlot && places.Cut(tx, before, after.CapacityPerSlot, null, request.Force, "/capacityPerSlot") is { } tooFew) return tooFew;
            if (after.WalkInPerSlot != before.WalkInPerSlot) tx.WriteAny("update event.slot set walk_in = greatest(walked_in, @WalkInPerSlot) where drive_id = @Id and ends_at > @now", new { after.WalkInPerSlot, after.Id, now = tx.Now });
            if (moves)
            {
                if (places.SomebodyHasCome) return Problems.FieldLocked.With("Donors have come already", new FieldError("/startsAt", "donors_have_come", "What took place stays where it was"));
                var lost = places.WithoutSlot(before, after);
                if (lost.Length > 0 && !request.Force) return Problems.CapacityBelowBookings.With("force cancels these bookings", [.. lost.Select(b => new FieldError($"appointments/{b.Id}", "booked", "Would have no slot any more"))]);
                places.Move(tx, before, after, "capacity-cut", tx.Now);
                if (lost.Length > 0) tx.StartJob(TellCancelled.Kind, new TellCancelled.Order(id, "capacity-cut", "capacity-cut", tx.Now));
            }
            var material = DriveFields.IsMaterial(before.Place, after.Place);
            if (moves || material) places.TellClaimed(tx, before, after, material ? "drive-changed" : null);
            if (places.Booked.Length > 0 && material) tx.StartJob(ReviewBookings.Kind, new ReviewBookings.Order(id, "drive-changed"));
            foreach (var (field, was, now) in changes) DriveChangeRow.Log(tx, caller, id, field, was, now, request.Reason);
            if (changes.Count > 0) tx.Append(after.ToChanged(tx.Now));
            tx.Audit("drive.change", $"drive/{id}", new { fields = changes.Select(c => c.Field) });
            return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));
        }, ct);
}
