using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BloodPlatform.Sandbox;

/// <summary>
/// Fills a fresh platform with what somebody needs to try it: four organisations, a client for each role, five members of staff.
/// Through the public API only, as any operator would; the bootstrap client comes on standard input.
/// Run again it finds what it made (its requests bear the same Idempotency-Keys) and gives it new secrets and PINs.
/// </summary>
public static class Program
{
    private static readonly string[] Districts = ["440703", "440704", "440705", "440781", "440783", "440784", "440785"]; // Jiangmen, GB/T 2260

    // In the order in which .run/credentials.json prints them.
    private static readonly (string Key, string Name, string Kind)[] Organisations =
    [
        ("station", "沙盒中心血站", "blood-station"), ("university", "沙盒大学", "university"), ("hospital", "沙盒人民医院", "hospital"), ("app", "沙盒献血小程序", "partner-app"),
    ];

    private static readonly (string Role, string? Organisation)[] Clients =
        [("station", "station"), ("organiser", "university"), ("app", "app"), ("hospital", "hospital"), ("authority", null), ("admin", null)];

    private static readonly (string Number, string Name, string[] Functions)[] Staff =
    [
        ("S001", "甲沙盒", ["registrar", "physician", "phlebotomist", "laboratory", "processing", "issue", "claims"]),
        ("S002", "乙沙盒", ["release"]), ("S003", "丙沙盒", ["release"]), ("S004", "丁沙盒", ["quality"]), ("S005", "戊沙盒", ["quality"]),
    ];

    public static async Task<int> Main(string[] args)
    {
        if (Option(args, "--base-url") is not { } baseUrl || Option(args, "--out") is not { } file)
        {
            await Console.Error.WriteLineAsync("usage: dotnet Partner.dll bootstrap | dotnet Sandbox.dll --base-url http://localhost:8080 --out .run/credentials.json");
            return 2;
        }
        try
        {
            var bootstrap = JsonNode.Parse(await Console.In.ReadToEndAsync()) ?? throw new JsonException("nothing came from bootstrap");
            using var api = new Api(baseUrl);
            await api.SignIn(bootstrap["clientId"]!.GetValue<string>(), bootstrap["clientSecret"]!.GetValue<string>());
            var credentials = await Fill(api, baseUrl);
            await WritePrivately(file, credentials.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n");
            return 0;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException or Refused or UriFormatException)
        {
            await Console.Error.WriteLineAsync($"sandbox: {e.Message}");
            return 1;
        }
    }

    private static async Task<JsonObject> Fill(Api api, string baseUrl)
    {
        var organisations = new JsonObject();
        foreach (var (key, name, kind) in Organisations)
        {
            var made = await api.Post("/v1/organisations", new { name, kind, district = "440703", coordinator = new { name = "己沙盒", phone = "13900000000" } }, "sandbox-organisation-" + key);
            organisations[key] = made["id"]!.GetValue<string>();
        }

        var clients = new JsonObject();
        foreach (var (role, organisation) in Clients)
        {
            var made = await api.Post("/v1/clients", new { name = "sandbox " + role, role, tenantId = organisation is null ? null : organisations[organisation]!.GetValue<string>(), districts = role == "authority" ? Districts : null }, "sandbox-client-" + role);
            // A replayed answer bears no secret: then it is there already, and gets another one.
            if (made["clientSecret"] is null) made = await api.Post($"/v1/clients/{made["id"]}/rotate", new { });
            clients[role] = new JsonObject { ["clientId"] = made["clientId"]!.GetValue<string>(), ["clientSecret"] = made["clientSecret"]!.GetValue<string>() };
        }

        var staff = new JsonArray();
        foreach (var (number, name, functions) in Staff)
        {
            var pin = RandomNumberGenerator.GetInt32(1_000_000).ToString("D6", CultureInfo.InvariantCulture);
            var qualifiedUntil = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime).AddYears(2);
            var station = organisations["station"]!.GetValue<string>();
            try { await api.Post("/v1/staff", new { staffNumber = number, name, functions, qualifiedUntil, pin, tenantId = station }); }
            catch (Refused no) when (no.Code == "staff_number_taken") { await api.ChangePin($"/v1/staff?tenantId={station}&staffNumber={number}", pin); }
            staff.Add(new JsonObject { ["staffNumber"] = number, ["pin"] = pin, ["functions"] = new JsonArray([.. functions.Select(f => (JsonNode)f)]) });
        }
        return new JsonObject { ["baseUrl"] = baseUrl, ["clients"] = clients, ["staff"] = staff, ["organisations"] = organisations };
    }

    /// <summary>Whole or not at all, and readable by its owner only from the first byte on.</summary>
    private static async Task WritePrivately(string file, string text)
    {
        var fresh = file + ".part";
        File.Delete(fresh);
        var mode = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) mode.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var stream = new FileStream(fresh, mode))
        await using (var writer = new StreamWriter(stream)) await writer.WriteAsync(text);
        File.Move(fresh, file, overwrite: true);
    }

    private static string? Option(string[] args, string name) =>
        Array.IndexOf(args, name) is var i && i >= 0 && i + 1 < args.Length ? args[i + 1] : null;
}

/// <summary>The platform said no; its code says why.</summary>
public sealed class Refused(string what, int status, string? code, string body) : Exception($"{what} answered {status} {code}: {body}")
{
    public string? Code => code;
}

/// <summary>The public API with a token; what may succeed a moment later is sent again, at most half a minute.</summary>
internal sealed class Api(string baseUrl) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly HttpClient http = new() { BaseAddress = new Uri(baseUrl), Timeout = TimeSpan.FromSeconds(20) };

    public async Task SignIn(string clientId, string clientSecret)
    {
        var (answer, _) = await Send("POST /oauth/token", () => new HttpRequestMessage(HttpMethod.Post, "/oauth/token")
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = clientId, ["client_secret"] = clientSecret }),
        });
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", answer["access_token"]!.GetValue<string>());
        http.DefaultRequestHeaders.AcceptLanguage.ParseAdd("en");
    }

    public async Task<JsonNode> Post(string path, object body, string? key = null)
    {
        var (answer, _) = await Send("POST " + path, () =>
        {
            var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, body.GetType()) };
            if (key is not null) request.Headers.Add("Idempotency-Key", key);
            return request;
        });
        return answer;
    }

    /// <summary>A new PIN for the one member of staff that a list finds.</summary>
    public async Task ChangePin(string list, string pin)
    {
        var (found, _) = await Send("GET /v1/staff", () => new HttpRequestMessage(HttpMethod.Get, list));
        var path = "/v1/staff/" + found["items"]!.AsArray().Single()!["id"]!.GetValue<string>();
        var (_, tag) = await Send("GET " + path, () => new HttpRequestMessage(HttpMethod.Get, path));
        await Send("PATCH " + path, () =>
        {
            var request = new HttpRequestMessage(HttpMethod.Patch, path) { Content = JsonContent.Create(new { pin }) };
            request.Headers.IfMatch.Add(tag!);
            return request;
        });
    }

    private async Task<(JsonNode Body, EntityTagHeaderValue? Tag)> Send(string what, Func<HttpRequestMessage> make)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            using var request = make();
            using var response = await http.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            if (response.IsSuccessStatusCode) return (JsonNode.Parse(text)!, response.Headers.ETag);
            var code = Code(text);
            // The token is seconds old: a service that does not take it has not fetched the new keys yet.
            var later = (int)response.StatusCode is 429 or 503 || code is "not_yet_visible" or "request_in_progress" or "token_required";
            if (!later || TimeProvider.System.GetElapsedTime(started) > Patience) throw new Refused(what, (int)response.StatusCode, code, text);
            await Task.Delay(TimeSpan.FromMilliseconds(500));
        }
    }

    private static string? Code(string text)
    {
        try { return JsonNode.Parse(text) is JsonObject problem ? (problem["code"] ?? problem["error"])?.GetValue<string>() : null; }
        catch (JsonException) { return null; } // not one of the platform's answers: shown as it is
    }

    public void Dispose() => http.Dispose();
}
