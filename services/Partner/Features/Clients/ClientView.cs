using System.Security.Cryptography;
using System.Text.Json.Serialization;
using BloodPlatform.Chassis;
using Microsoft.IdentityModel.Tokens;

namespace BloodPlatform.Partners.Features.Clients;

/// <summary>A program that may call the platform. <paramref name="ClientSecret"/> is there only in the answer that made it.</summary>
public sealed record ClientView(Guid Id, string ClientId, string Name, string Role, Guid? TenantId, string[] Districts, string[] Scopes, string Status,
    DateTimeOffset CreatedAt, DateTimeOffset? RotatedAt, DateTimeOffset? RevokedAt, string[] AllowedActions,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ClientSecret = null);

/// <summary>A client as it is stored, without its secret's hash.</summary>
internal sealed record ClientRow(Guid Id, long Version, string Name, string Role, Guid? TenantId, string[] Districts, string[] Scopes, string Status, DateTimeOffset CreatedAt, DateTimeOffset? RotatedAt, DateTimeOffset? RevokedAt)
{
    public const string Columns = "id, version, name, role, tenant_id, districts, scopes, status, created_at, rotated_at, revoked_at";

    public ClientView View() => new(Id, Id.ToString(), Name, Role, TenantId, Districts, Scopes, Status, CreatedAt, RotatedAt, RevokedAt, Status == "active" ? ["rotate", "revoke"] : []);
}

/// <summary>
/// Clients' secrets: 256 random bits, so nothing is gained by hashing them slowly (there is no dictionary to try); a keyed hash is
/// enough, costs microseconds at the token endpoint, and without the key a stolen table can't even be searched for a known secret.
/// </summary>
internal static class ClientSecret
{
    public static string New() => "bp_" + Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32));

    /// <summary>Bound to the client: a hash moved to another row opens nothing.</summary>
    public static byte[] Hash(Vault vault, Guid clientId, string secret) => vault.BlindIndex($"client-secret/{clientId:N}", secret);
}
