using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using BloodPlatform.Chassis;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace BloodPlatform.TestSupport;

/// <summary>Any OpenID provider will do for the services; the tests' own signs what a test needs.</summary>
public sealed class TokenIssuer
{
    public const string Issuer = "http://test-issuer";
    private readonly RsaSecurityKey key = new(RSA.Create(2048)) { KeyId = "test-key" };
    private readonly JsonWebTokenHandler handler = new();

    /// <summary>Every scope there is, for tests that are not about scopes.</summary>
    public const string AllScopes = "donors visits organisations drives appointments statistics inventory orders recognitions clients staff events audit rules";

    /// <summary>Puts the key set where a service looks for its disk copy.</summary>
    public void WriteKeySet(string stateDirectory)
    {
        Directory.CreateDirectory(stateDirectory);
        var jwk = JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(key.Rsa.ExportParameters(false)) { KeyId = key.KeyId });
        File.WriteAllText(Path.Combine(stateDirectory, "signing-keys.json"), JsonSerializer.Serialize(new { keys = new[] { new { kty = jwk.Kty, use = "sig", kid = jwk.Kid, alg = "RS256", n = jwk.N, e = jwk.E } } }));
    }

    public string Client(string role, Guid? tenant, string scopes = AllScopes, string clientId = "test-client", string? districts = null, DateTime? expires = null) => Token(Access.Audience, expires, [
        new("sub", clientId), new("client_id", clientId), new("role", role), new("scope", scopes),
        .. tenant is { } t ? new[] { new Claim("tenant", t.ToString()) } : [], .. districts is null ? Array.Empty<Claim>() : [new Claim("districts", districts)]]);

    public string Staff(Guid tenant, string number, params string[] functions) => Token(Access.StaffAudience, null, [
        new("sub", StaffId(number).ToString()), new("tenant", tenant.ToString()), new("staff_number", number), new("functions", string.Join(' ', functions))]);

    /// <summary>The same number is the same person in all tests.</summary>
    public static Guid StaffId(string number) => new(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(number)).AsSpan(0, 16));

    private string Token(string audience, DateTime? expires, List<Claim> claims) => handler.CreateToken(new SecurityTokenDescriptor
    {
        Issuer = Issuer, Audience = audience, Subject = new ClaimsIdentity(claims), Expires = expires ?? TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(30),
        NotBefore = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-1), IssuedAt = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-1),
        SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.RsaSha256),
    });
}
