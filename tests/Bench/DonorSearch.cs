using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using BloodPlatform.Demo;
using Dapper;
using Npgsql;

namespace BloodPlatform.Bench;

/// <summary>
/// The exact search by document and by telephone among many donors, one request after another, straight at the service and through the gateway, at a quarter of the
/// asked number and at all of it: what is asked is 5 ms at p99 among 500,000, measured at a tenth, with its growth. Each search finds one donor of this run. Two references: a request of
/// the same service that reads one number from the database; and one row committed straight to it, because each search is written down before it is answered, so
/// that no search can be faster than the disk's flush.
/// </summary>
internal static class DonorSearch
{
    private const int Searches = 1000;

    public static async Task<List<(string What, double[] Milliseconds)>> Measure(Api api, string superuser, Uri service, int donors)
    {
        await using var database = new NpgsqlConnection(superuser);
        var results = new List<(string, double[])>();
        using var direct = new HttpClient { BaseAddress = service };
        using var gateway = new HttpClient { BaseAddress = new Uri(api.Credentials.BaseUrl) };
        foreach (var client in new[] { direct, gateway }) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await api.TokenOf("station"));
        foreach (var size in new[] { donors / 4, donors })
        {
            var there = await database.ExecuteScalarAsync<int>("select count(*) from donor.donor");
            var known = Math.Max(Searches, size - there);
            Console.WriteLine($"{there} donors, {known} more are registered");
            var run = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() % 10_000_000_000;
            await Parallel.ForEachAsync(Enumerable.Range(0, known), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) => await api.Send(HttpMethod.Post, "station", "/v1/donors", Person(run, i)));
            await database.ExecuteAsync("analyze donor.donor; analyze donor.document", commandTimeout: 120);
            await Pace.Drained(database);
            results.Add(($"the current questionnaire, {size} donors (reference)", await Time(_ => Answer(gateway, new(HttpMethod.Get, "/v1/questionnaires/current")))));
            await database.ExecuteAsync("create schema if not exists bench; create table if not exists bench.flushed (id int)");
            results.Add(("one row, committed (reference)", await Time(i => database.Execute("insert into bench.flushed values (@i)", new { i }))));
            await database.ExecuteAsync("drop schema bench cascade");
            foreach (var (client, by) in new[] { (direct, "straight"), (gateway, "gateway") })
            {
                results.Add(($"{by}, by document among {size}", await Time(i => Search(client, new { document = new { kind = "passport", number = Passport(run, i * 31 % known) } }))));
                results.Add(($"{by}, by telephone among {size}", await Time(i => Search(client, new { phone = Phone(run, i * 31 % known) }))));
            }
        }
        return results;
    }

    /// <summary>Asked and read by one thread: what a client's own threads wait for each other is not the service's time.</summary>
    private static void Search(HttpClient client, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/donors/search") { Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body)) { Headers = { ContentType = new("application/json") } } };
        var found = Answer(client, request)["items"]!.AsArray();
        if (found.Count != 1) throw new InvalidOperationException($"{found.Count} donors were found where there is one");
    }

    private static JsonNode Answer(HttpClient client, HttpRequestMessage request)
    {
        using var answer = client.Send(request);
        using var text = answer.EnsureSuccessStatusCode().Content.ReadAsStream();
        return JsonNode.Parse(text)!;
    }

    private static async Task<double[]> Time(Action<int> call)
    {
        for (var i = 0; i < 100; i++) call(i);
        var times = new double[Searches];
        for (var i = 0; i < Searches; i++)
        {
            await Task.Delay(1); // a client has a thousand requests a second
            var started = Stopwatch.GetTimestamp();
            call(i);
            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }
        Array.Sort(times);
        return times;
    }

    // Nobody's: numbers of the run, and telephones that begin with 12 as no mobile number in China does.
    private static string Passport(long run, int i) => string.Create(CultureInfo.InvariantCulture, $"B{run:0000000000}{i:000000}");

    private static string Phone(long run, int i) => string.Create(CultureInfo.InvariantCulture, $"12{(run + i) % 1_000_000_000:000000000}");

    private static object Person(long run, int i) => new
    {
        name = string.Create(CultureInfo.InvariantCulture, $"测{i}"), document = new { kind = "passport", number = Passport(run, i) }, phone = Phone(run, i), sex = i % 2 == 0 ? "female" : "male",
        birthDate = new DateOnly(1970, 1, 1).AddDays(i % 12_000), district = "440703", consents = new[] { "registration" },
    };
}
