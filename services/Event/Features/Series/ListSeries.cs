using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Series;

/// <summary>GET /v1/drive-series?organisationId=&amp;status=</summary>
public static class ListSeries
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/drive-series", Handle)
        .Allow("drives", Roles.Station, Roles.Organiser, Roles.Authority, Roles.Admin)
        .WithSummary("One's own series, oldest first");

    private static async Task<Ok<Page<SeriesView>>> Handle(Guid? organisationId, string? status, int? limit, Guid? cursor, Caller caller, Database db, CancellationToken ct)
    {
        var rows = await db.Query<SeriesRow>(SeriesRow.Select + """
             where (@organisationId::uuid is null or s.organisation_id = @organisationId) and (@status::text is null or s.status = @status) and (@cursor::uuid is null or s.id > @cursor)
               and ((@role = 'station' and s.station_id = @tenant) or (@role = 'organiser' and o.path @> array[@tenant]::uuid[]) or @role = 'admin'
                    or (@role = 'authority' and exists (select from unnest(@districts::text[]) a where s.drive -> 'venue' ->> 'district' like regexp_replace(a, '(00)+$', '') || '%')))
            order by s.id limit @rows
            """, new { organisationId, status, cursor, role = caller.Role, tenant = caller.TenantId ?? Guid.Empty, districts = caller.Districts.ToArray(), rows = Answers.Limit(limit) + 1 }, ct);
        return TypedResults.Ok(Page<SeriesView>.From(rows.ConvertAll(r => r.ViewFor(caller)), Answers.Limit(limit), s => s.Id.ToString()));
    }
}
