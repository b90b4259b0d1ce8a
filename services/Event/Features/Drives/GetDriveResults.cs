using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>
/// What a drive brought, for the station: `booked` are bookings not cancelled (arrived and missed ones included), `checkedIn` visits,
/// `walkIns` those of them without a booking, `byChannel` bookings, `byNominalMl` collections of whole blood.
/// </summary>
public sealed record DriveResultsView(Guid DriveId, string Status, int Booked, int CheckedIn, int WalkIns, int Deferred, int Abandoned, int Missed, int Collected, long VolumeMl, int TreatmentUnits,
    IReadOnlyDictionary<string, int> ByNominalMl, IReadOnlyDictionary<string, int> ByChannel, int FirstTime);

/// <summary>
/// What an organiser may know: sign-ups and attendance live; what was collected only after closing and from 5 up. Who was
/// deferred, or how many, never.
/// </summary>
public sealed record OrganiserResultsView(Guid DriveId, string Status, int SignedUp, int Attended, int? Collected, long? VolumeMl);

/// <summary>GET /v1/drives/{id}/results, counted from the rows as they are now.</summary>
public static class GetDriveResults
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives/{id:guid}/results", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Results of a drive");

    private static async Task<Results<Ok<DriveResultsView>, Ok<OrganiserResultsView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct)
    {
        var drive = await db.QuerySingle<DriveRow>(DriveRow.ById, new { id }, ct);
        if (drive is null) return CommonProblems.Unknown(id);
        if (!drive.IsManagedBy(caller) && !drive.IsFollowedBy(caller)) return CommonProblems.NotFound.With();
        var n = (await db.QuerySingle<CountRow>("""
            select b.*, v.*, c.*,
                   (select coalesce(jsonb_object_agg(nominal_ml, n), '{}')::text from (select nominal_ml, count(*) as n from event.donation where drive_id = @id and nominal_ml is not null and not voided group by 1) x) as by_nominal_ml,
                   (select coalesce(jsonb_object_agg(channel, n), '{}')::text from (select channel, count(*) as n from event.appointment where drive_id = @id and status <> 'cancelled' group by 1) x) as by_channel
            from (select count(*)::int as booked, count(*) filter (where status = 'missed')::int as missed from event.appointment where drive_id = @id and status <> 'cancelled') b,
                 (select count(*)::int as checked_in, count(*) filter (where appointment_id is null)::int as walk_ins,
                         count(*) filter (where outcome = 'deferred')::int as deferred, count(*) filter (where outcome = 'abandoned')::int as abandoned
                  from event.visit where drive_id = @id) v,
                 (select count(*)::int as collected, coalesce(sum(collected_ml), 0)::bigint as volume_ml, coalesce(sum(treatment_units), 0)::int as treatment_units,
                         count(*) filter (where first_time)::int as first_time
                  from event.donation where drive_id = @id and not voided) c
            """, new { id }, ct))!;
        if (!caller.Is(Roles.Organiser))
            return TypedResults.Ok(new DriveResultsView(id, drive.Status, n.Booked, n.CheckedIn, n.WalkIns, n.Deferred, n.Abandoned, n.Missed, n.Collected, n.VolumeMl, n.TreatmentUnits,
                JsonSerializer.Deserialize<Dictionary<string, int>>(n.ByNominalMl)!, JsonSerializer.Deserialize<Dictionary<string, int>>(n.ByChannel)!, n.FirstTime));
        var shown = drive.Status == "closed" && n.Collected >= GetOrganisationResults.LeastShown;
        return TypedResults.Ok(new OrganiserResultsView(id, drive.Status, n.Booked, n.CheckedIn, shown ? n.Collected : null, shown ? n.VolumeMl : null));
    }

    private sealed record CountRow
    {
        public int Booked { get; init; }
        public int Missed { get; init; }
        public int CheckedIn { get; init; }
        public int WalkIns { get; init; }
        public int Deferred { get; init; }
        public int Abandoned { get; init; }
        public int Collected { get; init; }
        public long VolumeMl { get; init; }
        public int TreatmentUnits { get; init; }
        public int FirstTime { get; init; }
        public required string ByNominalMl { get; init; }
        public required string ByChannel { get; init; }
    }
}
