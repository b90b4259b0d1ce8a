using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.TestSupport;

/// <summary>An answer as a test reads it.</summary>
public sealed record Answer(int Status, JsonElement Body, HttpResponseMessage Response)
{
    /// <summary>The problem's stable code; null when it is none.</summary>
    public string? Code => Body.ValueKind == JsonValueKind.Object && Body.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.String ? code.GetString() : null;

    public JsonElement this[string property] => Body.GetProperty(property);

    public string Text(string property) => Body.GetProperty(property).GetString()!;

    public Guid Id => Body.GetProperty("id").GetGuid();

    public override string ToString() => $"{Status} {Body}";
}

/// <summary>Calls with JSON, read whole.</summary>
public static class Calls
{
    public static Task<Answer> Get(this HttpClient http, string path) => Send(http, HttpMethod.Get, path, null, null);

    /// <summary>A POST; an Idempotency-Key is sent when given.</summary>
    public static Task<Answer> Post(this HttpClient http, string path, object? body = null, string? key = null) => Send(http, HttpMethod.Post, path, body ?? new { }, key);

    public static Task<Answer> Put(this HttpClient http, string path, object body, string? ifMatch = null) => Send(http, HttpMethod.Put, path, body, null, ifMatch);

    public static Task<Answer> Patch(this HttpClient http, string path, object body, string? ifMatch = null) => Send(http, HttpMethod.Patch, path, body, null, ifMatch);

    /// <summary>A POST that changes what another resource's version stands for.</summary>
    public static Task<Answer> PostIfMatch(this HttpClient http, string path, object body, string? ifMatch) => Send(http, HttpMethod.Post, path, body, null, ifMatch);

    public static Task<Answer> Delete(this HttpClient http, string path) => Send(http, HttpMethod.Delete, path, null, null);

    public static Task<Answer> PostRaw(this HttpClient http, string path, string json) => Read(http, new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") });

    public static Task<Answer> PutBytes(this HttpClient http, string path, byte[] body, string mediaType) => Read(http, new HttpRequestMessage(HttpMethod.Put, path) { Content = new ByteArrayContent(body) { Headers = { ContentType = new(mediaType) } } });

    private static Task<Answer> Send(HttpClient http, HttpMethod method, string path, object? body, string? key, string? ifMatch = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = JsonContent.Create(body, body.GetType(), options: Json.Options);
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return Read(http, request);
    }

    private static async Task<Answer> Read(HttpClient http, HttpRequestMessage request)
    {
        var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new Answer((int)response.StatusCode, text.Length == 0 || response.Content.Headers.ContentType?.MediaType?.Contains("json", StringComparison.Ordinal) != true ? default : JsonDocument.Parse(text).RootElement, response);
    }
}
