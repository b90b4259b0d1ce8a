using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Partner;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.Clients;

/// <summary>POST /v1/clients/{id}/revoke: for good. It gets no more tokens; those it holds run out within the hour.</summary>
public static class RevokeClient
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/clients/{id:guid}/revoke", Handle)
        .Allow("clients", Roles.Admin)
        .WithSummary("Revokes a client for good");

    private static async Task<Results<Made<ClientView>, ProblemHttpResult>> Handle(Guid id, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ClientView>, ProblemHttpResult>>(async tx =>
        {
            var row = await tx.QuerySingle<ClientRow>($"select {ClientRow.Columns} from partner.client where id = @id for update", new { id });
            if (row is null) return CommonProblems.Unknown(id);
            if (row.Status != "active") return Problems.ClientRevoked.With();
            tx.Write("update partner.client set status = 'revoked', revoked_at = @now, version = version + 1 where id = @id", new { id, now = tx.Now });
            tx.Append(new ClientRevoked
            {
                Key = id.ToString(), Version = row.Version + 1, OccurredAt = tx.Now, StationId = row.Role == Roles.Station ? row.TenantId : null,
                ClientId = id.ToString(), Role = row.Role, TenantId = row.TenantId,
            });
            tx.Audit("client.revoke", $"client/{id}");
            return Answers.Ok(row.Version + 1, (row with { Status = "revoked", RevokedAt = tx.Now }).View());
        }, ct);
}
