using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Features.Sites;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Series;

/// <summary>
/// Drives that recur. `rrule` is one of RFC 5545 over days of Asia/Shanghai; it counts from the day of `startsAt`, whose time of day and
/// length each drive has. Days of the calendars and `excludedDates` get no drive and are listed with the reason.
/// </summary>
/// <param name="Make">What its drives are at first: drafts, or submitted to the station.</param>
/// <param name="OpenDaysAhead">A station's own, at a site or with a vehicle of its own: so many days before each drive is approved and opened by itself. Absent: by hand.</param>
/// <param name="HorizonDays">How far ahead drives are made; later ones follow day by day.</param>
public sealed record CreateSeriesRequest(
    Guid OrganisationId,
    [property: StringLength(500, MinimumLength = 1)] string Rrule,
    DateTimeOffset StartsAt,
    DateTimeOffset EndsAt,
    [property: AllowedValues("open", "organisation")] string Kind,
    VenueRequest Venue,
    [property: Range(1, 720)] int SlotMinutes,
    [property: Range(1, 1000)] int CapacityPerSlot,
    string[] Procedures,
    Guid[]? ExclusionCalendarIds = null,
    DateOnly[]? ExcludedDates = null,
    [property: Range(1, 366)] int HorizonDays = 180,
    [property: AllowedValues("draft", "submitted")] string Make = "draft",
    Guid? HostOrganisationId = null,
    Guid? StationId = null,
    IReadOnlyList<PartyRequest>? Parties = null,
    [property: AllowedValues("public", "organisation", "unlisted", null)] string? Visibility = null,
    [property: StringLength(80, MinimumLength = 1)] string? Theme = null,
    [property: Range(0, 1000)] int WalkInPerSlot = 0,
    Guid? SiteId = null,
    Guid? VehicleId = null,
    [property: Range(1, 200)] int? Staff = null,
    [property: Range(1, 90)] int? OpenDaysAhead = null);

/// <summary>POST /v1/drive-series</summary>
public static class CreateSeries
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drive-series", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser).Creates()
        .WithSummary("Plans drives that recur");

    private static async Task<Results<Made<SeriesView>, ProblemHttpResult>> Handle(CreateSeriesRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<SeriesView>, ProblemHttpResult>>(async tx =>
        {
            var parties = request.Parties ?? [];
            var stationNamedByOrganiser = caller.Is(Roles.Organiser) ? request.StationId : null;
            Guid[] named = [request.OrganisationId, .. parties.Select(p => p.OrganisationId), .. new[] { request.HostOrganisationId, stationNamedByOrganiser }.OfType<Guid>()];
            var calendars = (request.ExclusionCalendarIds ?? []).Distinct().ToArray();
            // The calendars are locked shared: whoever replaces one afterwards finds this series among those to plan anew.
            var (organisations, owners, entries) = await tx.Read($"""
                select id, kind, path from event.organisation where id = any(@named);
                select id, organisation_id from event.exclusion_calendar where id = any(@calendars) order by id for share;
                {SeriesFile.Entries}
                """, new { named, calendars }, async grid => (
                    (await grid.ReadAsync<OrganisationRow>()).ToDictionary(o => o.Id),
                    (await grid.ReadAsync<CalendarOwner>()).ToDictionary(c => c.Id, c => c.OrganisationId),
                    (await grid.ReadAsync<SeriesFile.EntryRow>()).Select(e => e.Days).ToArray()));
            foreach (var id in named)
                if (!organisations.ContainsKey(id)) return CommonProblems.Unknown(id);
            var path = organisations[request.OrganisationId].Path;
            if (caller.Is(Roles.Organiser) && !path.Contains(caller.Tenant)) return CommonProblems.NotFound.With();
            if (stationNamedByOrganiser is { } station && organisations[station].Kind != "blood-station") return CommonProblems.NotFound.With("stationId is no blood station");
            if (caller.Is(Roles.Station) && request.StationId is { } other && other != caller.Tenant) return CommonProblems.NotFound.With("A station plans its own drives");
            var stationId = caller.Is(Roles.Station) ? caller.Tenant : request.StationId;
            foreach (var id in calendars)
            {
                if (!owners.TryGetValue(id, out var owner)) return CommonProblems.Unknown(id);
                if (!path.Contains(owner) && owner != stationId) return CommonProblems.NotFound.With();
            }

            if (new DrivePlan(request.StartsAt, request.EndsAt, request.SlotMinutes, request.Procedures).Faults(false, tx.Now) is { } impossible) return impossible.ToProblem();
            if (Recurrence.Parse(request.Rrule, out var unreadable) is not { } rule) return unreadable!.ToProblem();
            var days = rule.DaysFrom(request.StartsAt, out var unusable);
            if (unusable is not null) return unusable.ToProblem();

            var series = new SeriesRow
            {
                Id = tx.NewId(), Version = 1, OrganisationId = request.OrganisationId, OrganisationPath = path, StationId = stationId, Rrule = request.Rrule.Trim(), StartsAt = request.StartsAt, Make = request.OpenDaysAhead is null ? request.Make : "submitted", OpenDaysAhead = request.OpenDaysAhead,
                Drive = JsonSerializer.Serialize(new SeriesDrive(request.Kind, request.Visibility ?? (request.Kind == "open" ? "public" : "organisation"), request.Theme,
                    new(request.Venue.Name, request.Venue.Address, request.Venue.District, request.Venue.Latitude, request.Venue.Longitude), (int)(request.EndsAt - request.StartsAt).TotalMinutes,
                    request.SlotMinutes, request.CapacityPerSlot, request.WalkInPerSlot, request.Procedures, request.HostOrganisationId, [.. parties.Select(p => new PartyView(p.OrganisationId, p.Role))], request.SiteId, request.VehicleId, request.Staff), Json.Options),
                HorizonDays = request.HorizonDays, CalendarIds = calendars, ExcludedDates = [.. (request.ExcludedDates ?? []).Distinct().Order().Select(d => d.ToString("O"))],
                Status = "active", LastDay = days[^1], PlannedThrough = SeriesFile.Horizon(days[^1], request.HorizonDays, tx.Now), Replan = false,
            };
            if (caller.Is(Roles.Organiser) && request.OpenDaysAhead is not null) return CommonProblems.Invalid.With("A station opens drives", new FieldError("/openDaysAhead", "not_standing", "Only a station's own series"));
            if (request.OpenDaysAhead is not null && series.StandingForbidden(await SiteRow.FactsOf(tx, request.SiteId, request.VehicleId), Shanghai.DateOf(tx.Now)) is { } notStanding) return notStanding.ToProblem();
            ExcludedDays[] excluded = [.. entries, .. SeriesFile.OwnDates(series.ExcludedDates)];
            if (days.All(d => SeriesPlan.Excluding(d, excluded) is not null)) return Problems.AllDaysExcluded.With($"{days.Count} days, all of them excluded");
            tx.Write("""
                insert into event.drive_series (id, version, organisation_id, station_id, rrule, starts_at, drive, make, horizon_days, calendar_ids, excluded_dates, status, last_day, planned_through, replan, open_days_ahead, created_at, changed_at)
                values (@Id, @Version, @OrganisationId, @StationId, @Rrule, @StartsAt, @Drive::jsonb, @Make, @HorizonDays, @CalendarIds, @ExcludedDates::date[], @Status, @LastDay, @PlannedThrough, @Replan, @OpenDaysAhead, @now, @now)
                """, new
                {
                    series.Id, series.Version, series.OrganisationId, series.StationId, series.Rrule, series.StartsAt, series.Drive, series.Make, series.HorizonDays, series.CalendarIds, series.ExcludedDates,
                    series.Status, series.LastDay, series.PlannedThrough, series.Replan, series.OpenDaysAhead, now = tx.Now,
                });
            var planned = new SeriesFile(series with { Version = 0 }, entries, []).Follow(tx, series, days, changed: false);
            tx.Audit("drive-series.create", $"drive-series/{series.Id}", new { planned = planned.Count });
            return Answers.Created($"/v1/drive-series/{series.Id}", 1, series.ViewFor(caller, planned));
        }, ct);

    private sealed record OrganisationRow
    {
        public required Guid Id { get; init; }
        public required string Kind { get; init; }
        public required Guid[] Path { get; init; }
    }

    private sealed record CalendarOwner(Guid Id, Guid OrganisationId);
}
