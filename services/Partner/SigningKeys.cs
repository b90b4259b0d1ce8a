using System.Security.Claims;
using System.Security.Cryptography;
using BloodPlatform.Chassis;
using Dapper;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

namespace BloodPlatform.Partners;

/// <summary>
/// The key pair that signs the platform's tokens. It is made at the first start and kept sealed in the database, so that every
/// replica signs with the same key and a restart changes nothing; two replicas that start together are settled by a unique
/// index. Retired keys stay in the published set until the last token they signed has expired.
/// </summary>
public sealed class SigningKeys(NpgsqlDataSource source, Vault vault, IConfiguration configuration, ILogger<SigningKeys> log)
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMinutes(1);
    // Expiry is the machine's time: a sandbox that moves business time must not move it.
    private readonly TimeProvider clock = TimeProvider.System;
    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly SemaphoreSlim gate = new(1);
    private volatile Loaded? loaded;

    /// <summary>The token's `iss`, and the address under which the key set is published.</summary>
    public string Issuer { get; } = configuration["Platform:Issuer"] ?? "http://localhost:8080";

    /// <summary>A signed JWT.</summary>
    /// <param name="type">RFC 9068's `at+jwt` for access tokens.</param>
    public async Task<(string Token, DateTimeOffset ExpiresAt)> Sign(string audience, string type, TimeSpan lasts, IEnumerable<Claim> claims, CancellationToken ct)
    {
        var (key, now) = ((await Load(ct)).Current, clock.GetUtcNow());
        var token = handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer, Audience = audience, TokenType = type, SigningCredentials = new SigningCredentials(key, SecurityAlgorithms.RsaSha256),
            Subject = new ClaimsIdentity(claims.Append(new Claim(JwtRegisteredClaimNames.Jti, Ids.New(clock).ToString()))),
            IssuedAt = now.UtcDateTime, NotBefore = now.UtcDateTime, Expires = (now + lasts).UtcDateTime,
        });
        return (token, now + lasts);
    }

    /// <summary>The public halves, as RFC 7517 prints them.</summary>
    public async Task<IReadOnlyList<PublicKey>> Published(CancellationToken ct) => (await Load(ct)).Published;

    private async Task<Loaded> Load(CancellationToken ct)
    {
        if (loaded is { } fresh && clock.GetElapsedTime(fresh.At) < LookAgainAfter) return fresh;
        await gate.WaitAsync(ct);
        try
        {
            if (loaded is { } other && clock.GetElapsedTime(other.At) < LookAgainAfter) return other;
            return loaded = await Read(ct);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException && loaded is { } old)
        {
            log.LogWarning("Signing keys not read again ({Reason}); those known stay in use", e.GetType().Name);
            return loaded = old with { At = clock.GetTimestamp() };
        }
        finally { gate.Release(); }
    }

    private async Task<Loaded> Read(CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        var rows = await Rows(connection, ct);
        if (!rows.Any(r => r.Status == "current"))
        {
            await Create(connection, ct);
            rows = await Rows(connection, ct);
        }
        var current = rows.Single(r => r.Status == "current");
        var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(vault.OpenSecret(current.PrivateKey, "signing-key/" + current.Kid), out _);
        return new Loaded(new RsaSecurityKey(rsa) { KeyId = current.Kid },
            [.. rows.Select(r => new PublicKey("RSA", "sig", "RS256", r.Kid, Base64UrlEncoder.Encode(r.Modulus), Base64UrlEncoder.Encode(r.Exponent)))], clock.GetTimestamp());
    }

    private static async Task<List<KeyRow>> Rows(NpgsqlConnection connection, CancellationToken ct) =>
        (await connection.QueryAsync<KeyRow>(new CommandDefinition("select kid, private_key, modulus, exponent, status from partner.signing_key order by created_at desc", cancellationToken: ct))).AsList();

    private async Task Create(NpgsqlConnection connection, CancellationToken ct)
    {
        using var rsa = RSA.Create(2048);
        var @public = rsa.ExportParameters(false);
        var kid = Ids.New(clock).ToString();
        var made = await connection.ExecuteAsync(new CommandDefinition("""
            insert into partner.signing_key (kid, private_key, modulus, exponent, status, created_at) values (@kid, @key, @Modulus, @Exponent, 'current', @now)
            on conflict (status) where status = 'current' do nothing
            """, new { kid, key = vault.SealSecret(rsa.ExportPkcs8PrivateKey(), "signing-key/" + kid), @public.Modulus, @public.Exponent, now = clock.GetUtcNow() }, cancellationToken: ct));
        if (made == 1) log.LogInformation("Made the signing key {Kid}", kid);
    }

    private sealed record Loaded(RsaSecurityKey Current, IReadOnlyList<PublicKey> Published, long At);

    private sealed record KeyRow(string Kid, byte[] PrivateKey, byte[] Modulus, byte[] Exponent, string Status);
}

/// <summary>A public signing key (RFC 7517, 7518 §6.3).</summary>
public sealed record PublicKey(string Kty, string Use, string Alg, string Kid, string N, string E);
