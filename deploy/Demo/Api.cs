using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BloodPlatform.Demo;

/// <summary>.run/credentials.json, as deploy/up writes it: one client for each role, the staff of the station.</summary>
public sealed record Credentials(string BaseUrl, Dictionary<string, Client> Clients, Staff[] Staff, Dictionary<string, string> Organisations)
{
    /// <exception cref="JsonException">The file is not what deploy/up writes.</exception>
    public static Credentials Read(string file) =>
        JsonSerializer.Deserialize<Credentials>(File.ReadAllText(file), JsonSerializerOptions.Web) ?? throw new JsonException($"{file} is empty");

    /// <summary>The number of a member of staff who has the function; two have `release`, two `quality`.</summary>
    public string With(string function, int which = 0) => Staff.Where(s => s.Functions.Contains(function)).ElementAt(which).StaffNumber;
}

public sealed record Client(string ClientId, string ClientSecret);

public sealed record Staff(string StaffNumber, string Pin, string[] Functions);

/// <summary>The platform said no; its code says why.</summary>
[SuppressMessage("Design", "CA1032", Justification = "Thrown here only")]
public sealed class Refused(string what, int status, string? code, string body) : Exception($"{what} answered {status} {code}: {body}")
{
    public int Status => status;

    public string? Code => code;

    public JsonNode? Problem => JsonNode.Parse(body);
}

/// <summary>What came back.</summary>
public sealed record Answer(int Status, JsonNode Body, string? Tag);

/// <summary>
/// The public API: a token for each role, a session for each member of staff, both renewed before they end. What may succeed a moment
/// later (the services learn of each other a few milliseconds late; one may be restarting) is sent again until the patience is over.
/// </summary>
public sealed class Api(Credentials credentials, Journal journal, TimeSpan? patience = null) : IDisposable
{
    private readonly ConcurrentDictionary<string, (string Token, DateTimeOffset Until)> tokens = new();
    private readonly SemaphoreSlim signingIn = new(1);
    private readonly HttpClient http = new(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(50) }) { BaseAddress = new Uri(credentials.BaseUrl), Timeout = TimeSpan.FromSeconds(20) };

    public Credentials Credentials => credentials;

    /// <summary>How long a request is sent again.</summary>
    public TimeSpan Patience { get; } = patience ?? TimeSpan.FromSeconds(30);

    public Journal Journal => journal;

    /// <summary>How many requests were really sent.</summary>
    public int Sent => sent;

    private int sent;

    public async Task<JsonNode> Get(string role, string path) => (await Send(HttpMethod.Get, role, path)).Body;

    /// <summary>All items of a list.</summary>
    public async Task<List<JsonNode>> List(string role, string path)
    {
        var items = new List<JsonNode>();
        for (string? cursor = null; ;)
        {
            var page = await Get(role, $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit=1000{(cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor))}");
            items.AddRange(page["items"]!.AsArray().Select(item => item!));
            cursor = (string?)page["next"];
            if (cursor is null) return items;
        }
    }

    /// <summary>
    /// A POST that happens once, however often the program is run: its key is the Idempotency-Key, and the answered id is kept
    /// (the answer's `id`, or what <paramref name="keep"/> takes from it).
    /// </summary>
    /// <param name="expect">The `status` that the answer must bear.</param>
    public async Task<string> Once(string key, string role, string path, object body, string? staff = null, string? expect = null, Func<JsonNode, string>? keep = null)
    {
        if (journal.Find(key) is { } known) return known;
        var answer = (await Send(HttpMethod.Post, role, path, body, key, staff)).Body;
        if (expect is not null && (string?)answer["status"] != expect) throw new InvalidOperationException($"POST {path}: {expect} was expected, it is {answer["status"]}: {answer.ToJsonString()}");
        var id = keep is null ? (string?)answer["id"] ?? "done" : keep(answer);
        journal.Add(key, id);
        return id;
    }

    /// <summary>Asks for something that must be refused, and answers the problem.</summary>
    public async Task<JsonNode> Refusal(string role, string path, object body, string key, string? staff = null)
    {
        try { await Send(HttpMethod.Post, role, path, body, key, staff); }
        catch (Refused no) { return no.Problem!; }
        throw new InvalidOperationException($"POST {path} was expected to be refused");
    }

    /// <exception cref="Refused">It was refused, or not answered until the patience was over.</exception>
    public async Task<Answer> Send(HttpMethod method, string role, string path, object? body = null, string? key = null, string? staff = null, string? ifMatch = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var (status, text, tag, later) = (0, "", (string?)null, true);
            try
            {
                using var request = new HttpRequestMessage(method, path);
                request.Headers.AcceptLanguage.ParseAdd("en");
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await TokenOf(role));
                if (body is not null) request.Content = JsonContent.Create(body, body.GetType());
                if (key is not null) request.Headers.Add("Idempotency-Key", key);
                if (staff is not null) request.Headers.Add("Acting-Staff", await SessionOf(staff));
                if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
                Interlocked.Increment(ref sent);
                using var response = await http.SendAsync(request);
                text = await response.Content.ReadAsStringAsync();
                (status, tag) = ((int)response.StatusCode, response.Headers.ETag?.ToString());
                if (response.IsSuccessStatusCode) return new Answer(status, text.Length > 0 ? JsonNode.Parse(text)! : new JsonObject(), tag);
                later = status is 429 or 502 or 503 or 504 || response.Headers.RetryAfter is not null || CodeOf(text) == "request_in_progress";
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException) { text = e.Message; } // nobody listens, or the connection broke: the key makes it safe to ask again
            if (!later || TimeProvider.System.GetElapsedTime(started) > Patience) throw new Refused($"{method} {path}", status, CodeOf(text), text);
            await Task.Delay(TimeSpan.FromMilliseconds(200));
        }
    }

    public async Task<string> TokenOf(string role) => await Fresh("token " + role, async () =>
    {
        using var answer = await http.PostAsync("/oauth/token", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials", ["client_id"] = credentials.Clients[role].ClientId, ["client_secret"] = credentials.Clients[role].ClientSecret,
        }));
        answer.EnsureSuccessStatusCode();
        var token = (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
        return ((string)token["access_token"]!, TimeSpan.FromSeconds((int)token["expires_in"]!));
    });

    private async Task<string> SessionOf(string staffNumber) => await Fresh("staff " + staffNumber, async () =>
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/staff/sessions") { Content = JsonContent.Create(new { staffNumber, pin = credentials.Staff.Single(s => s.StaffNumber == staffNumber).Pin }) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens["token station"].Token);
        using var answer = await http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        var session = (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
        return ((string)session["token"]!, session["expiresAt"]!.GetValue<DateTimeOffset>() - TimeProvider.System.GetUtcNow());
    });

    private async Task<string> Fresh(string what, Func<Task<(string Token, TimeSpan Lasts)>> get)
    {
        string? Known() => tokens.TryGetValue(what, out var known) && known.Until > TimeProvider.System.GetUtcNow().AddMinutes(1) ? known.Token : null;
        if (Known() is { } standing) return standing;
        await signingIn.WaitAsync();
        try
        {
            if (Known() is { } meanwhile) return meanwhile;
            var (token, lasts) = await get();
            tokens[what] = (token, TimeProvider.System.GetUtcNow() + lasts);
            return token;
        }
        finally { signingIn.Release(); }
    }

    private static string? CodeOf(string text)
    {
        try { return JsonNode.Parse(text) is JsonObject problem ? (string?)(problem["code"] ?? problem["error"]) : null; }
        catch (JsonException) { return null; } // not one of the platform's answers: shown as it is
    }

    public void Dispose()
    {
        http.Dispose();
        signingIn.Dispose();
    }
}
