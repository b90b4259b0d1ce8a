using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.Clients;

/// <summary>GET /v1/clients/{id} and /v1/clients</summary>
public static class ReadClients
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/clients/{id:guid}", One).Allow("clients", Roles.Admin).WithSummary("One client, without its secret");
        app.MapGet("/v1/clients", List).Allow("clients", Roles.Admin).WithSummary("Clients, oldest first");
    }

    private static async Task<Results<Made<ClientView>, ProblemHttpResult>> One(Guid id, Database db, CancellationToken ct) =>
        await db.QuerySingle<ClientRow>($"select {ClientRow.Columns} from partner.client where id = @id", new { id }, ct) is { } row
            ? Answers.Ok(row.Version, row.View()) : CommonProblems.Unknown(id);

    private static async Task<Ok<Page<ClientView>>> List(Database db, CancellationToken ct, int? limit = null, Guid? cursor = null,
        [AllowedValues("station", "organiser", "app", "hospital", "authority", "admin", null)] string? role = null, Guid? tenantId = null, [AllowedValues("active", "revoked", null)] string? status = null)
    {
        var take = Answers.Limit(limit);
        var rows = await db.Query<ClientRow>($"""
            select {ClientRow.Columns} from partner.client
            where (@cursor::uuid is null or id > @cursor) and (@role::text is null or role = @role) and (@tenantId::uuid is null or tenant_id = @tenantId) and (@status::text is null or status = @status)
            order by id limit @take + 1
            """, new { cursor, role, tenantId, status, take }, ct);
        return TypedResults.Ok(Page<ClientView>.From([.. rows.Select(r => r.View())], take, c => c.ClientId));
    }
}
