using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Stock;

/// <param name="Available">Bags that may be allocated: released, without holds, in date.</param>
/// <param name="AvailableU">Their 200 ml equivalents; for platelets their treatment units.</param>
/// <param name="Held">Bags in quarantine or stock with an open hold.</param>
/// <param name="DaysOfCover">Null when nothing was issued in the demand window.</param>
public sealed record StockItem(string Component, string BloodGroup, int Available, decimal AvailableU, int Reserved, int Quarantine, int Held, decimal? DaysOfCover, string Level);

public sealed record StockView(StockItem[] Items, DateTimeOffset AsOf, string Rules);

/// <summary>GET /v1/stock: the station's own; hospitals read any station's, or all together.</summary>
public static class GetStock
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/stock", Handle).Allow("inventory", Roles.Station, Roles.Hospital).WithSummary("Stock by component and group, and how long it lasts");

    private static async Task<Ok<StockView>> Handle(Guid? stationId, Caller caller, Database db, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var rules = Parameters.StockOn(Shanghai.DateOf(now));
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
            """, new { now, since = now.AddDays(-rules.DemandDays), station = caller.Is(Roles.Station) ? caller.Tenant : stationId }, ct);
        return TypedResults.Ok(new StockView([.. rows.Select(r =>
        {
            var days = StockCover.Days(r.Available, r.Issued, rules.DemandDays);
            return new StockItem(r.Component, r.BloodGroup, r.Available, r.AvailableU, r.Reserved, r.Quarantine, r.Held, days, StockCover.Level(rules, r.Component, days));
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
