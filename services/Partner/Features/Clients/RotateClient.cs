using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.Clients;

/// <summary>POST /v1/clients/{id}/rotate: a new secret; the old one stops at once, tokens already issued run out within the hour.</summary>
public static class RotateClient
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/clients/{id:guid}/rotate", Handle)
        .Allow("clients", Roles.Admin)
        .WithSummary("Gives a client a new secret, shown once; the old one stops at once");

    private static async Task<Results<Made<ClientView>, ProblemHttpResult>> Handle(Guid id, Database db, Vault vault, CancellationToken ct)
    {
        var secret = ClientSecret.New();
        var version = 0L;
        var result = await db.InTransaction<Results<Made<ClientView>, ProblemHttpResult>>(async tx =>
        {
            var row = await tx.QuerySingle<ClientRow>($"select {ClientRow.Columns} from partner.client where id = @id for update", new { id });
            if (row is null) return CommonProblems.Unknown(id);
            if (row.Status != "active") return Problems.ClientRevoked.With();
            version = row.Version + 1;
            Rotate(tx, vault, row, secret);
            return Answers.Ok(version, (row with { RotatedAt = tx.Now }).View());
        }, ct);
        return result.Result is Made<ClientView> { Value: { } made } ? Answers.Ok(version, made with { ClientSecret = secret }) : result;
    }

    internal static void Rotate(Transaction tx, Vault vault, ClientRow row, string secret)
    {
        tx.Write("update partner.client set secret_hash = @hash, rotated_at = @now, version = version + 1 where id = @Id",
            new { row.Id, hash = ClientSecret.Hash(vault, row.Id, secret), now = tx.Now });
        tx.Audit("client.rotate", $"client/{row.Id}");
    }
}
