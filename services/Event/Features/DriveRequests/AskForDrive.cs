using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.DriveRequests;

/// <summary>An organiser has donors and a place and asks when a station can come: a named one, or whichever serves the venue's district.</summary>
public sealed record AskForDriveRequest(
    Guid OrganisationId,
    VenueRequest Venue,
    IReadOnlyList<WishedDays> Wishes,
    [property: Range(1, 100_000)] int ExpectedDonors,
    [property: AllowedValues("open", "organisation")] string Kind = "organisation",
    [property: AllowedValues("public", "organisation", "unlisted", null)] string? Visibility = null,
    [property: StringLength(80, MinimumLength = 1)] string? Theme = null,
    Guid? StationId = null,
    Guid? HostOrganisationId = null,
    [property: StringLength(80, MinimumLength = 1)] string? Note = null);

/// <summary>POST /v1/drive-requests</summary>
public static class AskForDrive
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drive-requests", Handle)
        .Allow("drives", Roles.Organiser).Creates()
        .WithSummary("Asks a station for a drive");

    private static async Task<Results<Made<DriveRequestView>, ProblemHttpResult>> Handle(AskForDriveRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveRequestView>, ProblemHttpResult>>(async tx =>
        {
            Guid[] named = [request.OrganisationId, .. new[] { request.StationId, request.HostOrganisationId }.OfType<Guid>()];
            var organisations = (await tx.Query<NamedRow>("select id, kind, path from event.organisation where id = any(@named)", new { named })).ToDictionary(o => o.Id);
            foreach (var id in named)
                if (!organisations.ContainsKey(id)) return CommonProblems.Unknown(id);
            if (!organisations[request.OrganisationId].Path.Contains(caller.Tenant)) return CommonProblems.NotFound.With();
            if (request.StationId is { } station && organisations[station].Kind != "blood-station") return CommonProblems.NotFound.With("stationId is no blood station");

            var today = Shanghai.DateOf(tx.Now);
            FieldError[] faults =
            [
                .. request.Wishes.Count is 0 or > 20 ? [new FieldError("/wishes", "count", "From 1 to 20 wishes")] : Array.Empty<FieldError>(),
                .. request.Wishes.Index().Where(w => w.Item.To < w.Item.From).Select(w => new FieldError($"/wishes/{w.Index}/to", "before_from", "to lies before from")),
                .. request.Wishes.Index().Where(w => w.Item.From < today).Select(w => new FieldError($"/wishes/{w.Index}/from", "in_the_past", "A wish begins today at the earliest")),
                .. request.Wishes.Index().Where(w => w.Item.To > today.AddYears(2)).Select(w => new FieldError($"/wishes/{w.Index}/to", "too_far", "At most two years ahead")),
            ];
            if (faults.Length > 0) return CommonProblems.Invalid.With(null, faults);

            var asked = new DriveRequestRow
            {
                Id = tx.NewId(), Version = 1, OrganisationId = request.OrganisationId, OrganisationPath = organisations[request.OrganisationId].Path, StationId = request.StationId, Whichever = request.StationId is null, District = request.Venue.District,
                Drive = JsonSerializer.Serialize(new RequestedDrive(request.Kind, request.Visibility ?? (request.Kind == "open" ? "public" : "organisation"), request.Theme,
                    new(request.Venue.Name, request.Venue.Address, request.Venue.District, request.Venue.Latitude, request.Venue.Longitude), request.HostOrganisationId), Json.Options),
                Wishes = JsonSerializer.Serialize(request.Wishes, Json.Options), ExpectedDonors = request.ExpectedDonors, LastWish = request.Wishes.Max(w => w.To), Note = request.Note, Status = "asked", Offers = "[]", AskedAt = tx.Now,
            };
            tx.Write("""
                insert into event.drive_request (id, version, organisation_id, station_id, district, drive, wishes, expected_donors, last_wish, note, status, offers, whichever, asked_at)
                values (@Id, @Version, @OrganisationId, @StationId, @District, @Drive::jsonb, @Wishes::jsonb, @ExpectedDonors, @LastWish, @Note, @Status, @Offers::jsonb, @Whichever, @AskedAt)
                """, asked);
            return Answers.Created($"/v1/drive-requests/{asked.Id}", 1, asked.ViewFor(caller, tx.Now));
        }, ct);

    private sealed record NamedRow
    {
        public required Guid Id { get; init; }
        public required string Kind { get; init; }
        public required Guid[] Path { get; init; }
    }
}
