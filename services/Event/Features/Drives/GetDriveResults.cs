using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Figures;
using BloodPlatform.Drives.Features.Organisations;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <summary>
/// What a drive brought, for the station: `booked` are bookings not cancelled (arrived and missed ones included), `checkedIn` visits,
/// `walkIns` those of them without a booking, `byChannel` bookings, `collectedByChannel` collections by their booking's channel, `byNominalMl`
/// collections of whole blood. `late` is what became known after the drive was closed, and is in the other numbers.
/// </summary>
public sealed record DriveResultsView(Guid DriveId, string Status, int Booked, int CheckedIn, int WalkIns, int Deferred, int Abandoned, int Missed, int Collected, long VolumeMl, int TreatmentUnits,
    IReadOnlyDictionary<string, int> ByNominalMl, IReadOnlyDictionary<string, int> ByChannel, int FirstTime,
    IReadOnlyDictionary<string, int> CollectedByChannel, DateTimeOffset? ClosedAt, LateResults? Late);

/// <summary>What visits and corrections that became known later have changed, and since when; a number may be below zero.</summary>
public sealed record LateResults(DateTimeOffset Since, DateTimeOffset Last, int CheckedIn, int Deferred, int Collected, long VolumeMl, int TreatmentUnits, int FirstTime);

/// <summary>
/// What an organiser may know: sign-ups and attendance live; what was collected only after closing and from 5 up, and since when it is not
/// any more what it was at the closing. Who was deferred, or how many, never. `byChannel`: bookings not cancelled, by the channel that each came through; which code
/// brings people is for those to know who run the drive and hand out its codes, so it is null for host and co-organisers. It counts sign-ups as `signedUp` does
/// and says of nobody that he gave: neither collections nor deferrals are told by channel, not even from 5 up.
/// </summary>
public sealed record OrganiserResultsView(Guid DriveId, string Status, int SignedUp, int Attended, int? Collected, long? VolumeMl, DateTimeOffset? ChangedSince, IReadOnlyDictionary<string, int>? ByChannel);

/// <summary>GET /v1/drives/{id}/results?format=, as they are now. As CSV a line for each number, the same as in JSON; those of `late` only where something became known later.</summary>
public static class GetDriveResults
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drives/{id:guid}/results", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Results of a drive");

    private static async Task<Results<Ok<DriveResultsView>, Ok<OrganiserResultsView>, CsvAnswer, ProblemHttpResult>> Handle(Guid id, string? format, Caller caller, Database db, CancellationToken ct)
    {
        if (CsvAnswer.Refuses(format) is { } unknown) return unknown;
        var drive = await db.QuerySingle<DriveRow>(DriveRow.ById, new { id }, ct);
        if (drive is null) return CommonProblems.Unknown(id);
        if (!drive.IsManagedBy(caller) && !drive.IsFollowedBy(caller)) return CommonProblems.NotFound.With();
        var n = (await db.QuerySingle<CountRow>("""
            select b.*, coalesce(v.visits, 0) as checked_in, coalesce(v.walk_ins, 0) as walk_ins, coalesce(v.deferred, 0) as deferred, coalesce(v.abandoned, 0) as abandoned, c.*, l.*,
                   (select coalesce(jsonb_object_agg(nominal_ml, n), '{}')::text from (select nominal_ml, sum(donations) as n from event.collected where drive_id = @id and nominal_ml is not null group by 1 having sum(donations) > 0) x) as by_nominal_ml,
                   (select coalesce(jsonb_object_agg(channel, n), '{}')::text from (select channel, sum(donations) as n from event.collected where drive_id = @id group by 1 having sum(donations) > 0) x) as collected_by_channel,
                   (select coalesce(jsonb_object_agg(channel, n), '{}')::text from (select channel, count(*) as n from event.appointment where drive_id = @id and status <> 'cancelled' group by 1) x) as by_channel
            from (select count(*)::int as booked, count(*) filter (where status = 'missed')::int as missed from event.appointment where drive_id = @id and status <> 'cancelled') b
            left join event.attended v on v.drive_id = @id
            cross join (select coalesce(sum(donations), 0)::int as collected, coalesce(sum(volume_ml), 0)::bigint as volume_ml, coalesce(sum(treatment_units), 0)::int as treatment_units, coalesce(sum(first_time), 0)::int as first_time
                        from event.collected where drive_id = @id) c
            cross join (select min(known_at) as late_since, max(known_at) as late_last, min(known_at) filter (where visits <> 0 or donations <> 0 or volume_ml <> 0) as changed_since,
                               coalesce(sum(visits), 0)::int as late_visits, coalesce(sum(deferred), 0)::int as late_deferred, coalesce(sum(donations), 0)::int as late_donations, coalesce(sum(volume_ml), 0)::bigint as late_ml,
                               coalesce(sum(treatment_units), 0)::int as late_units, coalesce(sum(first_time), 0)::int as late_first
                        from event.late_result where drive_id = @id) l
            """, new { id }, ct))!;
        var shown = drive.Status == "closed" && n.Collected >= GetOrganisationResults.LeastShown;
        var late = n is { LateSince: { } since, LateLast: { } last } ? new LateResults(since, last, n.LateVisits, n.LateDeferred, n.LateDonations, n.LateMl, n.LateUnits, n.LateFirst) : null;
        var all = new DriveResultsView(id, drive.Status, n.Booked, n.CheckedIn, n.WalkIns, n.Deferred, n.Abandoned, n.Missed, n.Collected, n.VolumeMl, n.TreatmentUnits,
            JsonSerializer.Deserialize<Dictionary<string, int>>(n.ByNominalMl)!, JsonSerializer.Deserialize<Dictionary<string, int>>(n.ByChannel)!, n.FirstTime,
            JsonSerializer.Deserialize<Dictionary<string, int>>(n.CollectedByChannel)!, drive.ClosedAt, late);
        var organisers = new OrganiserResultsView(id, drive.Status, n.Booked, n.CheckedIn, shown ? n.Collected : null, shown ? n.VolumeMl : null, shown ? n.ChangedSince : null, drive.IsManagedBy(caller) ? all.ByChannel : null);
        if (format != "csv") return caller.Is(Roles.Organiser) ? TypedResults.Ok(organisers) : TypedResults.Ok(all);

        string[] heading = ["driveId", "measure", "of", "value"];
        if (caller.Is(Roles.Organiser))
            return new CsvAnswer($"drive-{id}.csv", heading, [
                Line("status", null, organisers.Status), Line("signedUp", null, organisers.SignedUp), Line("attended", null, organisers.Attended), Line("collected", null, organisers.Collected), Line("volumeMl", null, organisers.VolumeMl),
                Line("changedSince", null, organisers.ChangedSince), .. (organisers.ByChannel ?? new Dictionary<string, int>()).Select(x => Line("byChannel", x.Key, x.Value))]);
        return new CsvAnswer($"drive-{id}.csv", heading, [
            Line("status", null, all.Status), Line("booked", null, all.Booked), Line("checkedIn", null, all.CheckedIn), Line("walkIns", null, all.WalkIns), Line("deferred", null, all.Deferred), Line("abandoned", null, all.Abandoned), Line("missed", null, all.Missed),
            Line("collected", null, all.Collected), Line("volumeMl", null, all.VolumeMl), Line("treatmentUnits", null, all.TreatmentUnits), Line("firstTime", null, all.FirstTime),
            .. all.ByNominalMl.Select(x => Line("byNominalMl", x.Key, x.Value)), .. all.ByChannel.Select(x => Line("byChannel", x.Key, x.Value)), .. all.CollectedByChannel.Select(x => Line("collectedByChannel", x.Key, x.Value)),
            Line("closedAt", null, all.ClosedAt),
            .. late is null ? Array.Empty<object?[]>() : [
                Line("lateSince", null, late.Since), Line("lateLast", null, late.Last), Line("lateCheckedIn", null, late.CheckedIn), Line("lateDeferred", null, late.Deferred), Line("lateCollected", null, late.Collected),
                Line("lateVolumeMl", null, late.VolumeMl), Line("lateTreatmentUnits", null, late.TreatmentUnits), Line("lateFirstTime", null, late.FirstTime)]]);

        object?[] Line(string measure, string? of, object? value) => [id, measure, of, value];
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
        public required string CollectedByChannel { get; init; }
        public DateTimeOffset? LateSince { get; init; }
        public DateTimeOffset? LateLast { get; init; }
        public DateTimeOffset? ChangedSince { get; init; }
        public int LateVisits { get; init; }
        public int LateDeferred { get; init; }
        public int LateDonations { get; init; }
        public long LateMl { get; init; }
        public int LateUnits { get; init; }
        public int LateFirst { get; init; }
    }
}
