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
}
