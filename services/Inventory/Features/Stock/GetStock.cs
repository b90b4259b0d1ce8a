using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Stock;

/// <param name="Available">Bags that may be allocated: released, without holds, in date.</param>
/// <param name="AvailableU">Their 200 ml equivalents; for platelets their treatment units.</param>
/// <param name="Held">Bags in quarantine or stock with an open hold.</param>
/// <param name="DaysOfCover">Null when nothing was issued in the demand window.</param>
/// <param name="Thresholds">Days of cover from which the levels hold.</param>
public sealed record StockItem(string Component, string BloodGroup, int Available, decimal AvailableU, int Reserved, int Quarantine, int Held, decimal? DaysOfCover, string Level, ThresholdsInForce Thresholds);

/// <param name="Reference">The document by which an authority approved them (GET /v1/stock-thresholds); null: proposed defaults that nobody approved.</param>
public sealed record ThresholdsInForce(decimal Normal, decimal Blue, decimal Yellow, decimal Orange, string? Reference, DateOnly? ValidFrom);

public sealed record StockView(StockItem[] Items, DateTimeOffset AsOf, string Rules);

/// <summary>GET /v1/stock: the station's own; hospitals read any station's, or all together.</summary>
public static class GetStock
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/stock", Handle).Allow("inventory", Roles.Station, Roles.Hospital).WithSummary("Stock by component and group, and how long it lasts");

    private static async Task<Ok<StockView>> Handle(Guid? stationId, Caller caller, Database db, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var day = Shanghai.DateOf(now);
        var rules = Parameters.StockOn(day);
        var station = caller.Is(Roles.Station) ? caller.Tenant : stationId;
        // Of all stations together nobody approved anything.
        var district = await db.QuerySingle<string>("select s.district from inventory.station s where s.station_id = @station", new { station }, ct);
        var approved = await db.Query<ApprovedThresholds>(ApproveThresholds.Select + " order by t.approved_at, t.id", null, ct);
        var rows = await db.Query<Row>("""
            select u.component, u.blood_group,
                   count(*) filter (where u.status = 'available' and u.open_holds = 0 and u.expires_at >= @now)::int as available,
                   coalesce(sum(coalesce(u.content_u, u.treatment_units)) filter (where u.status = 'available' and u.open_holds = 0 and u.expires_at >= @now), 0) as available_u,
                   count(*) filter (where u.status = 'reserved')::int as reserved,
                   count(*) filter (where u.status = 'quarantine' and u.expires_at >= @now)::int as quarantine,
                   count(*) filter (where u.open_holds > 0 and u.status in ('quarantine', 'available', 'reserved'))::int as held,
                   (select count(*)::int from inventory.unit_movement m join inventory.unit i on i.id = m.unit_id
                     where m.kind = 'issued' and m.recorded_at >= @since and i.component = u.component and i.blood_group = u.blood_group and (@station::uuid is null or i.station_id = @station)) as issued
            from inventory.unit u
            where u.blood_group is not null and u.status in ('quarantine', 'available', 'reserved', 'issued', 'received', 'transfused') and (@station::uuid is null or u.station_id = @station)
            group by u.component, u.blood_group order by u.component, u.blood_group
            """, new { now, since = now.AddDays(-rules.DemandDays), station }, ct);
        return TypedResults.Ok(new StockView([.. rows.Select(r =>
        {
            var days = StockCover.Days(r.Available, r.Issued, rules.DemandDays);
            var (levels, by) = StockCover.For(rules, approved, district, r.Component, r.BloodGroup, day);
            return new StockItem(r.Component, r.BloodGroup, r.Available, r.AvailableU, r.Reserved, r.Quarantine, r.Held, days, StockCover.Level(levels, days), new(levels.Normal, levels.Blue, levels.Yellow, levels.Orange, by?.Reference, by?.ValidFrom));
        })], now, rules.Version));
    }

    private sealed record Row
    {
        public string Component { get; init; } = "";
        public string BloodGroup { get; init; } = "";
        public int Available { get; init; }
        public decimal AvailableU { get; init; }
        public int Reserved { get; init; }
        public int Quarantine { get; init; }
        public int Held { get; init; }
        public int Issued { get; init; }
    }
}
