using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.StaffMembers;

/// <summary>GET /v1/staff/{id} and /v1/staff: the tenant's own; for admin all.</summary>
public static class ReadStaff
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/staff/{id:guid}", One).Allow("staff", Roles.Admin, Roles.Station, Roles.Hospital).WithSummary("One member of staff");
        app.MapGet("/v1/staff", List).Allow("staff", Roles.Admin, Roles.Station, Roles.Hospital).WithSummary("Staff, oldest first");
    }

    private static async Task<Results<Made<StaffView>, ProblemHttpResult>> One(Guid id, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.QuerySingle<StaffRow>(StaffRow.Select + " where s.id = @id and (@tenant::uuid is null or s.tenant_id = @tenant)", new { id, tenant = caller.TenantId }, ct) is { } row
            ? Answers.Ok(row.Version, row.View(vault)) : await db.Unknown("partner.staff", id, ct);

    private static async Task<Results<Ok<Page<StaffView>>, ProblemHttpResult>> List(Caller caller, Database db, Vault vault, CancellationToken ct, int? limit = null, Guid? cursor = null, Guid? tenantId = null, string? staffNumber = null)
    {
        if (caller.TenantId is { } own && tenantId is { } other && other != own) return CommonProblems.Unknown(other);
        var take = Answers.Limit(limit);
        var rows = await db.Query<StaffRow>(StaffRow.Select + """

            where (@tenant::uuid is null or s.tenant_id = @tenant) and (@cursor::uuid is null or s.id > @cursor) and (@staffNumber::text is null or s.staff_number = @staffNumber)
            order by s.id limit @take + 1
            """, new { tenant = caller.TenantId ?? tenantId, cursor, staffNumber, take }, ct);
        return TypedResults.Ok(Page<StaffView>.From([.. rows.Select(r => r.View(vault))], take, s => s.Id.ToString()));
    }
}
