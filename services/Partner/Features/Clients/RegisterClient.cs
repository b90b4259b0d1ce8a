using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Partner;
using BloodPlatform.Partners.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.Clients;

/// <param name="TenantId">The organisation it acts for; for every role but authority and admin.</param>
/// <param name="Districts">GB/T 2260 codes; for authority.</param>
/// <param name="Scopes">A part of the role's scopes; all of them when left out.</param>
public sealed record RegisterClientRequest(
    [property: StringLength(80, MinimumLength = 1)] string Name,
    [property: AllowedValues("station", "organiser", "app", "hospital", "authority", "admin")] string Role,
    Guid? TenantId = null,
    [property: MaxLength(100)] string[]? Districts = null,
    [property: MaxLength(100)] string[]? Scopes = null);

/// <summary>POST /v1/clients</summary>
public static class RegisterClient
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/clients", Handle)
        .Allow("clients", Roles.Admin).Creates()
        .WithSummary("Registers a program; its secret is shown once");

    private static async Task<Results<Made<ClientView>, ProblemHttpResult>> Handle(RegisterClientRequest request, Database db, Vault vault, CancellationToken ct)
    {
        var (scopes, rejection) = Registration.Check(request.Role, request.TenantId, request.Districts, request.Scopes);
        if (rejection is not null) return rejection.ToProblem();

        var secret = ClientSecret.New();
        var result = await db.InTransaction<Results<Made<ClientView>, ProblemHttpResult>>(async tx =>
        {
            if (request.TenantId is { } tenant)
            {
                var kind = await tx.QuerySingle<string>("select kind from partner.organisation where id = @tenant for share", new { tenant });
                if (kind is null) return CommonProblems.Unknown(tenant);
                if (!Registration.Fits(request.Role, kind)) return Problems.TenantKindMismatch.With($"The organisation is a {kind}", new FieldError("/tenantId", "kind", $"A client of role {request.Role} needs another kind of organisation"));
            }
            var id = tx.NewId();
            var row = new ClientRow(id, 1, request.Name, request.Role, request.TenantId, [.. (request.Districts ?? []).Distinct()], [.. scopes], "active", tx.Now, null, null);
            Add(tx, vault, row, secret, bootstrap: false);
            return Answers.Created($"/v1/clients/{id}", 1, row.View());
        }, ct);
        // The answer that is stored for a replay is the one above: the secret is added on its only way out.
        return result.Result is Made<ClientView> { Value: { } made } ? Answers.Created($"/v1/clients/{made.Id}", 1, made with { ClientSecret = secret }) : result;
    }

    /// <summary>Queues the client's row, its event and its audit entry.</summary>
    internal static void Add(Transaction tx, Vault vault, ClientRow row, string secret, bool bootstrap)
    {
        tx.Write("""
            insert into partner.client (id, version, name, role, tenant_id, districts, scopes, secret_hash, status, bootstrap, created_at)
            values (@Id, 1, @Name, @Role, @TenantId, @Districts, @Scopes, @hash, 'active', @bootstrap, @CreatedAt)
            """, new { row.Id, row.Name, row.Role, row.TenantId, row.Districts, row.Scopes, hash = ClientSecret.Hash(vault, row.Id, secret), bootstrap, row.CreatedAt });
        tx.Append(new ClientRegistered
        {
            Key = row.Id.ToString(), Version = 1, OccurredAt = row.CreatedAt, StationId = row.Role == Roles.Station ? row.TenantId : null,
            ClientId = row.Id.ToString(), Role = row.Role, TenantId = row.TenantId, Districts = row.Districts,
        });
        tx.Audit("client.register", $"client/{row.Id}", new { row.Role, row.TenantId, row.Districts, row.Scopes });
    }
}
