using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Stock;

/// <param name="Site">Where the place stands; null where nobody has said where the bags are, and in a hospital.</param>
/// <param name="LeftHours">The band: what is left of their life is at most this, hours; null: more. 0: nothing.</param>
/// <param name="Free">Of them: released, without holds, promised to nobody, in date; in a hospital: received, without holds, in date.</param>
public sealed record ShelfItem(string? Site, string? Place, string Component, string? BloodGroup, int? LeftHours, int Bags, int Free, decimal ContentU);

/// <summary>GET /v1/stock/shelf: what is there, by site, place, component, group and how long it still lives: the station's bags, or those that the hospital was given and has not used.</summary>
public static class GetShelf
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/stock/shelf", Handle).Allow("inventory", Roles.Station, Roles.Hospital).WithSummary("Bags by site, place, component, group and remaining life");

    private static async Task<Ok<ShelfItem[]>> Handle(string? site, string? component, string? bloodGroup, Caller caller, Database db, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return TypedResults.Ok((await db.Query<Row>("""
            select p.site, s.place, u.component, u.blood_group, b.hours as left_hours, count(*)::int as bags, coalesce(sum(coalesce(u.content_u, u.treatment_units)), 0) as content_u,
                   count(*) filter (where u.status in ('available', 'received') and u.open_holds = 0 and u.expires_at >= @now)::int as free
            from inventory.unit u left join inventory.unit_stay s on s.unit_id = u.id and s.until is null left join inventory.storage_place p on p.station_id = s.station_id and p.code = s.place
            left join lateral (select h.hours from unnest(@bands) h(hours) where u.expires_at <= @now + h.hours * interval '1 hour' order by h.hours limit 1) b on true
            where case when @hospital then u.hospital_id = @Tenant and u.status in ('issued', 'received') else u.station_id = @Tenant and u.status in ('quarantine', 'available', 'reserved', 'expired', 'returned') end
              and (@site::text is null or p.site = @site) and (@component::text is null or u.component = @component) and (@bloodGroup::text is null or u.blood_group = @bloodGroup)
            group by 1, 2, 3, 4, 5 order by 1 nulls last, 2 nulls last, 3, 4 nulls last, 5 nulls last
            """, new { caller.Tenant, hospital = caller.Is(Roles.Hospital), site, component, bloodGroup, now, bands = (int[])[0, .. Parameters.StockOn(Shanghai.DateOf(now)).BandsHours] }, ct))
            .Select(r => new ShelfItem(r.Site, r.Place, r.Component, r.BloodGroup, r.LeftHours, r.Bags, r.Free, r.ContentU)).ToArray());
    }

    private sealed record Row
    {
        public string? Site { get; init; }
        public string? Place { get; init; }
        public string Component { get; init; } = "";
        public string? BloodGroup { get; init; }
        public int? LeftHours { get; init; }
        public int Bags { get; init; }
        public int Free { get; init; }
        public decimal ContentU { get; init; }
    }
}
