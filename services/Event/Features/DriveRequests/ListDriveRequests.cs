using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.DriveRequests;

/// <summary>GET /v1/drive-requests?status=: an organiser's own; a station's, and those to whichever station serves its district.</summary>
public static class ListDriveRequests
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drive-requests", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("Requests for drives, oldest first");

    private static async Task<Ok<Page<DriveRequestView>>> Handle(string? status, int? limit, Guid? cursor, Caller caller, Database db, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var rows = await db.Query<DriveRequestRow>(DriveRequestRow.Select + """
             where (@cursor::uuid is null or r.id > @cursor)
               and (@status::text is null or @status = case when (r.status = 'offered' and r.offered_until <= @now) or (r.status = 'asked' and r.last_wish < @today) then 'expired' else r.status end)
               and ((@role = 'organiser' and o.path @> array[@tenant]::uuid[]) or @role = 'admin'
                    or (@role = 'station' and (r.station_id = @tenant or (r.station_id is null and @tenant = any(event.stations_of(r.district)))))
                    or (@role = 'authority' and exists (select from unnest(@districts::text[]) a where r.district like regexp_replace(a, '(00)+$', '') || '%')))
            order by r.id limit @rows
            """, new { status, cursor, now, today = Shanghai.DateOf(now), role = caller.Role, tenant = caller.TenantId ?? Guid.Empty, districts = caller.Districts.ToArray(), rows = Answers.Limit(limit) + 1 }, ct);
        return TypedResults.Ok(Page<DriveRequestView>.From(rows.ConvertAll(r => r.ViewFor(caller, now)), Answers.Limit(limit), r => r.Id.ToString()));
    }
}
