using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Stock;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class StockLevelTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;

    private Task Look() => service.App.Services.GetServices<IHostedService>().OfType<WatchStock>().Single().LookNow(TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_level_that_is_crossed_is_said_once_however_many_look()
    {
        var station = new Station(service);
        var (_, last) = (await station.Released(group: "O-"), await station.Released(group: "O-"));
        await Task.WhenAll(Look(), Look());
        Assert.Empty(await Said()); // nothing was ever issued: there is nothing to fall short of
        var order = await service.As(Roles.Hospital, Some.Id()).Post("/v1/orders", Station.Order(station.Id, "O-"));
        Assert.Equal(200, (await station.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key())).Status);
        await Look();
        Assert.Empty(await Said()); // one bag, one issued in 28 days

        var left = await station.UnitOf(last);
        var held = await station.Client.Post($"/v1/units/{left}/hold", new { kind = "quality" });
        Assert.Equal(200, held.Status);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Look()));
        await Look();
        var red = Assert.Single(await Said());
        Assert.Equal(("normal", "red", 0, 0m, 1, 1L), (red.Previous, red.Level, red.Available, red.DaysOfCover!.Value, red.Missing, red.Version));

        Assert.Equal(("urgent", "enough"), ((await Outlook("O-")).GetProperty("need").GetString(), (await Outlook("A+")).GetProperty("need").GetString()));
        Assert.Equal(404, (await service.Anonymous().Get($"/v1/stock/outlook?stationId={Some.OldId()}")).Status);

        // Eight more that left make it three that are missing: red it was, but that much more is said.
        await service.Database.Execute("insert into inventory.unit_movement (unit_id, din, kind, from_status, to_status, at, recorded_at) select m.unit_id, m.din, m.kind, m.from_status, m.to_status, m.at, m.recorded_at from inventory.unit_movement m join inventory.unit u on u.id = m.unit_id, generate_series(1, 8) where u.station_id = @Id and m.kind = 'issued'", new { station.Id });
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Look()));
        await Look();
        Assert.Equal(("red", "red", 3, 2L), (await Said()) is [_, var worse] ? (worse.Previous, worse.Level, worse.Missing, worse.Version) : default);

        Assert.Equal(200, (await station.Lift(held["holds"][0].GetProperty("id").GetGuid(), "复核合格")).Status);
        await Look();
        await Look();
        Assert.Equal((3, "orange"), ((int)(await Said())[^1].Version, (await Said())[^1].Level)); // one bag for nine in four weeks: 3.1 days, and yellow begins at 3.3 from below
        await service.Database.Execute("delete from inventory.unit_movement m using inventory.unit u where u.id = m.unit_id and u.station_id = @Id and m.kind = 'issued' and m.order_id is null", new { station.Id });
        await Look();
        Assert.Equal((4, "normal", 28m), (await Said())[^1] is var back ? ((int)back.Version, back.Level, back.DaysOfCover!.Value) : default);

        Assert.Equal(("enough", Shanghai.DateOf(TimeProvider.System.GetUtcNow()).ToString("O")), await Outlook("O-") is var now ? (now.GetProperty("need").GetString(), now.GetProperty("since").GetString()) : default);

        async Task<System.Text.Json.JsonElement> Outlook(string group)
        {
            var told = await service.Anonymous().Get($"/v1/stock/outlook?stationId={station.Id}");
            Assert.Equal((200, 16, "public, max-age=300"), (told.Status, told["items"].GetArrayLength(), told.Response.Headers.CacheControl!.ToString()));
            Assert.DoesNotMatch("available|days|missing|level", told.Body.ToString());
            return Assert.Single(told["items"].EnumerateArray(), i => i.GetProperty("procedure").GetString() == "whole-blood" && i.GetProperty("bloodGroup").GetString() == group);
        }
        async Task<List<StockLevelChanged>> Said() => [.. (await service.Published<StockLevelChanged>()).Where(e => e.StationId == station.Id && e.Component == "red-cells-suspended")];
    }

    private HttpClient Authority(string districts)
    {
        var http = service.As(Roles.Authority);
        http.DefaultRequestHeaders.Authorization = new("Bearer", service.Tokens.Client(Roles.Authority, null, districts: districts));
        return http;
    }

    private static Dictionary<string, object?> Thresholds(Action<Dictionary<string, object?>>? but = null)
    {
        var body = new Dictionary<string, object?>
        {
            ["district"] = "370200", ["component"] = "red-cells-suspended", ["normal"] = 40, ["blue"] = 30, ["yellow"] = 20, ["orange"] = 10, ["validFrom"] = Shanghai.DateOf(TimeProvider.System.GetUtcNow()), ["reference"] = "鲁卫血〔2026〕7号",
        };
        but?.Invoke(body);
        return body;
    }

    [Fact]
    public async Task What_an_authority_approves_for_its_area_moves_the_levels_of_its_stations_and_the_defaults_say_that_they_are_none()
    {
        var (station, elsewhere) = (new Station(service), new Station(service));
        foreach (var (s, district) in new[] { (station, "370203"), (elsewhere, "370303") })
        {
            await service.Deliver(new Contracts.Event.OrganisationRegistered { Key = s.Id.ToString(), Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), OrganisationId = s.Id, Name = "测试血站", Kind = "blood-station", District = district, Path = [s.Id], Status = "active" });
            await s.Released(group: "AB-");
            await s.Released(group: "AB-");
            var order = await service.As(Roles.Hospital, Some.Id()).Post("/v1/orders", Station.Order(s.Id, "AB-"));
            Assert.Equal(200, (await s.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key())).Status); // one bag left and one issued in four weeks: 28 days
        }
        async Task<(string?, string?)> Stock(Station of) => Assert.Single((await of.Client.Get("/v1/stock"))["items"].EnumerateArray(), i => i.GetProperty("component").GetString() == "red-cells-suspended") is var item
            ? (item.GetProperty("level").GetString(), item.GetProperty("thresholds").GetProperty("reference").GetString()) : default;
        Assert.Equal((("normal", null), ("normal", null)), (await Stock(station), await Stock(elsewhere)));

        Assert.Equal(404, (await Authority("370300").Post("/v1/stock-thresholds", Thresholds())).Status);
        Assert.Equal(404, (await Authority("370200").Post("/v1/stock-thresholds", Thresholds(b => b["district"] = "370000"))).Status);
        Assert.Equal(403, (await station.Client.Post("/v1/stock-thresholds", Thresholds())).Status);
        foreach (var (wrong, pointer) in new (Action<Dictionary<string, object?>>, string)[] { (b => b["blue"] = 40, "/blue"), (b => b["validFrom"] = "2026-01-01", "/validFrom"), (b => b["component"] = "tea", "/component"), (b => b["orange"] = 0, "/orange"), (b => b["bloodGroup"] = "Z", "/bloodGroup") })
            Assert.Equal((422, pointer), (await Authority("370200").Post("/v1/stock-thresholds", Thresholds(wrong))) is var no ? (no.Status, no["errors"][0].GetProperty("pointer").GetString()) : default);
        Assert.Equal(("normal", null), await Stock(station));

        var made = await Authority("370200").Post("/v1/stock-thresholds", Thresholds());
        Assert.True(made.Status == 201, made.ToString());
        Assert.Equal((("yellow", "鲁卫血〔2026〕7号"), ("normal", null)), (await Stock(station), await Stock(elsewhere)));
        await Look();
        Assert.Equal(("normal", "yellow", 1), (await service.Published<StockLevelChanged>()).Where(e => e.StationId == station.Id).Select(e => (e.Previous, e.Level, e.Missing)).Single());
        Assert.DoesNotContain(await service.Published<StockLevelChanged>(), e => e.StationId == elsewhere.Id);
        Assert.Equal(201, (await Authority("370000").Post("/v1/stock-thresholds", Thresholds(b => { b["bloodGroup"] = "AB-"; b["normal"] = 20; b["blue"] = 3; b["yellow"] = 2; b["orange"] = 1; }))).Status);
        Assert.Equal("normal", (await Stock(station)).Item1);
        Assert.Equal([20m, 40m], (await station.Client.Get("/v1/stock-thresholds?district=370200")).Body.EnumerateArray().Select(t => t.GetProperty("normal").GetDecimal()));
        Assert.Equal(200, (await station.Client.Get($"/v1/stock-thresholds/{made.Id}")).Status);
    }
}
