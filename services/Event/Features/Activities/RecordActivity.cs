using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Organisations;
using BloodPlatform.Drives.Features.Drives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Activities;

/// <summary>
/// Outreach of one kind on one day. At least one of `reach` (persons), `hours` (person-hours of those who did it) and `items` (letters,
/// gifts, banners) is said; what nobody counted stays unknown and is not zero.
/// </summary>
public sealed record RecordActivityRequest(
    Guid OrganisationId,
    [property: AllowedValues("letter", "sms", "door-to-door", "newspaper", "television", "radio", "bus", "new-media", "banner", "flash-mob", "training", "class-meeting", "league-day", "party-class", "gift", "student-outreach", "role-model", "meeting", "volunteering", "other")] string Kind,
    DateOnly HeldOn,
    [property: StringLength(80, MinimumLength = 1)] string Title,
    [property: Range(0, 10_000_000)] int? Reach = null,
    bool ReachEstimated = false,
    [property: Range(typeof(decimal), "0", "100000")] decimal? Hours = null,
    [property: Range(0, 10_000_000)] int? Items = null,
    Guid? DriveId = null);

/// <summary>POST /v1/activities: letters, SMS, door to door, media, bus columns, training, gifts, student outreach (source text B: one log for all).</summary>
public static class RecordActivity
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/activities", Handle)
        .Allow("organisations", Roles.Station, Roles.Organiser, Roles.Authority).Creates()
        .WithSummary("Records outreach of an organisation");

    private static Task<Results<Made<ActivityView>, ProblemHttpResult>> Handle(RecordActivityRequest request, Caller caller, Database db, CancellationToken ct) =>
        db.InTransaction<Results<Made<ActivityView>, ProblemHttpResult>>(async tx =>
        {
            var (organisation, drive) = await tx.Read($"""
                select path, district, event.stations_of(district) as stations from event.organisation where id = @OrganisationId;
                {DriveRow.ById}
                """, new { request.OrganisationId, id = request.DriveId }, async grid => (await grid.ReadSingleOrDefaultAsync<Doer>(), await grid.ReadSingleOrDefaultAsync<DriveRow>()));
            if (organisation is null) return CommonProblems.Unknown(request.OrganisationId);
            if (!OrganisationRow.IsManagedBy(caller, organisation.Path, organisation.District, organisation.Stations)) return CommonProblems.NotFound.With();
            if (request.DriveId is { } unknown && drive is null) return CommonProblems.Unknown(unknown);
            if (drive is not null && !drive.IsReadableBy(caller)) return CommonProblems.NotFound.With(); // a draft is nobody's but its organiser's
            if (request.HeldOn > Shanghai.DateOf(tx.Now) || request.HeldOn < new DateOnly(1998, 10, 1)) return CommonProblems.Invalid.With("What has happened is recorded", new FieldError("/heldOn", "not_in_the_past", "Between the Blood Donation Law (1998-10-01) and today"));
            if (request is { Reach: null, Hours: null, Items: null }) return CommonProblems.Invalid.With("Nothing is counted", new FieldError("/reach", "required", "reach, hours or items"));

            var activity = new ActivityRow
            {
                Id = tx.NewId(), Version = 1, OrganisationId = request.OrganisationId, Path = organisation.Path, District = organisation.District, Kind = request.Kind, HeldOn = request.HeldOn, Title = request.Title,
                Reach = request.Reach, ReachEstimated = request.ReachEstimated, Hours = request.Hours, Items = request.Items, DriveId = request.DriveId, RecordedAt = tx.Now,
            };
            tx.Write("""
                insert into event.activity (id, version, organisation_id, kind, held_on, title, reach, reach_estimated, hours, items, drive_id, recorded_at)
                values (@Id, @Version, @OrganisationId, @Kind, @HeldOn, @Title, @Reach, @ReachEstimated, @Hours, @Items, @DriveId, @RecordedAt)
                """, activity);
            tx.Audit("activity.record", $"activity/{activity.Id}");
            return Answers.Created($"/v1/activities/{activity.Id}", 1, activity.View);
        }, ct);

    private sealed record Doer(Guid[] Path, string District, Guid[] Stations);
}
