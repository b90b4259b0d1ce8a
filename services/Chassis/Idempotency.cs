using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace BloodPlatform.Chassis;

/// <summary>What an endpoint says about Idempotency-Key; without it the key is honoured on every POST and not required.</summary>
public sealed record IdempotencyRule(bool Required, bool Ignored);

/// <summary>A stored answer of an earlier, equal request; sealed, because answers hold personal data.</summary>
internal sealed record StoredAnswer(byte[] Fingerprint, byte[] Answer)
{
    public const string ByKey = "select fingerprint, answer from {schema}.idempotency where client_id = @__client and key = @__key";
}

/// <summary>Thrown out of the work when the request was answered before; the middleware sends the stored answer.</summary>
public sealed class IdempotentReplay : Exception
{
    internal IdempotentReplay(IdempotentRequest.Recorded? answer) => Answer = answer;

    /// <summary>Null when the key was used for another request.</summary>
    internal IdempotentRequest.Recorded? Answer { get; }
}

/// <summary>
/// An Idempotency-Key with the HMAC of method, path and body. The answer is stored sealed in the effect's own transaction and
/// kept 7 days per client; a rejection is not stored. A twin waits on the row lock or on the key itself and replays.
/// </summary>
public sealed class IdempotentRequest
{
    private readonly Vault vault;
    private readonly HttpContext http;

    private IdempotentRequest(Vault vault, HttpContext http, string clientId, string key, byte[] fingerprint) =>
        (this.vault, this.http, ClientId, Key, Fingerprint) = (vault, http, clientId, key, fingerprint);

    internal sealed record Recorded(int Status, Dictionary<string, string> Headers, byte[] Body);

    public string ClientId { get; }

    public string Key { get; }

    public byte[] Fingerprint { get; }

    internal static async Task<IdempotentRequest> Read(HttpContext http, Vault vault, string clientId, string key)
    {
        http.Request.EnableBuffering(bufferThreshold: 16 * 1024 * 1024 + 1); // in memory: a body holds personal data and must not reach a temporary file
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, vault.RequestKey);
        hmac.AppendData(Encoding.UTF8.GetBytes($"{http.Request.Method}\n{http.Request.Path}{http.Request.QueryString}\n"));
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            for (int read; (read = await http.Request.Body.ReadAsync(buffer, http.RequestAborted)) > 0;) hmac.AppendData(buffer, 0, read);
        }
        finally { ArrayPool<byte>.Shared.Return(buffer); }
        http.Request.Body.Position = 0;
        return new IdempotentRequest(vault, http, clientId, key, hmac.GetHashAndReset());
    }

    /// <summary>Runs the answer against a context of its own to learn its bytes, before the commit.</summary>
    internal async Task<byte[]> Capture(IResult answer)
    {
        using var body = new MemoryStream();
        var copy = new DefaultHttpContext { RequestServices = http.RequestServices };
        copy.Request.Method = http.Request.Method;
        copy.Request.Scheme = http.Request.Scheme;
        copy.Request.Host = http.Request.Host;
        copy.Request.Path = http.Request.Path;
        copy.Response.Body = body;
        await answer.ExecuteAsync(copy);
        var headers = copy.Response.Headers.Where(h => h.Key is "Content-Type" or "Location" or "ETag").ToDictionary(h => h.Key, h => h.Value.ToString());
        return vault.SealAnswer(JsonSerializer.SerializeToUtf8Bytes(new Recorded(copy.Response.StatusCode, headers, body.ToArray())), $"{ClientId}/{Key}");
    }

    internal Recorded? Open(StoredAnswer stored) => CryptographicOperations.FixedTimeEquals(stored.Fingerprint, Fingerprint)
        ? JsonSerializer.Deserialize<Recorded>(vault.OpenAnswer(stored.Answer, $"{ClientId}/{Key}"))
        : null;
}

/// <summary>Reads the key, and answers replays. Stands behind authorisation: a stranger's key is nobody's business.</summary>
internal sealed class IdempotencyMiddleware(RequestDelegate next)
{
    public async Task Invoke(HttpContext http, Request request, Vault vault)
    {
        var rule = http.GetEndpoint()?.Metadata.GetMetadata<IdempotencyRule>();
        if (!HttpMethods.IsPost(http.Request.Method) || http.GetEndpoint() is null || rule is { Ignored: true } || request.Caller is null) { await next(http); return; }

        var key = http.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length == 0)
        {
            if (rule is { Required: true }) await CommonProblems.IdempotencyKeyRequired.With().ExecuteAsync(http);
            else await next(http);
            return;
        }
        if (key.Length > 255) { await CommonProblems.Malformed.With("Idempotency-Key is at most 255 characters").ExecuteAsync(http); return; }

        request.Idempotency = await IdempotentRequest.Read(http, vault, request.Caller.ClientId, key);
        try { await next(http); }
        catch (IdempotentReplay replay)
        {
            if (replay.Answer is not { } answer) { await CommonProblems.IdempotencyKeyReused.With().ExecuteAsync(http); return; }
            http.Response.StatusCode = answer.Status;
            foreach (var (name, value) in answer.Headers) http.Response.Headers[name] = value;
            http.Response.Headers["Idempotent-Replayed"] = "true";
            await http.Response.Body.WriteAsync(answer.Body, http.RequestAborted);
        }
    }
}
