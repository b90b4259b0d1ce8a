using System.Text.Json;

namespace BloodPlatform.Demo;

/// <summary>
/// deploy/demo: plays six parts through the public API and compares what was sent with what each service counts. Exit code 0: all agree; 1: two
/// disagree, or the platform refused something; 2: it could not begin.
/// </summary>
public static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is not [var file, var directory])
        {
            await Console.Error.WriteLineAsync("usage: dotnet Demo.dll .run/credentials.json .run/demo");
            return 2;
        }
        var started = TimeProvider.System.GetTimestamp();
        void Say(string what) => Console.WriteLine($"{TimeProvider.System.GetElapsedTime(started).TotalSeconds,5:0.0} s  {what}");
        try
        {
            var credentials = Credentials.Read(file);
            // One journal for each platform: another database knows nothing of what this one was sent.
            using var journal = new Journal(Path.Combine(directory, credentials.Organisations["station"] + ".journal"));
            using var api = new Api(credentials, journal);
            if (journal.Count > 0) Say($"{journal.Count:#,0} answers of an earlier run stand in {directory}: those requests are not sent again");
            var agrees = await Play(api, Say);
            Say($"{api.Sent:#,0} requests sent; {(agrees ? "all agree" : "NOT all agree: see ≠")}");
            return agrees ? 0 : 1;
        }
        catch (Exception e) when (e is IOException or JsonException or KeyNotFoundException && e is not HttpRequestException)
        {
            await Console.Error.WriteLineAsync($"\ndeploy/demo: {e.Message}");
            return 2;
        }
        catch (Exception e) when (e is Refused or InvalidOperationException or TimeoutException or HttpRequestException)
        {
            await Console.Error.WriteLineAsync($"\ndeploy/demo: {e.Message}");
            return 1;
        }
    }

    private static async Task<bool> Play(Api api, Action<string> say)
    {
        var university = await University.Play(api, say);
        var office = await GovernmentOffice.Play(api, say);
        var figures = await ReportedFigures.Play(api, say);
        var today = await LivingDay.Play(api, say);
        var afterwards = await Afterwards.Play(api, say);
        var appeal = await Appeal.Play(api, say);

        say("Reading back what each service counts");
        var feed = new Feed(api);
        Reckoning[] drives = [new(api, feed, university), new(api, feed, office), new(api, feed, today.Drive)];
        PlayedDrive[] played = [university, office, today.Drive];
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            await feed.ReadOn();
            foreach (var drive in drives) await drive.Read();
            var table = new Table();
            for (var i = 0; i < drives.Length; i++) table.Add(played[i].Title, drives[i] == drives[^1] ? [.. drives[i].Rows(), .. await today.Rows(drives[i], feed)] : drives[i].Rows());
            table.Add("Afterwards", await afterwards.Rows(feed));
            table.Add("An appeal", await appeal.Rows(feed));
            table.Add("Reported figures", figures);
            if (!table.Agrees && TimeProvider.System.GetElapsedTime(started) < Eventually.Patience) { await Task.Delay(250); continue; }
            Console.WriteLine();
            Console.WriteLine(table);
            Console.WriteLine(Next(api, today));
            return table.Agrees;
        }
    }

    private static string Next(Api api, LivingDay today)
    {
        var url = api.Credentials.BaseUrl;
        return $$"""
            A dot is a service that does not know of it. Try next, as the station:
              eval "$(sed -n '/"station": {/,/}/s/.*"\(client[A-Za-z]*\)": "\([^"]*\)".*/\1=\2/p' .run/credentials.json)"
              TOKEN=$(curl -s {{url}}/oauth/token -d grant_type=client_credentials -d client_id=$clientId -d client_secret=$clientSecret | sed 's/.*"access_token":"\([^"]*\).*/\1/')
              curl -s {{url}}/v1/traces/{{today.TransfusedDin}} -H "authorization: Bearer $TOKEN"      from vein to vein
              curl -s {{url}}/v1/drives/{{today.Drive.Id}}/results -H "authorization: Bearer $TOKEN"
              curl -s {{url}}/v1/stock -H "authorization: Bearer $TOKEN"
              curl -s '{{url}}/v1/statistics?by=district&year=2023' -H "authorization: Bearer $TOKEN"
              curl -s '{{url}}/v1/events?limit=5' -H "authorization: Bearer $TOKEN"

            """;
    }
}
