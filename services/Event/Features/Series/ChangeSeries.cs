using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Features.Sites;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Series;

/// <summary>What is absent stays as it is; `openDaysAhead` 0: by hand again, as after any change by an organiser. Without a new `startsAt` the rule counts from its first day still.</summary>
public sealed record ChangeSeriesRequest(
    [property: StringLength(500, MinimumLength = 1)] string? Rrule = null,
    DateTimeOffset? StartsAt = null,
    DateTimeOffset? EndsAt = null,
    VenueRequest? Venue = null,
    [property: Range(1, 720)] int? SlotMinutes = null,
    [property: Range(1, 1000)] int? CapacityPerSlot = null,
    [property: Range(0, 1000)] int? WalkInPerSlot = null,
    string[]? Procedures = null,
    Guid[]? ExclusionCalendarIds = null,
    DateOnly[]? ExcludedDates = null,
    [property: Range(1, 366)] int? HorizonDays = null,
    [property: AllowedValues("public", "organisation", "unlisted", null)] string? Visibility = null,
    [property: StringLength(80, MinimumLength = 1)] string? Theme = null,
    Guid? SiteId = null,
    Guid? VehicleId = null,
    [property: Range(1, 200)] int? Staff = null,
    [property: Range(0, 90)] int? OpenDaysAhead = null);

/// <summary>
/// PATCH /v1/drive-series/{id}: its drives from tomorrow on follow, but for those that somebody changed, submitted or had approved
/// since; these stay, and the answer says which.
/// </summary>
public static class ChangeSeries
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPatch("/v1/drive-series/{id:guid}", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser)
        .WithSummary("Changes a series and the drives that nobody changed by hand");

    private static async Task<Results<Made<SeriesView>, ProblemHttpResult>> Handle(Guid id, ChangeSeriesRequest request, Caller caller, HttpRequest http, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<SeriesView>, ProblemHttpResult>>(async tx =>
        {
            var calendars = request.ExclusionCalendarIds?.Distinct().ToArray();
            var file = await SeriesFile.Lock(tx, id, calendars);
            if (file is null) return CommonProblems.Unknown(id);
            var before = file.Series;
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (Answers.Precondition(http, before.Version) is { } stale) return stale;
            if (before.Status != "active") return Problems.SeriesEnded.With();
            if (calendars is { Length: > 0 })
            {
                var usable = await tx.Query<Guid>("select id from event.exclusion_calendar where id = any(@calendars) and (organisation_id = any(@OrganisationPath) or organisation_id = @StationId) order by id for share", new { calendars, before.OrganisationPath, before.StationId });
                foreach (var calendar in calendars)
                    if (!usable.Contains(calendar)) return await tx.Unknown("event.exclusion_calendar", calendar);
            }

            var plan = before.Plan;
            var startsAt = request.StartsAt ?? before.StartsAt;
            var endsAt = request.EndsAt ?? startsAt.AddMinutes(plan.Minutes);
            plan = plan with
            {
                Venue = request.Venue is { } v ? new(v.Name, v.Address, v.District, v.Latitude, v.Longitude) : plan.Venue, Minutes = (int)(endsAt - startsAt).TotalMinutes, SlotMinutes = request.SlotMinutes ?? plan.SlotMinutes,
                CapacityPerSlot = request.CapacityPerSlot ?? plan.CapacityPerSlot, WalkInPerSlot = request.WalkInPerSlot ?? plan.WalkInPerSlot, Procedures = request.Procedures ?? plan.Procedures,
                Visibility = request.Visibility ?? plan.Visibility, Theme = request.Theme ?? plan.Theme, SiteId = request.SiteId ?? plan.SiteId, VehicleId = request.VehicleId ?? plan.VehicleId, Staff = request.Staff ?? plan.Staff,
            };
            // The first day of a running series may lie in the past; a new one may not.
            if (new DrivePlan(startsAt, endsAt, plan.SlotMinutes, plan.Procedures).Faults(false, request.StartsAt is null && startsAt < tx.Now ? startsAt : tx.Now) is { } impossible) return impossible.ToProblem();
            if (Recurrence.Parse(request.Rrule ?? before.Rrule, out var unreadable) is not { } rule) return unreadable!.ToProblem();
            var days = rule.DaysFrom(startsAt, out var unusable);
            if (unusable is not null) return unusable.ToProblem();

            var horizon = SeriesFile.Horizon(days[^1], request.HorizonDays ?? before.HorizonDays, tx.Now);
            var after = before with
            {
                Version = before.Version + 1, Rrule = (request.Rrule ?? before.Rrule).Trim(), StartsAt = startsAt, Drive = JsonSerializer.Serialize(plan, Json.Options), HorizonDays = request.HorizonDays ?? before.HorizonDays,
                CalendarIds = calendars ?? before.CalendarIds, ExcludedDates = request.ExcludedDates is { } dates ? [.. dates.Distinct().Order().Select(d => d.ToString("O"))] : before.ExcludedDates,
                LastDay = days[^1], PlannedThrough = horizon > before.PlannedThrough ? horizon : before.PlannedThrough, Replan = false,
                // What an organiser changes is the station's to approve.
                OpenDaysAhead = caller.Is(Roles.Organiser) || request.OpenDaysAhead == 0 ? null : request.OpenDaysAhead ?? before.OpenDaysAhead,
            };
            if (request.OpenDaysAhead is > 0 && !caller.Is(Roles.Station))
                return CommonProblems.Invalid.With("A station opens drives", new FieldError("/openDaysAhead", "not_standing", "Only a station's own series"));
            if (after.OpenDaysAhead is not null && after.StandingForbidden(await SiteRow.FactsOf(tx, plan.SiteId, plan.VehicleId), Shanghai.DateOf(tx.Now)) is { } notStanding) return notStanding.ToProblem();
            tx.Write("""
                update event.drive_series set version = @Version, rrule = @Rrule, starts_at = @StartsAt, drive = @Drive::jsonb, horizon_days = @HorizonDays, calendar_ids = @CalendarIds, excluded_dates = @ExcludedDates::date[],
                    last_day = @LastDay, planned_through = @PlannedThrough, replan = false, open_days_ahead = @OpenDaysAhead, changed_at = @now where id = @Id
                """, new { after.Id, after.Version, after.Rrule, after.StartsAt, after.Drive, after.HorizonDays, after.CalendarIds, after.ExcludedDates, after.LastDay, after.PlannedThrough, after.OpenDaysAhead, now = tx.Now });
            var planned = file.Follow(tx, after, days, changed: after.Drive != JsonSerializer.Serialize(before.Plan, Json.Options) || startsAt != before.StartsAt);
            tx.Audit("drive-series.change", $"drive-series/{id}", new { planned = planned.Count });
            return Answers.Ok(after.Version, after.ViewFor(caller, planned));
        }, ct);
}
