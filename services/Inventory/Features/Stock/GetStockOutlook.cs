using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Stock;

/// <param name="Need">`enough`, `welcome` or `urgent`: of the components that come of it, the one that is shortest.</param>
/// <param name="Since">The Shanghai date of the last change; null where nothing was short yet.</param>
public sealed record OutlookItem(string Procedure, string BloodGroup, string Need, DateOnly? Since);

public sealed record StockOutlookView(Guid StationId, OutlookItem[] Items);

/// <summary>
/// GET /v1/stock/outlook?stationId=: how stocks are, for everybody who thinks of giving. Coarse by intention: no bags, no days, and a step only where a level was crossed
/// (<see cref="WatchStock"/>), so that nobody reads a hospital's orders from it.
/// </summary>
public static class GetStockOutlook
{
    private static readonly string[] BloodGroups = ["O+", "O-", "A+", "A-", "B+", "B-", "AB+", "AB-"];

    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/stock/outlook", Handle).Public().WithSummary("How a station's stocks are, in three words");

    private static async Task<Results<Ok<StockOutlookView>, ProblemHttpResult>> Handle(Guid stationId, HttpContext http, Database db, TimeProvider clock, CancellationToken ct)
    {
        var rows = await db.Query<Row>("select component, blood_group, level, changed_at from inventory.stock_level where station_id = @stationId", new { stationId }, ct);
        if (rows.Count == 0 && !await db.QuerySingle<bool>("select exists (select from inventory.din_block where station_id = @stationId)", new { stationId }, ct)) return CommonProblems.Unknown(stationId);
        var given = Parameters.ComponentsOn(Shanghai.DateOf(clock.GetUtcNow())).Components.ToDictionary(c => c.Component, c => c.Procedure);
        var levels = rows.ToLookup(r => (given[r.Component], r.BloodGroup));
        http.Response.Headers.CacheControl = "public, max-age=300";
        return TypedResults.Ok(new StockOutlookView(stationId, [.. from procedure in given.Values.Distinct() from bloodGroup in BloodGroups
            let of = levels[(procedure, bloodGroup)].ToArray()
            let last = of.Length == 0 ? (DateTimeOffset?)null : of.Max(r => r.ChangedAt)
            select new OutlookItem(procedure, bloodGroup, StockCover.Need(of.Select(r => r.Level)), last is { } at ? Shanghai.DateOf(at) : null)]));
    }

    private sealed record Row(string Component, string BloodGroup, string Level, DateTimeOffset ChangedAt);
}
