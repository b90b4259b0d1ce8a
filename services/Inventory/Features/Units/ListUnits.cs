using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

/// <summary>GET /v1/units: the station's bags, or those issued to the hospital; in the order in which they were made.</summary>
public static class ListUnits
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/units", Handle).Allow("inventory", Roles.Station, Roles.Hospital).WithSummary("Bags by component, group, status, drive or donation");

    private static async Task<Results<Ok<Page<UnitView>>, ProblemHttpResult>> Handle(
        string? component, string? bloodGroup, string? status, Guid? driveId, string? din, int? limit, string? cursor, Caller caller, Database db, TimeProvider clock, CancellationToken ct)
    {
        Guid after = default;
        if (cursor is not null && !Guid.TryParse(cursor, out after)) return CommonProblems.Invalid.With(null, new FieldError("/cursor", "invalid", "Send the next of the page before"));
        var take = Answers.Limit(limit);
        var now = clock.GetUtcNow();
        var rows = await db.Query<UnitRow>($"""
            {UnitRow.Select}
            where (case when @hospital then u.hospital_id = @Tenant else u.station_id = @Tenant end) and u.id > @after
              and (@component::text is null or u.component = @component) and (@bloodGroup::text is null or u.blood_group = @bloodGroup) and (@din::text is null or u.din = @din)
              and (@status::text is null or {UnitRow.ShownStatus} = @status)
              and (@driveId::uuid is null or exists (select from inventory.donation d where d.din = u.din and d.drive_id = @driveId))
            order by u.id limit @take + 1
            """, new { caller.Tenant, hospital = caller.Is(Roles.Hospital), after, component, bloodGroup, din, status, driveId, now, take }, ct);
        var page = Page<UnitRow>.From(rows, take, r => r.Id.ToString());
        return TypedResults.Ok(new Page<UnitView>([.. page.Items.Select(r => r.View(now))], page.Next));
    }
}
