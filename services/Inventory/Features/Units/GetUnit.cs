using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

/// <summary>GET /v1/units/{id}: the station's own, or one that was issued to the hospital.</summary>
public static class GetUnit
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/units/{id:guid}", Handle).Allow("inventory", Roles.Station, Roles.Hospital).WithSummary("A bag");

    private static async Task<Results<Made<UnitView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, TimeProvider clock, CancellationToken ct) =>
        await db.QuerySingle<UnitRow>($"""
            {UnitRow.Select} where u.id = @id and case when @hospital then u.hospital_id = @Tenant or exists (select from inventory.hospital_order o where o.id = u.order_id and o.hospital_id = @Tenant) else u.station_id = @Tenant end
            """, new { id, caller.Tenant, hospital = caller.Is(Roles.Hospital) }, ct) is { } unit
            ? Answers.Ok(unit.Version, unit.View(clock.GetUtcNow()))
            : await db.Unknown("inventory.unit", id, ct);
}
