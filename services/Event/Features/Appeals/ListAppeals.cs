using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Appeals;

/// <summary>
/// GET /v1/appeals?stationId=&amp;status=&amp;bloodGroup=: newest first. A station its own, an authority those of its districts' stations; who speaks to donors (apps,
/// organisers) sees every station's open ones and no figures of stock.
/// </summary>
public static class ListAppeals
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/appeals", List).Allow("drives", Roles.Station, Roles.App, Roles.Organiser, Roles.Authority, Roles.Admin).WithSummary("Appeals and what came of them");
        app.MapGet("/v1/appeals/{id:guid}", One).Allow("drives", Roles.Station, Roles.App, Roles.Organiser, Roles.Authority, Roles.Admin).WithSummary("An appeal: the need, places, and what came of it");
    }

    private const string MayRead = """
        (@role = 'admin' or @role = 'station' and a.station_id = @tenant or @role in ('app', 'organiser') and a.status = 'open'
            or @role = 'authority' and exists (select from event.organisation o, unnest(@districts::text[]) x where o.id = a.station_id and o.district like regexp_replace(x, '(00)+$', '') || '%'))
        """;

    private static Task<Ok<Page<AppealView>>> List(Guid? stationId, string? status, string? bloodGroup, int? limit, Guid? cursor, Caller caller, Database db, CancellationToken ct) => db.InTransaction(async tx =>
    {
        var rows = await tx.Query<AppealRow>($"""
            {AppealRow.Select} where {MayRead} and (@stationId::uuid is null or a.station_id = @stationId) and (@status::text is null or a.status = @status) and (@cursor::uuid is null or a.id < @cursor)
              and (@bloodGroup::text is null or exists (select from event.appeal_group g where g.appeal_id = a.id and g.blood_group = @bloodGroup))
            order by a.id desc limit @rows
            """, new { role = caller.Role, tenant = caller.TenantId, districts = caller.Districts.ToArray(), stationId, status, bloodGroup, cursor, rows = Answers.Limit(limit) + 1 });
        return TypedResults.Ok(Page<AppealView>.From(await Views(tx, rows, caller), Answers.Limit(limit), a => a.Id.ToString()));
    }, ct);

    private static Task<Results<Made<AppealView>, ProblemHttpResult>> One(Guid id, Caller caller, Database db, CancellationToken ct) => db.InTransaction<Results<Made<AppealView>, ProblemHttpResult>>(async tx =>
    {
        var row = await tx.QuerySingle<AppealRow>($"{AppealRow.Select} where a.id = @id and {MayRead}", new { id, role = caller.Role, tenant = caller.TenantId, districts = caller.Districts.ToArray() });
        return row is null ? await tx.Unknown("event.appeal", id) : Answers.Ok(row.Version, (await Views(tx, [row], caller))[0]);
    }, ct);

    private static async Task<List<AppealView>> Views(Transaction tx, List<AppealRow> rows, Caller caller)
    {
        var effects = await Reach.Effects(tx, rows.Select(r => r.Id));
        var views = new List<AppealView>();
        foreach (var row in rows)
        {
            if (row.Status == "closed") { views.Add(row.ViewFor(caller, [], effects[row.Id], null)); continue; }
            var reach = await Reach.Of(tx, row.StationId, row.Procedure, row.Districts, row.Until);
            views.Add(row.ViewFor(caller, reach.Drives, effects[row.Id], Reach.Schedule(row.Needed.Bookings - effects[row.Id].Booked, reach)));
        }
        return views;
    }
}
