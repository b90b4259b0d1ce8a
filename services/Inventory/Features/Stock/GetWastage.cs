using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Stock;

/// <param name="Where">`station` or `hospital`: who had the bag.</param>
/// <param name="ReasonCode">Why it was discarded; `expired` too for what has expired and lies there still.</param>
public sealed record WastedItem(string Component, string Where, string ReasonCode, int Bags, decimal ContentU);

/// <param name="Transfused">Bags that reached a patient in the period.</param>
/// <param name="Percent">Wasted of wasted and transfused, one decimal; null where there was neither.</param>
public sealed record WastageView(DateOnly From, DateOnly To, int Wasted, int Transfused, decimal? Percent, WastedItem[] Items);

/// <summary>GET /v1/stock/wastage: bags that reached nobody, by component, reason and who had them: a station's own, or those that the hospital was given. Days of Shanghai.</summary>
public static class GetWastage
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/stock/wastage", Handle).Allow("inventory", Roles.Station, Roles.Hospital).WithSummary("Bags that reached nobody in a period, at most 366 days");

    private static async Task<Results<Ok<WastageView>, ProblemHttpResult>> Handle(DateOnly from, DateOnly to, Caller caller, Database db, CancellationToken ct)
    {
        if (to < from || to.DayNumber - from.DayNumber > 366) return CommonProblems.Invalid.With(null, new FieldError("/to", "invalid", "Not before from, at most 366 days"));
        var rows = await db.Query<Row>("""
            select u.component, case when m.hospital_id is null then 'station' else 'hospital' end as held_by, m.kind, coalesce(m.code, m.kind) as reason_code, count(*)::int as bags, coalesce(sum(coalesce(u.content_u, u.treatment_units)), 0) as content_u
            from inventory.unit_movement m join inventory.unit u on u.id = m.unit_id
            where m.recorded_at >= @start and m.recorded_at < @end and (m.kind in ('discarded', 'transfused') or (m.kind = 'expired' and u.status = 'expired'))
              and case when @hospital then m.hospital_id = @Tenant else u.station_id = @Tenant end
            group by 1, 2, 3, 4 order by 1, 2, 4
            """, new { caller.Tenant, hospital = caller.Is(Roles.Hospital), start = Shanghai.StartOf(from), end = Shanghai.StartOf(to.AddDays(1)) }, ct);
        var wasted = rows.Where(r => r.Kind != "transfused").ToList();
        var (lost, used) = (wasted.Sum(r => r.Bags), rows.Where(r => r.Kind == "transfused").Sum(r => r.Bags));
        return TypedResults.Ok(new WastageView(from, to, lost, used, lost + used == 0 ? null : Math.Round(100m * lost / (lost + used), 1),
            [.. wasted.GroupBy(r => (r.Component, r.HeldBy, r.ReasonCode)).Select(g => new WastedItem(g.Key.Component, g.Key.HeldBy, g.Key.ReasonCode, g.Sum(r => r.Bags), g.Sum(r => r.ContentU)))]));
    }

    private sealed record Row
    {
        public string Component { get; init; } = "";
        public string HeldBy { get; init; } = "";
        public string Kind { get; init; } = "";
        public string ReasonCode { get; init; } = "";
        public int Bags { get; init; }
        public decimal ContentU { get; init; }
    }
}
