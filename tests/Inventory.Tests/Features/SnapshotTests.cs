using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Tests.Features;

/// <summary>What a station's own count says beside what is known here.</summary>
public sealed class SnapshotTests(InventoryService inventory) : IAsyncLifetime
{
    private readonly ServiceUnderTest service = inventory.Service;
    private readonly Station station = new(inventory.Service);

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public async ValueTask InitializeAsync() => await service.Seal("donor");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<Answer> Count(IEnumerable<object> units, DateTimeOffset? at = null, Guid? of = null) => station.Client.Put($"/v1/stock-snapshots/{of ?? station.Id}", new { takenAt = at ?? Now, units });

    private static object Row(string din, string code = "D0002", string? status = null, string? bloodGroup = null) => new { din, productCode = code, status, bloodGroup };

    private async Task<string> Bag(string din, string component = "red-cells-suspended") => await station.Client.Get($"/v1/units/{await station.UnitOf(din, component)}") is var u
        ? $"{u.Text("status")} {string.Join(' ', u["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()))}".Trim() : "";

    private static string Counts(Answer answer) => string.Join(' ', answer["counts"].EnumerateObject().Select(c => $"{c.Name}:{c.Value.GetInt32()}"));

    [Fact]
    public async Task What_the_count_missed_is_unaccounted_and_comes_back_under_a_hold()
    {
        var (there, lost) = (await station.Released(), await station.Released());
        var first = await Count([Row(there), Row(there, "D0006"), Row(lost, "D0006")]);
        Assert.True(first.Status == 200, first.ToString());
        Assert.Equal((3, 3, 0, "missing:1"), (first["accepted"].GetInt32(), first["agreeing"].GetInt32(), first["rejected"].GetInt32(), Counts(first)));
        Assert.Equal(("available", "unaccounted"), (await Bag(there), await Bag(lost)));
        Assert.Equal([false], (await service.Published<UnitUnaccounted>()).Where(e => e.Din == lost).Select(e => e.Found));
        var hospital = service.As(Roles.Hospital, Some.Id());
        Assert.Equal([there], (await hospital.Post("/v1/orders", Station.Order(station.Id, amount: 2)))["lines"].EnumerateArray().Select(l => l.GetProperty("din").GetString()));

        Assert.Equal("unknown-here:1", Counts(await Count([Row(there), Row(there, "D0006"), Row(lost, "D0006"), Row(lost, "D0099")]))); // nothing more for what is not there already
        Assert.Equal("found:1", Counts(await Count([Row(there), Row(there, "D0006"), Row(lost), Row(lost, "D0006")])));
        Assert.Equal("quarantine mirror", await Bag(lost));
        Assert.Equal([false, true], (await service.Published<UnitUnaccounted>()).Where(e => e.Din == lost).OrderBy(e => e.Version).Select(e => e.Found));
        var hold = (await station.Client.Get($"/v1/units/{await station.UnitOf(lost)}"))["holds"][0].GetProperty("id").GetGuid();
        Assert.Equal(200, (await station.Lift(hold, "stood behind another")).Status);
        Assert.Contains(await Bag(lost), new[] { "available", "reserved" }); // the order waits for it
    }

    [Fact]
    public async Task What_is_worse_there_is_held_and_what_is_better_there_is_only_said()
    {
        var (worse, better, other) = (await station.Released(), await station.Releasable(), await station.Released());
        var answer = await Count([Row(worse, status: "discarded"), Row(worse, "D0006"), Row(better, status: "available"), Row(better, "D0006"), Row(other, bloodGroup: "B+"), Row(other, "D0006")]);
        Assert.Equal("group-differs:1 laxer-there:1 stricter-there:1", Counts(answer));
        Assert.Equal(("available mirror", "quarantine", "available mirror"), (await Bag(worse), await Bag(better), await Bag(other)));
        Assert.Equal(0, await service.Database.Scalar<long>($"select count(*) from inventory.unit where station_id = '{station.Id}' and status = 'unaccounted'"));
        var id = answer.Id;
        var listed = (await station.Client.Get($"/v1/stock-snapshots/{station.Id}/{id}?limit=2"));
        Assert.Equal((2, JsonValueKind.String), (listed["items"].GetArrayLength(), listed["next"].ValueKind));
        Assert.Equal(id, (await station.Client.Get($"/v1/stock-snapshots/{station.Id}")).Body[0].GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task A_promised_bag_that_was_not_seen_stays_promised_and_cannot_leave()
    {
        var din = await station.Released(group: "B-");
        var hospital = service.As(Roles.Hospital, Some.Id());
        var order = await hospital.Post("/v1/orders", Station.Order(station.Id, "B-"));
        Assert.Equal("missing:1", Counts(await Count([Row(din, "D0006")])));
        Assert.Equal("reserved mirror", await Bag(din));
        Assert.Equal((409, "not_issuable"), (await station.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key())) is var no ? (no.Status, no.Code) : default);
    }

    [Fact]
    public async Task A_typo_in_one_of_ten_thousand_rows_is_named_and_the_others_are_reconciled()
    {
        const int Bags = 10_000;
        await service.Database.Execute($"""
            insert into inventory.donation (din, version, station_id, donor_id, arrived_at, started_at) select 'K000026' || lpad(n::text, 6, '0'), 1, '{station.Id}', gen_random_uuid(), now(), now() from generate_series(1, {Bags}) n;
            insert into inventory.unit (id, version, din, station_id, component, product_code, division, blood_group, content_u, volume_ml, collected_at, produced_at, expires_at, status, open_holds)
            select gen_random_uuid(), 1, d.din, d.station_id, 'red-cells-suspended', 'D0002', '00', 'A+', 2, 300, now() - interval '1 day', now() - interval '1 day', now() + interval '30 days', 'quarantine', 0 from inventory.donation d where d.station_id = '{station.Id}'
            """);
        var rows = Enumerable.Range(1, Bags).Select(n => Row(n == 4711 ? "K00O026004711" : $"K000026{n:D6}")).ToList(); // the letter O for a zero
        var answer = await Count(rows);
        Assert.True(answer.Status == 200, answer.ToString());
        Assert.Equal((9999, 9999, 1, "unreadable:1"), (answer["accepted"].GetInt32(), answer["agreeing"].GetInt32(), answer["rejected"].GetInt32(), Counts(answer)));
        Assert.Equal(("/units/4710/din", "K000026004711"), (answer["items"][0].GetProperty("errors")[0].GetProperty("pointer").GetString(), answer["differences"][0].GetProperty("din").GetString()));
        var half = await Count(rows.Take(5000));
        Assert.Equal("missing:5000 unreadable:1", Counts(half));
        Assert.Equal(5000, await service.Database.Scalar<long>($"select count(*) from inventory.unit where station_id = '{station.Id}' and status = 'unaccounted'"));
    }

    [Fact]
    public async Task Refused_are_other_stations_the_future_and_what_is_older_than_the_last_count()
    {
        var din = await station.Released();
        (int, string?) Said(Answer a) => (a.Status, a.Code);
        Assert.Equal((404, "not_found"), Said(await Count([], of: Some.Id())));
        Assert.Equal((422, "performed_in_future"), Said(await Count([], Now.AddHours(1))));
        Assert.Equal("available", await Bag(din));
        var at = Now;
        var repeated = await Count([Row(din), Row(din), Row(din, "D0006"), new { din, productCode = "D0001", expiresAt = "soon" }, new { din = "A9999" }], at);
        Assert.Equal((2, 3), (repeated["accepted"].GetInt32(), repeated["rejected"].GetInt32()));
        Assert.Equal((409, "snapshot_older"), Said(await Count([], at)));
        Assert.Equal((409, "snapshot_older"), Said(await Count([], at.AddMinutes(-1))));
        Assert.Equal(404, (await new Station(service).Client.Get($"/v1/stock-snapshots/{station.Id}/{repeated.Id}")).Status);
    }
}
