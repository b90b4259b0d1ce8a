using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Tests.Features;

/// <summary>Where bags are kept, how warm it was there, and what that means for them.</summary>
public sealed class StorageTests(InventoryService inventory) : IAsyncLifetime
{
    private readonly ServiceUnderTest service = inventory.Service;
    private readonly Station station = new(inventory.Service);
    private readonly Guid hospitalId = Some.Id();

    private HttpClient Hospital => service.As(Roles.Hospital, hospitalId);
    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public async ValueTask InitializeAsync()
    {
        await service.Seal("donor");
        foreach (var (code, kind) in new[] { ("F1", "refrigerator"), ("F2", "refrigerator"), ("G1", "freezer"), ("A1", "agitator"), ("B1", "box") })
            Assert.Equal(200, (await station.Quality.Put($"/v1/storage-places/{code}", new { name = code, kind, site = "总站" })).Status);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<Answer> Store(Guid unit, string place, DateTimeOffset? at = null) => station.Client.Post($"/v1/units/{unit}/transfer", new { place, at });

    private Task<Answer> Measure(params (string Place, DateTimeOffset At, double Celsius)[] rows) => station.Client.Post("/v1/temperature-readings", new { rows = rows.Select(r => new { place = r.Place, at = r.At, celsius = r.Celsius }) });

    private async Task<string> HoldsOf(Guid unit) => string.Join(' ', (await station.Client.Get($"/v1/units/{unit}"))["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()));

    private static string Held(Answer answer) => string.Join(' ', answer["excursions"].EnumerateArray().Select(e => $"{e.GetProperty("component").GetString()}:{e.GetProperty("celsius").GetDecimal()}:{e.GetProperty("held").GetBoolean()}").Order(StringComparer.Ordinal));

    private async Task<(Guid Cells, Guid Plasma)> Bags(string group = "A+") => await station.Released(group: group) is var din ? (await station.UnitOf(din), await station.UnitOf(din, "plasma-fresh-frozen")) : default;

    [Fact]
    public async Task A_bag_that_was_too_warm_where_it_was_kept_is_held_and_no_other()
    {
        var (cells, plasma) = await Bags();
        var (other, _) = await Bags();
        Assert.Equal(200, (await Store(cells, "F1")).Status);
        Assert.Equal(200, (await Store(plasma, "G1")).Status);
        Assert.Equal(200, (await Store(other, "F2")).Status);
        var calm = await Measure(("F1", Now, 6), ("G1", Now, -18), ("F2", Now, 2));
        Assert.Equal((3, ""), (calm["accepted"].GetInt32(), Held(calm)));
        Assert.Equal("red-cells-suspended:6.1:True", Held(await Measure(("F1", Now, 6.1), ("F1", Now.AddSeconds(-30), 4))));
        Assert.Equal(("cold-chain", "", ""), (await HoldsOf(cells), await HoldsOf(plasma), await HoldsOf(other)));
        Assert.Equal("plasma-fresh-frozen:-17.9:True", Held(await Measure(("G1", Now, -17.9))));
        Assert.Equal("red-cells-suspended:1.9:True", Held(await Measure(("F2", Now, 1.9))));
        Assert.Equal("waiting", (await Hospital.Post("/v1/orders", Station.Order(station.Id))).Text("status"));
    }

    [Fact]
    public async Task One_open_hold_is_enough_until_somebody_has_signed_to_lift_it()
    {
        var (cells, _) = await Bags();
        await Store(cells, "F1");
        Assert.EndsWith(":True", Held(await Measure(("F1", Now, 9))));
        Assert.EndsWith(":False", Held(await Measure(("F1", Now, 10))));
        var hold = (await station.Client.Get($"/v1/units/{cells}"))["holds"][0].GetProperty("id").GetGuid();
        Assert.Equal(202, (await station.Quality.Post($"/v1/holds/{hold}/lift", new { reason = "door was open" })).Status);
        Assert.EndsWith(":True", Held(await Measure(("F1", Now, 11)))); // which the signer has not seen
        Assert.Equal("cold-chain cold-chain", await HoldsOf(cells));
    }

    [Fact]
    public async Task What_the_logger_remembers_counts_for_what_was_there_then_wherever_it_is_now()
    {
        var (cells, _) = await Bags();
        var began = Now;
        await Store(cells, "F1", began);
        await Store(cells, "F2");
        var later = Now;
        Assert.Equal("", Held(await Measure(("F1", later.AddSeconds(1), 30), ("F2", began.AddSeconds(-1), 30)))); // it was not there
        var told = await Measure(("F1", began, 30));
        Assert.Equal("red-cells-suspended:30:True", Held(told));
        var stays = (await station.Client.Get($"/v1/traces/{(await station.Client.Get($"/v1/units/{cells}")).Text("din")}"))["units"].EnumerateArray().Single(u => u.GetProperty("unit").GetProperty("id").GetGuid() == cells).GetProperty("stays");
        Assert.Equal(["F1", "F2"], stays.EnumerateArray().Select(s => s.GetProperty("place").GetString()));
        var again = await Measure(("F1", began, 30));
        Assert.Equal((0, 1, ""), (again["accepted"].GetInt32(), again["repeated"].GetInt32(), Held(again)));
        var trace = (await station.Client.Get($"/v1/storage-places")).Body.EnumerateArray().ToDictionary(p => p.GetProperty("code").GetString()!, p => p.GetProperty("bags").GetInt32());
        Assert.Equal((0, 1), (trace["F1"], trace["F2"]));
    }

    [Fact]
    public async Task What_the_logger_remembers_of_a_bag_that_was_divided_since_holds_its_parts()
    {
        var (cells, _) = await Bags();
        var began = Now;
        await Store(cells, "F1", began);
        var halves = (await station.Processing.Post($"/v1/units/{cells}/split", new { parts = 2, closedSystem = true }))["made"].EnumerateArray().Select(m => m.GetProperty("id").GetGuid()).ToArray();
        var quarters = (await station.Processing.Post($"/v1/units/{halves[0]}/split", new { parts = 2, closedSystem = true }))["made"].EnumerateArray().Select(m => m.GetProperty("id").GetGuid()).ToArray();
        var told = await Measure(("F1", began, 30));
        Assert.Equal("red-cells-suspended:30:False red-cells-suspended:30:False red-cells-suspended:30:True red-cells-suspended:30:True red-cells-suspended:30:True", Held(told)); // two are no more
        foreach (var bag in quarters.Append(halves[1])) Assert.Equal("cold-chain", await HoldsOf(bag));
    }

    [Fact]
    public async Task What_was_measured_before_the_bags_place_was_recorded_counts_for_it_too()
    {
        var (cells, plasma) = await Bags();
        var since = Now;
        await Measure(("F1", since.AddMilliseconds(1), 12));
        Assert.Equal(cells, (await Store(cells, "F1", since))["held"][0].GetGuid());
        Assert.Equal("cold-chain", await HoldsOf(cells));
        Assert.Equal(0, (await Store(plasma, "G1", since))["held"].GetArrayLength());
    }

    [Fact]
    public async Task Bags_travel_in_a_box_and_red_cells_may_be_a_little_warmer_there()
    {
        var (cells, _) = await Bags("B+");
        var (warm, _) = await Bags("B-");
        foreach (var (unit, group) in new[] { (cells, "B+"), (warm, "B-") })
        {
            var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, group));
            Assert.Equal(unit, order["lines"][0].GetProperty("unitId").GetGuid());
            Assert.Equal((422, "invalid_value"), (await station.Issuer.Post($"/v1/orders/{order.Id}/issue", new { box = "F1" }, Some.Key())) is var no ? (no.Status, no.Code) : default);
            Assert.Equal(200, (await station.Issuer.Post($"/v1/orders/{order.Id}/issue", new { box = "B1" }, Some.Key())).Status);
            if (unit == cells) Assert.Equal("", Held(await Measure(("B1", Now, 10))));
            if (unit == cells) Assert.Equal(200, (await Hospital.Post($"/v1/orders/{order.Id}/receive", new { count = 1 })).Status);
        }
        Assert.Equal("red-cells-suspended:10.1:True", Held(await Measure(("B1", Now, 10.1)))); // the first has been taken out
        Assert.Equal(("", "cold-chain"), (await HoldsOf(cells), await HoldsOf(warm)));
    }

    [Fact]
    public async Task Refused_is_a_place_that_does_not_suit_and_nothing_moves()
    {
        var (cells, plasma) = await Bags();
        (int, string?) Said(Answer a) => (a.Status, a.Code);
        Assert.Equal((422, "place_unsuitable"), Said(await Store(cells, "G1")));
        Assert.Equal((422, "invalid_value"), Said(await Store(cells, "F9")));
        Assert.Equal((422, "performed_in_future"), Said(await Store(cells, "F1", Now.AddHours(1))));
        var tray = await station.Client.Post("/v1/storage-places/F1/arrivals", new { units = new[] { cells, plasma, Some.Id() } });
        Assert.Equal((422, "place_unsuitable", "/units/1 unsuitable, /units/2 unknown"), (tray.Status, tray.Code, string.Join(", ", tray["errors"].EnumerateArray().Select(e => $"{e.GetProperty("pointer").GetString()} {e.GetProperty("code").GetString()}"))));
        Assert.Equal(JsonValueKind.Null, (await station.Client.Get($"/v1/units/{cells}"))["place"].ValueKind);
        Assert.Equal((404, "not_found"), Said(await new Station(service).Client.Post($"/v1/units/{cells}/transfer", new { place = "F1" })));

        Assert.Equal(200, (await station.Client.Post("/v1/storage-places/F1/arrivals", new { units = new[] { cells } })).Status);
        Assert.Equal("F1", (await station.Client.Get($"/v1/units/{cells}")).Text("place"));
        Assert.Equal((409, "place_in_use"), Said(await station.Quality.Put("/v1/storage-places/F1", new { name = "F1", kind = "freezer" })));
        Assert.Equal((409, "place_in_use"), Said(await station.Quality.Put("/v1/storage-places/F1", new { name = "F1", kind = "refrigerator", closed = true })));
        Assert.Equal(200, (await station.Quality.Put("/v1/storage-places/F2", new { name = "F2", kind = "refrigerator", closed = true })).Status);
        Assert.Equal((409, "place_closed"), Said(await Store(cells, "F2")));

        var rows = new object[] { new { place = "F9", at = Now, celsius = 4 }, new { place = "F1", celsius = 4 }, new { place = "F1", at = Now.AddHours(1), celsius = 4 }, new { place = "F1", at = Now, celsius = 400 }, new { place = "F1", at = Now, celsius = 4 } };
        var read = await station.Client.Post("/v1/temperature-readings", new { rows });
        Assert.Equal((1, 4), (read["accepted"].GetInt32(), read["rejected"].GetInt32()));
        Assert.Equal(1, (await station.Client.Get($"/v1/temperature-readings?place=F1&from={Uri.EscapeDataString(Now.AddHours(-1).ToString("O"))}&to={Uri.EscapeDataString(Now.ToString("O"))}")).Body.GetArrayLength());
    }

    [Fact]
    public async Task What_was_kept_in_a_place_is_recalled_by_it()
    {
        var (cells, _) = await Bags();
        var (before, _) = await Bags();
        await Store(before, "F1");
        await Store(before, "F2");
        var from = Now;
        await Store(cells, "F1");
        var scope = new { storagePlace = "F1", from, to = Now };
        Assert.Equal((422, "invalid_value"), (await station.Quality.Post("/v1/recalls", new { cause = "storage-deviation", scope = new { storagePlace = "F1", from, to = Now.AddHours(1) }, dryRun = false }, Some.Key())) is var no ? (no.Status, no.Code) : default);
        var recall = await station.Quality.Post("/v1/recalls", new { cause = "storage-deviation", scope, dryRun = false }, Some.Key());
        Assert.True(recall.Status == 201, recall.ToString());
        Assert.Equal([(await station.Client.Get($"/v1/units/{cells}")).Text("din")], recall["donations"].EnumerateArray().Select(d => d.GetProperty("din").GetString()));
        Assert.Equal("recall", await HoldsOf(cells));
        var (late, _) = await Bags();
        Assert.Equal((409, "place_recalled"), (await Store(before, "F1", from)) is var then ? (then.Status, then.Code) : default); // what was there then is recalled by its number
        Assert.Equal(200, (await Store(late, "F1")).Status);
    }

    [Fact]
    public async Task What_did_not_arrive_is_held_and_may_come_later()
    {
        var (first, _) = await Bags("AB+");
        var (second, _) = await Bags("AB+");
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "AB+", amount: 2));
        Assert.Equal(200, (await station.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key())).Status);
        var differs = await Hospital.Post($"/v1/orders/{order.Id}/receive", new { count = 1 });
        Assert.Equal((409, "count_differs", 2), (differs.Status, differs.Code, differs["errors"].GetArrayLength()));
        Assert.Equal((422, "invalid_value"), (await Hospital.Post($"/v1/orders/{order.Id}/receive", new { units = new[] { first, Some.Id() } })) is var no ? (no.Status, no.Code) : default);
        var part = await Hospital.Post($"/v1/orders/{order.Id}/receive", new { units = new[] { first }, count = 1 });
        Assert.Equal(("issued", "issued received"), (part.Text("status"), string.Join(' ', part["lines"].EnumerateArray().Select(l => l.GetProperty("status").GetString()).Order())));
        Assert.Equal(("", "quality"), (await HoldsOf(first), await HoldsOf(second)));
        var rest = await Hospital.Post($"/v1/orders/{order.Id}/receive", null);
        Assert.Equal(("received", "received received"), (rest.Text("status"), string.Join(' ', rest["lines"].EnumerateArray().Select(l => l.GetProperty("status").GetString()))));
        Assert.Equal("quality", await HoldsOf(second)); // somebody has yet to find out where it was
    }
}
