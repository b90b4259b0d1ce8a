using System.Net.Http.Headers;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using BloodPlatform.Chassis;
using BloodPlatform.Partners.Features.Clients;
using BloodPlatform.Partners.Rules;

namespace BloodPlatform.Partners.Features.OAuth;

/// <summary>RFC 6749 §5.1.</summary>
public sealed record TokenResponse(
    [property: JsonPropertyName("access_token")] string AccessToken, [property: JsonPropertyName("token_type")] string TokenType,
    [property: JsonPropertyName("expires_in")] int ExpiresIn, string Scope);

/// <summary>RFC 6749 §5.2: OAuth's own form of an error, which every OAuth client reads; only this endpoint answers it.</summary>
public sealed record TokenError(string Error, [property: JsonPropertyName("error_description")] string ErrorDescription);

/// <summary>POST /oauth/token: client credentials, in the form or by HTTP Basic (RFC 6749 §2.3.1, §4.4).</summary>
public static class IssueToken
{
    private static readonly TimeSpan Lasts = TimeSpan.FromHours(1);

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/oauth/token", Handle).Public().IgnoresIdempotencyKey()
        .Produces<TokenResponse>().Produces<TokenError>(400).Produces<TokenError>(401)
        .WithSummary("An access token for a client").WithDescription("Form: grant_type=client_credentials, client_id, client_secret (or HTTP Basic), scope (optional)");

    private static async Task<IResult> Handle(HttpContext http, Database db, Vault vault, SigningKeys keys, CancellationToken ct)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (!http.Request.HasFormContentType) return Error(400, "invalid_request", "Send application/x-www-form-urlencoded");
        IFormCollection form;
        try { form = await http.Request.ReadFormAsync(ct); }
        catch (InvalidDataException) { return Error(400, "invalid_request", "The form cannot be read"); }
        if (form.Any(field => field.Value.Count > 1)) return Error(400, "invalid_request", "A parameter is given twice");
        string? Field(string name) => form[name] is { Count: 1 } value && value[0] is { Length: > 0 } text ? text : null;

        var (id, secret) = (Field("client_id"), Field("client_secret"));
        if (http.Request.Headers.Authorization.ToString() is { Length: > 0 } authorization)
        {
            if (secret is not null) return Error(400, "invalid_request", "Authenticate in one way, not in two");
            if (Basic(authorization) is not { } basic) return Refused(http, "HTTP Basic is expected");
            if (id is not null && id != basic.Id) return Error(400, "invalid_request", "Two different clients are named");
            (id, secret) = basic;
        }
        var grant = Field("grant_type");
        if (grant is null) return Error(400, "invalid_request", "grant_type is missing");
        if (grant != "client_credentials") return Error(400, "unsupported_grant_type", "Only client_credentials");
        if (id is null || secret is null) return Refused(http, "client_id and client_secret are needed");

        var client = Guid.TryParse(id, out var clientId)
            ? await db.QuerySingle<ClientRow>("select id, role, tenant_id, districts, scopes, secret_hash, status from partner.client where id = @clientId", new { clientId }, ct) : null;
        // Unknown, revoked and wrong look alike, and the hash is compared in every case.
        var right = CryptographicOperations.FixedTimeEquals(ClientSecret.Hash(vault, clientId, secret), client?.SecretHash ?? new byte[32]);
        if (client is null || !right || client.Status != "active") return Refused(http, "The client is unknown, revoked, or its secret is wrong");

        if (Scopes.Grant(client.Scopes, Field("scope")) is not { } granted) return Error(400, "invalid_scope", "This client has: " + string.Join(' ', client.Scopes));
        var scope = string.Join(' ', granted);
        var (token, _) = await keys.Sign(Access.Audience, "at+jwt", Lasts,
        [
            new("sub", client.Id.ToString()), new("client_id", client.Id.ToString()), new("role", client.Role), new("scope", scope),
            .. client.TenantId is { } tenant ? new[] { new Claim("tenant", tenant.ToString()) } : [],
            .. client.Districts.Length > 0 ? new[] { new Claim("districts", string.Join(' ', client.Districts)) } : [],
        ], ct);
        return TypedResults.Json(new TokenResponse(token, "Bearer", (int)Lasts.TotalSeconds, scope), Json.Options);
    }

    /// <summary>Both halves are form-encoded before they are joined (RFC 6749 §2.3.1).</summary>
    private static (string Id, string Secret)? Basic(string header)
    {
        if (!AuthenticationHeaderValue.TryParse(header, out var value) || !"Basic".Equals(value.Scheme, StringComparison.OrdinalIgnoreCase) || value.Parameter is null) return null;
        var decoded = new byte[value.Parameter.Length];
        if (!Convert.TryFromBase64String(value.Parameter, decoded, out var length)) return null;
        var halves = Encoding.UTF8.GetString(decoded, 0, length).Split(':', 2);
        return halves.Length == 2 ? (Uri.UnescapeDataString(halves[0].Replace('+', ' ')), Uri.UnescapeDataString(halves[1].Replace('+', ' '))) : null;
    }

    private static IResult Refused(HttpContext http, string why)
    {
        http.Response.Headers.WWWAuthenticate = "Basic realm=\"blood-platform\"";
        return Error(401, "invalid_client", why);
    }

    private static IResult Error(int status, string error, string description) => TypedResults.Json(new TokenError(error, description), Json.Options, statusCode: status);

    private sealed record ClientRow(Guid Id, string Role, Guid? TenantId, string[] Districts, string[] Scopes, byte[] SecretHash, string Status);
}
