using System.Text.Json.Serialization;
using BloodPlatform.Chassis;
using BloodPlatform.Partners.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.OAuth;

/// <summary>OpenID Connect Discovery 1.0 §3, as much of it as a resource server and a client of client credentials need.</summary>
public sealed record DiscoveryDocument(
    string Issuer,
    [property: JsonPropertyName("token_endpoint")] string TokenEndpoint,
    [property: JsonPropertyName("jwks_uri")] string JwksUri,
    [property: JsonPropertyName("grant_types_supported")] string[] GrantTypes,
    [property: JsonPropertyName("response_types_supported")] string[] ResponseTypes,
    [property: JsonPropertyName("token_endpoint_auth_methods_supported")] string[] AuthMethods,
    [property: JsonPropertyName("scopes_supported")] IReadOnlyList<string> Scopes,
    [property: JsonPropertyName("subject_types_supported")] string[] SubjectTypes,
    [property: JsonPropertyName("id_token_signing_alg_values_supported")] string[] Algorithms);

/// <summary>RFC 7517 §5.</summary>
public sealed record KeySetDocument(IReadOnlyList<PublicKey> Keys);

/// <summary>GET /.well-known/openid-configuration and /.well-known/jwks.json</summary>
public static class PublishKeys
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/.well-known/openid-configuration", Discovery).Public().WithSummary("Where tokens are issued and keys published");
        app.MapGet("/.well-known/jwks.json", Keys).Public().WithSummary("The public keys that tokens are verified with");
    }

    private static Ok<DiscoveryDocument> Discovery(HttpContext http, SigningKeys keys)
    {
        http.Response.Headers.CacheControl = "public, max-age=300";
        var issuer = keys.Issuer.TrimEnd('/');
        return TypedResults.Ok(new DiscoveryDocument(keys.Issuer, issuer + "/oauth/token", issuer + "/.well-known/jwks.json",
            ["client_credentials"], ["none"], ["client_secret_post", "client_secret_basic"], Rules.Scopes.All, ["public"], ["RS256"]));
    }

    private static async Task<Ok<KeySetDocument>> Keys(HttpContext http, SigningKeys keys, CancellationToken ct)
    {
        var published = await keys.Published(ct);
        http.Response.Headers.CacheControl = "public, max-age=60";
        return TypedResults.Ok(new KeySetDocument(published));
    }
}
