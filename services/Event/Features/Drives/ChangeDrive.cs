using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>What is absent stays as it is.</summary>
public sealed record ChangeDriveRequest(
    VenueRequest? Venue = null,
    DateTimeOffset? StartsAt = null,
    DateTimeOffset? EndsAt = null,
    [property: Range(1, 720)] int? SlotMinutes = null,
    [property: Range(1, 1000)] int? CapacityPerSlot = null,
    [property: Range(0, 1000)] int? WalkInPerSlot = null,
    string[]? Procedures = null,
    [property: AllowedValues("public", "organisation", "unlisted", null)] string? Visibility = null,
    [property: StringLength(80, MinimumLength = 1)] string? Theme = null);

/// <summary>PATCH /v1/drives/{id}: drafts only; what is submitted is what gets approved.</summary>
public static class ChangeDrive
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPatch("/v1/drives/{id:guid}", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser)
        .WithSummary("Changes a draft");

    private static async Task<Results<Made<DriveView>, ProblemHttpResult>> Handle(Guid id, ChangeDriveRequest request, Caller caller, HttpRequest http, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveView>, ProblemHttpResult>>(async tx =>
        {
            var before = await tx.QuerySingle<DriveRow>(DriveRow.ForUpdate, new { id });
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (Answers.Precondition(http, before.Version) is { } stale) return stale;
            if (before.Status != "draft") return Problems.NotADraft.With($"The drive is {before.Status}");

            var after = before with
            {
                Version = before.Version + 1,
                VenueName = request.Venue?.Name ?? before.VenueName, VenueAddress = request.Venue?.Address ?? before.VenueAddress, District = request.Venue?.District ?? before.District,
                Latitude = request.Venue is { } venue ? venue.Latitude : before.Latitude, Longitude = request.Venue is { } place ? place.Longitude : before.Longitude,
                StartsAt = request.StartsAt ?? before.StartsAt, EndsAt = request.EndsAt ?? before.EndsAt, SlotMinutes = request.SlotMinutes ?? before.SlotMinutes,
                CapacityPerSlot = request.CapacityPerSlot ?? before.CapacityPerSlot, WalkInPerSlot = request.WalkInPerSlot ?? before.WalkInPerSlot,
                Procedures = request.Procedures ?? before.Procedures, Visibility = request.Visibility ?? before.Visibility, Theme = request.Theme ?? before.Theme,
            };
            if (after.Plan.Faults(after.Backfilled, tx.Now) is { } impossible) return impossible.ToProblem();
            tx.Write("""
                update event.drive set version = @Version, venue_name = @VenueName, venue_address = @VenueAddress, district = @District, latitude = @Latitude, longitude = @Longitude,
                    starts_at = @StartsAt, ends_at = @EndsAt, slot_minutes = @SlotMinutes, capacity_per_slot = @CapacityPerSlot, walk_in_per_slot = @WalkInPerSlot,
                    procedures = @Procedures, visibility = @Visibility, theme = @Theme
                where id = @Id
                """, after);
            return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));
        }, ct);
}
