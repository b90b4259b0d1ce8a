using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>A drive is planned by a station or an organiser. With `backfillReason` it is one of the past.</summary>
public sealed record CreateDriveRequest(
    Guid OrganisationId,
    [property: AllowedValues("open", "organisation")] string Kind,
    VenueRequest Venue,
    DateTimeOffset StartsAt,
    DateTimeOffset EndsAt,
    [property: Range(1, 720)] int SlotMinutes,
    [property: Range(1, 1000)] int CapacityPerSlot,
    string[] Procedures,
    Guid? HostOrganisationId = null,
    Guid? StationId = null,
    IReadOnlyList<PartyRequest>? Parties = null,
    [property: AllowedValues("public", "organisation", "unlisted", null)] string? Visibility = null,
    [property: StringLength(80, MinimumLength = 1)] string? Theme = null,
    [property: Range(0, 1000)] int WalkInPerSlot = 0,
    [property: StringLength(80, MinimumLength = 1)] string? BackfillReason = null,
    [property: StringLength(500, MinimumLength = 1)] string? Description = null,
    [property: StringLength(80, MinimumLength = 1)] string? MeetingPoint = null,
    Guid? SiteId = null,
    Guid? VehicleId = null,
    [property: Range(1, 200)] int? Staff = null);

public sealed record VenueRequest(
    [property: StringLength(80, MinimumLength = 1)] string Name,
    [property: StringLength(80, MinimumLength = 1)] string Address,
    [property: StringLength(6, MinimumLength = 6), RegularExpression(Plain.District)] string District,
    [property: Range(-90.0, 90.0)] double? Latitude = null,
    [property: Range(-180.0, 180.0)] double? Longitude = null) : IValidatableObject
{
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Latitude is null != Longitude is null) yield return new("Half a point: send latitude and longitude, or neither", [Latitude is null ? nameof(Latitude) : nameof(Longitude)]);
        else if (Latitude is 0 && Longitude is 0) yield return new("0,0 lies in the Atlantic: leave both out where the place is not known", [nameof(Latitude)]);
    }
}

public sealed record PartyRequest(Guid OrganisationId, [property: AllowedValues("co-organiser", "supporter")] string Role);

/// <summary>POST /v1/drives</summary>
public static class CreateDrive
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drives", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser).Creates()
        .WithSummary("Drafts a drive");

    private static async Task<Results<Made<DriveView>, ProblemHttpResult>> Handle(CreateDriveRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveView>, ProblemHttpResult>>(async tx =>
        {
            var parties = request.Parties ?? [];
            var stationNamedByOrganiser = caller.Is(Roles.Organiser) ? request.StationId : null;
            Guid[] named = [request.OrganisationId, .. parties.Select(p => p.OrganisationId), .. new[] { request.HostOrganisationId, stationNamedByOrganiser }.OfType<Guid>()];
            var organisations = (await tx.Query<NamedRow>("select id, kind, path from event.organisation where id = any(@named)", new { named })).ToDictionary(o => o.Id);
            foreach (var id in named)
                if (!organisations.ContainsKey(id)) return CommonProblems.Unknown(id);
            if (caller.Is(Roles.Organiser) && !organisations[request.OrganisationId].Path.Contains(caller.Tenant)) return CommonProblems.NotFound.With();
            if (stationNamedByOrganiser is { } station && organisations[station].Kind != "blood-station") return CommonProblems.NotFound.With("stationId is no blood station");
            if (caller.Is(Roles.Station) && request.StationId is { } other && other != caller.Tenant) return CommonProblems.NotFound.With("A station plans its own drives");

            var backfill = request.BackfillReason is not null;
            if (backfill && Backfill.Signed(caller) is { } unsigned) return unsigned.ToProblem();
            if (new DrivePlan(request.StartsAt, request.EndsAt, request.SlotMinutes, request.Procedures).Faults(backfill, tx.Now) is { } impossible) return impossible.ToProblem();

            var drive = new DriveRow
            {
                Id = tx.NewId(), Version = 1, OrganisationId = request.OrganisationId, OrganisationPath = organisations[request.OrganisationId].Path,
                HostOrganisationId = request.HostOrganisationId, StationId = caller.Is(Roles.Station) ? caller.Tenant : request.StationId,
                Parties = JsonSerializer.Serialize(parties, Json.Options), Kind = request.Kind, Visibility = request.Visibility ?? (request.Kind == "open" ? "public" : "organisation"), Theme = request.Theme, Description = request.Description, MeetingPoint = request.MeetingPoint, SiteId = request.SiteId, VehicleId = request.VehicleId, Staff = request.Staff,
                VenueName = request.Venue.Name, VenueAddress = request.Venue.Address, District = request.Venue.District, Latitude = request.Venue.Latitude, Longitude = request.Venue.Longitude,
                StartsAt = request.StartsAt, EndsAt = request.EndsAt, SlotMinutes = request.SlotMinutes, CapacityPerSlot = request.CapacityPerSlot, WalkInPerSlot = request.WalkInPerSlot,
                Procedures = request.Procedures, Status = "draft", Backfilled = backfill, BackfillReason = request.BackfillReason, CreatedAt = tx.Now,
            };
            tx.Write(DriveRow.Insert, drive);
            if (backfill) tx.Audit("drive.backfill", $"drive/{drive.Id}");
            return Answers.Created($"/v1/drives/{drive.Id}", 1, drive.ViewFor(caller, tx.Now));
        }, ct);

    private sealed record NamedRow
    {
        public required Guid Id { get; init; }
        public required string Kind { get; init; }
        public required Guid[] Path { get; init; }
    }
}
