using System.Text.Json.Nodes;
using BloodPlatform.Demo;
using Dapper;
using Npgsql;

namespace BloodPlatform.Bench;

/// <summary>
/// Prepares rate × seconds walk-in donors up to the running needle, ends the collections at the asked rate and reads, per DIN, the time from
/// Donor's commit to Recognition's: PostgreSQL's own commit timestamps (deploy/up has track_commit_timestamp on), no clock of ours. Ten
/// seconds of the same come first and are not counted: services just started still compile.
/// </summary>
internal static class CollectionToCredit
{
    private const int WarmUpSeconds = 10;

    public static async Task<double[]> Measure(Api api, string superuser, int rate, int seconds)
    {
        var uncounted = rate * WarmUpSeconds;
        var count = uncounted + rate * seconds;
        var run = "bench-" + TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var questionnaire = await api.Get("station", "/v1/questionnaires/current");
        var dins = new List<string>();
        for (var i = 0; dins.Count < count; i++)
            dins.AddRange((await api.Send(HttpMethod.Post, "station", "/v1/din-blocks", new { count = Math.Min(1000, count - dins.Count) }, $"{run}-dins-{i}")).Body["dins"]!.AsArray().Select(d => (string)d!));

        Console.WriteLine($"preparing {count} donors up to the running needle");
        var visits = new string[count];
        var offset = (int)(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() % 900_000);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 12 }, async (i, _) => visits[i] = await UntilNeedle(api, questionnaire, $"{run}-{i}", offset + i, dins[i]));

        Console.WriteLine($"ending {uncounted} collections at {rate}/s to warm up, and {count - uncounted} that count");
        await Pace.At(rate, uncounted, Finish);
        await Pace.At(rate, count - uncounted, i => Finish(uncounted + i));

        async Task Finish(int i) => await api.Send(HttpMethod.Post, "station", $"/v1/visits/{visits[i]}/collection/finish",
            new { collectedMl = 400, endedAt = TimeProvider.System.GetUtcNow(), outcome = "completed" }, $"{run}-{i}-finish", api.Credentials.With("phlebotomist"));

        await using var database = new NpgsqlConnection(superuser);
        var deadline = TimeProvider.System.GetUtcNow().AddSeconds(60);
        while (await database.ExecuteScalarAsync<long>("select count(*) from recognition.credit where din = any(@dins)", new { dins = dins.ToArray() }) < count)
        {
            if (TimeProvider.System.GetUtcNow() > deadline) throw new TimeoutException("Not every collection was credited within 60 s");
            await Task.Delay(100);
        }
        return [.. await database.QueryAsync<double>("""
            select extract(epoch from pg_xact_commit_timestamp(c.xmin) - pg_xact_commit_timestamp(d.xmin))::float8 * 1000
            from donor.donation d join recognition.credit c on c.din = d.din where d.din = any(@counted) order by 1
            """, new { counted = dins.Skip(uncounted).ToArray() })];
    }

    private static async Task<string> UntilNeedle(Api api, JsonNode questionnaire, string key, int number, string din)
    {
        var person = People.Of((char)('丁' + (number / 900 % 40)), number % 900, new(1980, 1, 1), new(2004, 12, 31), "O+");
        // The demo's people are a few hundred; a load needs thousands, told apart by a passport of their own.
        var donor = (string)(await api.Send(HttpMethod.Post, "station", "/v1/donors", new
        {
            name = person.Name, document = new { kind = "passport", number = "B" + key.ToUpperInvariant().Replace("BENCH-", "", StringComparison.Ordinal).Replace('-', 'X') }, sex = person.Sex, birthDate = "1990-06-01", phone = "126" + number.ToString("D8", null), consents = new[] { "registration" },
        }, key + "-donor")).Body["id"]!;
        var visit = (string)(await Step("/v1/visits", "visit", "registrar", new { donorId = donor, collectionPoint = "bench", identityCheck = new { kind = "passport", method = "manual", outcome = "match" } }))!["id"]!;
        await Step($"/v1/visits/{visit}/consent", "consent", "registrar", new { accepted = true });
        await Step($"/v1/visits/{visit}/hygiene", "hygiene", "registrar", new { handsWashed = true });
        await Step($"/v1/visits/{visit}/vitals", "vitals", "registrar", new { temperatureC = 36.5, systolic = 118, diastolic = 74, pulse = 72, weightKg = 66.5 });
        await Step($"/v1/visits/{visit}/consultation", "consultation", "physician", new
        {
            questionnaire = new { code = (string?)questionnaire["code"], version = (string?)questionnaire["version"] }, fitToDonate = true,
            answers = questionnaire["questions"]!.AsArray().ToDictionary(q => (string)q!["code"]!, q => (string)q!["defersOn"]! == "yes" ? "no" : "yes"),
        });
        await Step($"/v1/visits/{visit}/pretest", "pretest", "physician", new { haemoglobin = new { method = "meter", valueGl = 146 }, bloodGroup = "O+", altPass = true, hbsagPass = true });
        await Step($"/v1/visits/{visit}/collection/start", "start", "phlebotomist", new
        {
            din, procedure = "whole-blood", nominalMl = 400, arm = "left", startedAt = TimeProvider.System.GetUtcNow(), bagScan = din, sampleTubeScans = new[] { din },
            bag = new { catalogue = "Q-400", lot = "BENCH", expiresOn = "2099-01-01", preservative = "CPDA-1" },
        });
        return visit;

        async Task<JsonNode> Step(string path, string step, string function, object body) => (await api.Send(HttpMethod.Post, "station", path, body, $"{key}-{step}", api.Credentials.With(function))).Body;
    }
}
