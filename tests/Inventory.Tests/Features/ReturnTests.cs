using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Units;
using Microsoft.Extensions.Configuration;

namespace BloodPlatform.Inventory.Tests.Features;

/// <summary>What comes back from hospitals, what they destroy, and what reached nobody. Here the policy allows returns to stock; by default it does not.</summary>
public sealed class ReturnTests(InventoryService inventory) : IAsyncLifetime
{
    private readonly ServiceUnderTest service = inventory.Service;
    private readonly Station station = new(inventory.Service);
    private readonly Guid hospitalId = Some.Id();

    private HttpClient Hospital => service.As(Roles.Hospital, hospitalId);

    public async ValueTask InitializeAsync() => await service.Seal("donor");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<Guid> Received(string group)
    {
        await station.Released(group: group);
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, group));
        Assert.Equal(200, (await station.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key())).Status);
        Assert.Equal(200, (await Hospital.Post($"/v1/orders/{order.Id}/receive")).Status);
        return order["lines"][0].GetProperty("unitId").GetGuid();
    }

    private Task<Answer> Return(Guid unit, object how, HttpClient? by = null) => (by ?? station.Issuer).Post($"/v1/units/{unit}/return", how);

    private Task<Answer> Unit(Guid id) => station.Client.Get($"/v1/units/{id}");

    private static (int, string?) Said(Answer a) => (a.Status, a.Code);

    [Theory]
    [InlineData(null, false)]
    [InlineData("discard", false)]
    [InlineData("quarantine", true)]
    public void Unless_a_station_says_otherwise_nothing_returns_to_stock(string? setting, bool toStock) =>
        Assert.Equal(toStock, ReturnPolicy.From(Setting(setting)).ToStock);

    [Fact]
    public void A_policy_nobody_knows_starts_no_service() => Assert.Throws<InvalidOperationException>(() => ReturnPolicy.From(Setting("always")));

    private static IConfiguration Setting(string? value) => new ConfigurationBuilder().AddInMemoryCollection([new("Inventory:Returns", value)]).Build();

    [Fact]
    public async Task A_bag_that_came_back_without_proof_is_there_to_be_discarded()
    {
        foreach (var how in new object[] { new { reasonCode = "not-used" }, new { reasonCode = "not-used", unopened = true }, new { reasonCode = "not-used", coldChainKept = true } })
        {
            var unit = await Received("A+");
            var back = await Return(unit, how);
            Assert.Equal((200, "returned", 0), (back.Status, back.Text("status"), back["holds"].GetArrayLength()));
            Assert.Equal((409, "unit_state"), Said(await Return(unit, how)));
            Assert.Equal("returned", Assert.Single(await service.Published<UnitReturned>(), e => e.UnitId == unit).Status);
            Assert.DoesNotContain(unit, (await Hospital.Get("/v1/units"))["items"].EnumerateArray().Select(u => u.GetProperty("id").GetGuid()));
            Assert.Equal("discarded", (await station.Client.Post($"/v1/units/{unit}/discard", new { reasonCode = "returned" })).Text("status"));
        }
    }

    [Fact]
    public async Task Unopened_and_kept_cold_it_is_stock_again_when_two_people_have_looked()
    {
        var unit = await Received("AB-");
        var back = await Return(unit, new { reasonCode = "not-used", unopened = true, coldChainKept = true });
        Assert.Equal(("quarantine", "quality"), (back.Text("status"), back["holds"][0].GetProperty("kind").GetString()));
        Assert.Equal("waiting", (await Hospital.Post("/v1/orders", Station.Order(station.Id, "AB-"))).Text("status"));
        var second = (await station.Client.Post($"/v1/units/{unit}/hold", new { kind = "quality" }))["holds"].EnumerateArray().Select(h => h.GetProperty("id").GetGuid()).ToArray();
        Assert.Equal(200, (await station.Lift(second[0], "seal whole, logger read")).Status);
        Assert.Equal("quarantine", (await Unit(unit)).Text("status")); // the other is open
        Assert.Equal(200, (await station.Lift(second[1], "looked at")).Status);
        var restocked = await Unit(unit);
        Assert.True(restocked.Text("status") is "available" or "reserved", restocked.ToString()); // somebody waits for it
        Assert.Equal(2, (await service.Published<UnitReleased>()).Count(e => e.UnitId == unit));
        var trace = (await station.Client.Get($"/v1/traces/{restocked.Text("din")}"))["units"].EnumerateArray().Single(u => u.GetProperty("unit").GetProperty("id").GetGuid() == unit);
        Assert.StartsWith("made released reserved issued received returned held held hold-lifted hold-lifted restocked", string.Join(' ', trace.GetProperty("movements").EnumerateArray().Select(m => m.GetProperty("kind").GetString())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lifting_a_hold_makes_nothing_available_that_was_not_released()
    {
        var unit = await station.UnitOf(await station.Releasable());
        var hold = (await station.Client.Post($"/v1/units/{unit}/hold", new { kind = "quality" }))["holds"][0].GetProperty("id").GetGuid();
        Assert.Equal(200, (await station.Lift(hold, "looked at")).Status);
        Assert.Equal("quarantine", (await Unit(unit)).Text("status"));
    }

    [Fact]
    public async Task Only_the_station_takes_back_and_only_what_was_given_out()
    {
        var unit = await Received("B+");
        Assert.Equal((403, "staff_function_required"), Said(await Return(unit, new { reasonCode = "not-used" }, station.Processing)));
        Assert.Equal((404, "not_found"), Said(await Return(unit, new { reasonCode = "not-used" }, new Station(service).Issuer)));
        Assert.Equal((403, "role_forbidden"), Said(await Return(unit, new { reasonCode = "not-used" }, Hospital)));
        Assert.Equal((422, "invalid_value"), Said(await Return(unit, new { reasonCode = "bored" })));
        Assert.Equal((409, "unit_state"), Said(await Return(await station.UnitOf(await station.Released()), new { reasonCode = "not-used" })));
        Assert.Equal("received", (await Unit(unit)).Text("status"));
        Assert.Equal(200, (await Return(unit, new { reasonCode = "not-used" })).Status);
        var transfused = await Hospital.Post($"/v1/units/{unit}/transfusion", new { patientReference = "P-1", transfusedAt = TimeProvider.System.GetUtcNow(), outcome = "no-reaction" });
        Assert.Equal((201, "returned"), (transfused.Status, transfused["alarms"][0].GetString())); // a fact nevertheless
    }

    [Fact]
    public async Task What_reached_nobody_is_counted_by_reason_and_by_who_had_it()
    {
        var (wasted, used) = (await Received("O-"), await Received("O-"));
        var own = await station.UnitOf(await station.Releasable());
        Assert.Equal((409, "unit_state"), Said(await station.Client.Post($"/v1/units/{wasted}/discard", new { reasonCode = "broken" }))); // the hospital has it
        Assert.Equal((404, "not_found"), Said(await service.As(Roles.Hospital, Some.Id()).Post($"/v1/units/{wasted}/discard", new { reasonCode = "broken" })));
        Assert.Equal((404, "not_found"), Said(await Hospital.Post($"/v1/units/{own}/discard", new { reasonCode = "broken" })));
        var lookback = await station.Quality.Post("/v1/recalls", new { cause = "other", scope = new { dins = new[] { (await Unit(wasted)).Text("din") } }, dryRun = false }, Some.Key());
        Assert.Equal(201, lookback.Status);
        Assert.Equal("discarded", (await Hospital.Post($"/v1/units/{wasted}/discard", new { reasonCode = "not-used" })).Text("status"));
        Assert.Equal("discarded", (await Hospital.Get("/v1/hospital-tasks"))["items"].EnumerateArray().Single(t => t.GetProperty("unitId").GetGuid() == wasted).GetProperty("outcome").GetString());
        Assert.Equal(201, (await Hospital.Post($"/v1/units/{used}/transfusion", new { patientReference = "P-1", transfusedAt = TimeProvider.System.GetUtcNow(), outcome = "no-reaction" })).Status);
        Assert.Equal("discarded", (await station.Client.Post($"/v1/units/{own}/discard", new { reasonCode = "broken" })).Text("status"));

        var today = Shanghai.DateOf(TimeProvider.System.GetUtcNow());
        async Task<string> Wastage(HttpClient by) => await by.Get($"/v1/stock/wastage?from={today.AddDays(-1):yyyy-MM-dd}&to={today.AddDays(1):yyyy-MM-dd}") is var w
            ? $"{w["wasted"]} {w["transfused"]} {w["percent"]}: {string.Join(", ", w["items"].EnumerateArray().Select(i => $"{i.GetProperty("where").GetString()} {i.GetProperty("reasonCode").GetString()} {i.GetProperty("bags").GetInt32()}"))}" : "";
        Assert.Equal("2 1 66.7: hospital not-used 1, station broken 1", await Wastage(station.Client));
        Assert.Equal("1 1 50: hospital not-used 1", await Wastage(Hospital));
        Assert.Equal((422, "invalid_value"), Said(await Hospital.Get($"/v1/stock/wastage?from={today:yyyy-MM-dd}&to={today.AddDays(-1):yyyy-MM-dd}")));
    }

    [Fact]
    public async Task The_shelf_says_what_is_where_and_how_long_it_lives()
    {
        foreach (var (code, site) in new[] { ("F1", "总站"), ("F2", "新会") }) Assert.Equal(200, (await station.Quality.Put($"/v1/storage-places/{code}", new { name = code, kind = "refrigerator", site })).Status);
        var (first, second) = (await station.UnitOf(await station.Released(group: "A-")), await station.UnitOf(await station.Released(group: "A-")));
        await station.Released(group: "A-");
        Assert.Equal(200, (await station.Client.Post($"/v1/units/{first}/transfer", new { place = "F1" })).Status);
        Assert.Equal(200, (await station.Client.Post($"/v1/units/{second}/transfer", new { place = "F2" })).Status);
        await service.Database.Execute($"update inventory.unit set expires_at = now() + interval '30 hours' where id = '{first}'; update inventory.unit set expires_at = now() + interval '23 hours' where id = '{second}'");
        await station.Client.Post($"/v1/units/{second}/hold", new { kind = "quality" });
        async Task<string> Shelf(HttpClient by, string query) => string.Join(", ", (await by.Get("/v1/stock/shelf?component=red-cells-suspended" + query)).Body.EnumerateArray()
            .Select(i => $"{i.GetProperty("site")} {i.GetProperty("place")} {(i.GetProperty("leftHours").ValueKind == JsonValueKind.Null ? "longer" : i.GetProperty("leftHours").ToString())} {i.GetProperty("bags")}/{i.GetProperty("free")}"));
        Assert.Equal("总站 F1 72 1/1", await Shelf(station.Client, "&site=总站"));
        Assert.Equal(["  longer 1/1", "总站 F1 72 1/1", "新会 F2 24 1/0"], (await Shelf(station.Client, "")).Split(", ").Order(StringComparer.Ordinal));
        await Received("A+");
        Assert.Equal("  longer 1/1", await Shelf(Hospital, ""));
    }
}
