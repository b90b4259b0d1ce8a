using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class TestRunImportTests(InventoryService inventory)
{
    private const string Heading = "run_id,instrument,assay,reagent_lot,controls_valid,din,test,round,outcome,value,performed_at,sample_id,pool_id";
    private readonly ServiceUnderTest service = inventory.Service;

    private static string Row(string run, string din, string test, string outcome = "non-reactive", string value = "", string controls = "true", string? at = null, string instrument = "ELISA-1") =>
        $"{run},{instrument},,R1,{controls},{din},{test},,{outcome},{value},{at ?? TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)},,";

    private static string[] Clean(string run, string din) => [.. Station.AllTests.Select(t => Row(run, din, t, value: t == "abo-rhd" ? "A+" : t == "alt" ? "20" : ""))];

    private static async Task<Answer> Send(HttpClient client, IEnumerable<string> rows, string heading = Heading, string type = "text/csv")
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(string.Join('\n', rows.Prepend(heading))));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        var response = await client.PostAsync("/v1/imports/test-runs", content);
        var text = await response.Content.ReadAsStringAsync();
        return new((int)response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement, response);
    }

    private static async Task<Answer> Finished(Station station, Answer started)
    {
        Assert.True(started.Status == 202, started.ToString());
        await Eventually.That(async () => (await station.Client.Get($"/v1/imports/test-runs/{started.Id}")).Text("state") == "succeeded", 60);
        return await station.Client.Get($"/v1/imports/test-runs/{started.Id}");
    }

    private static string[] Refused(Answer import) =>
        [.. import["items"].EnumerateArray().Select(i => $"{i.GetProperty("line").GetInt32()} {i.GetProperty("code").GetString()} {string.Join(' ', i.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("pointer").GetString()))}".TrimEnd())];

    private Task<long> Results(Station station) => service.Database.Scalar<long>("select count(*) from inventory.test_result r join inventory.test_run t on t.id = r.test_run where t.station_id = @Id", new { station.Id });

    [Fact]
    public async Task A_file_is_recorded_run_by_run_and_a_reactive_row_holds()
    {
        var station = new Station(service);
        string[] dins = [await station.Collected(), await station.Collected(), await station.Collected()];
        var import = await Finished(station, await Send(station.Laboratory, [.. Clean("A", dins[0]), .. Clean("B", dins[1]), Row("A", dins[1], "hbsag", "reactive"), Row("C", dins[2], "hbsag", "reactive", controls: "false")]));
        Assert.Equal((20, 0, 20), (import["accepted"].GetInt32(), import["rejected"].GetInt32(), import["progress"].GetProperty("done").GetInt32()));
        Assert.Equal(["non-reactive", "reactive", "pending"], (await Task.WhenAll(dins.Select(station.Donation))).Select(d => d["conclusions"].GetProperty("hbsag").GetString()));
        Assert.Equal(["test"], (await station.Donation(dins[1]))["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()));
        Assert.Equal([("A", 10), ("B", 9), ("C", 1)], await service.Database.Query<(string, int)>("select run_id, accepted from inventory.test_run where station_id = @Id order by run_id", new { station.Id }));
        Assert.Equal("entered_results", (await station.Sign(dins[0], station.As("L1", "laboratory", "release"))).Code); // who sent the file entered what it says
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from inventory.test_run_import_row where import_id = @Id and content is not null", new { import.Id }));
    }

    [Fact]
    public async Task Bad_rows_are_named_by_line_and_column_and_the_others_are_recorded()
    {
        var station = new Station(service);
        var din = await station.Collected();
        var import = await Finished(station, await Send(station.Laboratory, [
            Row("A", din, "hbsag"), Row("A", din, "tea-leaves"), Row("A", "A999915123456N", "hbsag"), Row("A", din, "alt", value: "high"), Row("", din, "hbsag"), Row("A", din, "syphilis", at: "2026-01-31 08:30"),
            Row("A", din, "syphilis", controls: "perhaps"), Row("A", din, "syphilis", instrument: "ELISA-2"), "", Row("A", din, "anti-hcv", at: TimeProvider.System.GetUtcNow().AddDays(1).ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture)), Row("A", din, "nat-hbv")]));
        Assert.Equal(["3 invalid_value test", "4 din_invalid", "5 invalid_value value", "6 invalid_value run_id", "7 invalid_value performed_at", "8 invalid_value controls_valid", "9 invalid_value instrument",
            "10 invalid_value run_id instrument controls_valid performed_at", "11 performed_in_future performed_at"], Refused(import));
        Assert.Equal((2, 9, 2L), (import["accepted"].GetInt32(), import["rejected"].GetInt32(), await Results(station)));
    }

    [Fact]
    public async Task The_same_file_again_or_at_once_and_one_that_was_cut_off_add_nothing_twice()
    {
        var station = new Station(service);
        string[] dins = [await station.Collected(), await station.Collected()];
        string[] all = [.. Clean("A", dins[0]), .. Clean("B", dins[1])];
        var cut = await Finished(station, await Send(station.Laboratory, all[..9]));
        Assert.Equal(9, cut["accepted"].GetInt32());
        var both = await Task.WhenAll(Send(station.Laboratory, all), Send(station.Laboratory, all));
        Assert.All(both, a => Assert.True(a.Status == 202 || a.Code == "import_exists", a.ToString()));
        var whole = await Finished(station, both.First(a => a.Status == 202));
        Assert.Equal((9, 9), (whole["accepted"].GetInt32(), whole["rejected"].GetInt32()));
        Assert.All(whole["items"].EnumerateArray(), i => Assert.Equal("run_exists", i.GetProperty("code").GetString()));
        var again = await Send(station.Laboratory, all);
        Assert.Equal((202, whole.Id), (again.Status, again.Id));
        Assert.Equal((18L, 2L), (await Results(station), await service.Database.Scalar<long>("select count(*) from inventory.test_run_import where station_id = @Id", new { station.Id })));
    }

    [Fact]
    public async Task One_bad_row_of_ten_thousand_is_named_and_a_run_of_more_than_a_thousand_is_refused()
    {
        var station = new Station(service);
        var dins = await station.Dins(1000);
        var rows = Enumerable.Range(0, 10_000).Select(n => Row($"R{n / 1000}", dins[n % 1000], "hbsag", n == 4321 ? "perhaps" : "non-reactive"));
        var import = await Finished(station, await Send(station.Laboratory, [.. rows, .. dins.Append(dins[0]).Select(d => Row("large", d, "syphilis"))]));
        Assert.Equal((9_999, 1_002, 9_999L), (import["accepted"].GetInt32(), import["rejected"].GetInt32(), await Results(station)));
        Assert.Equal("4323 invalid_value outcome", Refused(import)[0]);
        Assert.Equal("10002 invalid_value run_id", Refused(import)[1]);
        Assert.NotEqual(JsonValueKind.Null, import["next"].ValueKind);
    }

    [Fact]
    public async Task What_is_no_such_file_changes_nothing_and_only_its_station_sees_an_import()
    {
        var station = new Station(service);
        var din = await station.Collected();
        Assert.Equal("staff_function_required", (await Send(station.Quality, [Row("A", din, "hbsag")])).Code);
        Assert.Equal("role_forbidden", (await Send(service.As(Roles.Hospital, Some.Id()), [Row("A", din, "hbsag")])).Code);
        Assert.Equal(415, (await Send(station.Laboratory, [Row("A", din, "hbsag")], type: "application/json")).Status);
        Assert.Equal("import_unreadable", (await Send(station.Laboratory, [])).Code);
        Assert.Equal("import_unreadable", (await Send(station.Laboratory, [Row("A", din, "hbsag")], heading: Heading.Replace("outcome", "result"))).Code);
        Assert.Equal("import_unreadable", (await Send(station.Laboratory, ["\"A," + din])).Code);
        Assert.Equal("import_unreadable", (await Send(station.Laboratory, Enumerable.Repeat(",", 100_801))).Code);
        Assert.Equal("body_too_large", (await Send(station.Laboratory, [new string('x', 10 * 1024 * 1024)])).Code);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from inventory.test_run_import where station_id = @Id", new { station.Id }));

        var import = await Finished(station, await Send(station.Laboratory, [Row("A", din, "hbsag")]));
        Assert.Equal(404, (await new Station(service).Client.Get($"/v1/imports/test-runs/{import.Id}")).Status);
    }
}
