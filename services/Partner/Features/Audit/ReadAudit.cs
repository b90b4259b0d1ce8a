using System.Text.Json;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.Audit;

/// <summary>Who did what with which resource; ids and codes only.</summary>
public sealed record AuditEntryView(Guid Id, DateTimeOffset At, string Service, string ClientId, Guid? TenantId, Guid? StaffId, string Action, string Resource, JsonElement Detail, string? TraceId);

/// <summary>
/// GET /v1/audit, newest first: admin all; an authority the entries whose tenant lies in its districts, nothing that can't be
/// placed. As yet the entries of this service only.
/// </summary>
public static class ReadAudit
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/audit", Handle)
        .Allow("audit", Roles.Admin, Roles.Authority)
        .WithSummary("The audit trail of clients, staff and sign-ins, newest first");

    private static async Task<Ok<Page<AuditEntryView>>> Handle(Caller caller, Database db, CancellationToken ct,
        int? limit = null, Guid? cursor = null, string? action = null, string? resource = null, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        var take = Answers.Limit(limit);
        var rows = await db.Query<Row>("""
            select a.id, a.at, a.client_id, a.tenant_id, a.staff_id, a.action, a.resource, a.detail::text, a.trace_id
            from partner.audit a left join partner.organisation o on o.id = a.tenant_id
            where (@all or o.district = any(@districts)) and (@cursor::uuid is null or a.id < @cursor)
              and (@action::text is null or a.action = @action) and (@resource::text is null or a.resource = @resource)
              and (@from::timestamptz is null or a.at >= @from) and (@to::timestamptz is null or a.at < @to)
            order by a.id desc limit @take + 1
            """, new { all = caller.Is(Roles.Admin), districts = caller.Districts.ToArray(), cursor, action, resource, from, to, take }, ct);
        return TypedResults.Ok(Page<AuditEntryView>.From([.. rows.Select(r => new AuditEntryView(
            r.Id, r.At, "partner", r.ClientId, r.TenantId, r.StaffId, r.Action, r.Resource, JsonElement.Parse(r.Detail), r.TraceId))], take, e => e.Id.ToString()));
    }

    private sealed record Row(Guid Id, DateTimeOffset At, string ClientId, Guid? TenantId, Guid? StaffId, string Action, string Resource, string Detail, string? TraceId);
}
