using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Orders;
using BloodPlatform.Inventory.Features.Units;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Inventory.Tests.Features;

/// <summary>What is done to a bag after it was made: other bags come of it.</summary>
public sealed class LaterLifeTests(InventoryService inventory) : IAsyncLifetime
{
    private readonly ServiceUnderTest service = inventory.Service;
    private readonly Station station = new(inventory.Service);
    private readonly Guid hospitalId = Some.Id();

    private HttpClient Hospital => service.As(Roles.Hospital, hospitalId);

    public async ValueTask InitializeAsync() => await service.Seal("donor");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<Answer> Do(string process, Guid unit, object? how = null, HttpClient? by = null) => (by ?? station.Processing).Post($"/v1/units/{unit}/{process}", how ?? new { });

    private Task<Answer> Unit(Guid id) => station.Client.Get($"/v1/units/{id}");

    private async Task<string> Bags(string din) => string.Join(' ', (await station.Donation(din))["units"].EnumerateArray()
        .Select(u => $"{u.GetProperty("productCode").GetString()}{u.GetProperty("division").GetString()}:{u.GetProperty("status").GetString()}").Order(StringComparer.Ordinal));

    private async Task Look<T>() where T : Sweep => await service.App.Services.GetServices<IHostedService>().OfType<T>().Single().LookNow(TestContext.Current.CancellationToken);

    private static Guid[] Made(Answer answer) => [.. answer["made"].EnumerateArray().Select(m => m.GetProperty("id").GetGuid())];

    [Fact]
    public async Task A_bag_that_is_divided_ends_and_its_parts_are_where_it_was()
    {
        var din = await station.Released();
        var parent = await station.UnitOf(din);
        var split = await Do("split", parent, new { volumesMl = new[] { 160, 130 }, closedSystem = true });
        Assert.True(split.Status == 201, split.ToString());
        Assert.Equal("D000200:consumed D0002A0:available D0002B0:available D000600:available", await Bags(din));
        Assert.Equal(["A0 160 1.10", "B0 130 0.89"], split["made"].EnumerateArray().Select(m => $"{m.GetProperty("division").GetString()} {m.GetProperty("volumeMl").GetInt32()} {m.GetProperty("contentU").GetDecimal():0.00}"));
        Assert.All(split["made"].EnumerateArray(), m => Assert.Equal((parent, "A+", 2m, split["unit"].GetProperty("expiresAt").GetDateTimeOffset()),
            (m.GetProperty("parentId").GetGuid(), m.GetProperty("bloodGroup").GetString(), m.GetProperty("storage").GetProperty("fromC").GetDecimal(), m.GetProperty("expiresAt").GetDateTimeOffset())));
        Assert.Empty((await Unit(parent))["allowedActions"].EnumerateArray());

        var told = Assert.Single(await service.Published<UnitProcessed>(), e => e.UnitId == parent);
        Assert.Equal(("split", "available"), (told.Process, told.Status));
        Assert.Equal(Made(split), told.Made.Select(m => m.UnitId));
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, amount: 3));
        Assert.Equal(Made(split).Order(), order["lines"].EnumerateArray().Select(l => l.GetProperty("unitId").GetGuid()).Order());
        var trace = (await station.Client.Get($"/v1/traces/{din}"))["units"].EnumerateArray().ToDictionary(u => u.GetProperty("unit").GetProperty("id").GetGuid());
        Assert.Equal("made released processed", string.Join(' ', trace[parent].GetProperty("movements").EnumerateArray().Select(m => m.GetProperty("kind").GetString())));
        Assert.Equal("made reserved", string.Join(' ', trace[Made(split)[0]].GetProperty("movements").EnumerateArray().Select(m => m.GetProperty("kind").GetString())));
    }

    [Fact]
    public async Task What_is_found_in_the_donation_later_holds_its_parts_too()
    {
        var din = await station.Released();
        var parts = Made(await Do("split", await station.UnitOf(din), new { parts = 2 }));
        await station.Run([Station.Row(din, "hbsag", "reactive")]);
        foreach (var part in parts) Assert.Equal(("available", "test"), (await Unit(part)) is var u ? (u.Text("status"), u["holds"][0].GetProperty("kind").GetString()) : default);
        Assert.Equal("waiting", (await Hospital.Post("/v1/orders", Station.Order(station.Id))).Text("status"));
        Assert.Equal((409, "unit_state"), (await Do("wash", parts[0])) is var no ? (no.Status, no.Code) : default);
    }

    [Fact]
    public async Task Parts_of_a_bag_in_quarantine_wait_for_the_release_of_their_donation()
    {
        var din = await station.Releasable();
        Assert.Equal(201, (await Do("split", await station.UnitOf(din), new { parts = 3 })).Status);
        Assert.Equal("D000200:consumed D0002A0:quarantine D0002B0:quarantine D0002C0:quarantine D000600:quarantine", await Bags(din));
        await service.Seal("donor");
        Assert.Equal(202, (await station.Sign(din, station.ReleaserA)).Status);
        Assert.Equal(200, (await station.Sign(din, station.ReleaserB)).Status);
        Assert.Equal("D000200:consumed D0002A0:available D0002B0:available D0002C0:available D000600:available", await Bags(din));
    }

    [Fact]
    public async Task Who_needs_irradiated_blood_gets_it_when_there_is_some()
    {
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, patient: new { reference = Some.Key(), sex = "male", ageYears = 40, specialNeeds = new[] { "irradiated" } }));
        var unit = await station.UnitOf(await station.Released());
        await Look<ServeWaiting>();
        Assert.Equal("waiting", (await Hospital.Get($"/v1/orders/{order.Id}")).Text("status"));
        Assert.Equal((422, "invalid_value"), (await Do("irradiate", unit, new { doseGy = 24.9 })) is var weak ? (weak.Status, weak.Code) : default);
        var irradiated = await Do("irradiate", unit, new { doseGy = 30 });
        Assert.Equal(("D0012", true), (irradiated["made"][0].GetProperty("productCode").GetString(), irradiated["made"][0].GetProperty("irradiated").GetBoolean()));
        await Look<ServeWaiting>();
        Assert.Equal(Made(irradiated), (await Hospital.Get($"/v1/orders/{order.Id}"))["lines"].EnumerateArray().Select(l => l.GetProperty("unitId").GetGuid()));
        Assert.Equal((422, "process_not_applicable"), (await Do("irradiate", await station.UnitOf(await station.Released(group: "B+"), "plasma-fresh-frozen"))) is var no ? (no.Status, no.Code) : default);
    }

    [Fact]
    public async Task Thawed_plasma_can_be_ordered_for_a_day()
    {
        var thawed = await Do("thaw", await station.UnitOf(await station.Released(group: "AB+"), "plasma-fresh-frozen"), new { volumeMl = 190 });
        Assert.True(thawed.Status == 201, thawed.ToString());
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "AB+", component: "plasma-thawed", neededBy: TimeProvider.System.GetUtcNow().AddHours(20)));
        Assert.Equal((Made(thawed).Single(), 190), (order["lines"][0].GetProperty("unitId").GetGuid(), order["lines"][0].GetProperty("volumeMl").GetInt32()));
        Assert.Equal("recipe_not_applicable", (await station.Processing.Post($"/v1/donations/{await station.Collected()}/components", new { components = new[] { new { component = "plasma-thawed" } } })).Code);
    }

    [Fact]
    public async Task Fresh_frozen_plasma_past_its_year_comes_back_as_frozen_plasma()
    {
        var din = await station.Released(group: "B-");
        var unit = await station.UnitOf(din, "plasma-fresh-frozen");
        Assert.Equal((422, "process_not_applicable"), (await Do("relabel", unit)) is var early ? (early.Status, early.Code) : default);
        await service.Database.Execute($"update inventory.unit set collected_at = collected_at - interval '1 year 2 days', produced_at = produced_at - interval '1 year 2 days', expires_at = expires_at - interval '1 year 2 days' where id = '{unit}'");
        await Look<ExpireUnits>();
        Assert.Equal(("expired", "label-check discard hold relabel"), (await Unit(unit)) is var old ? (old.Text("status"), string.Join(' ', old["allowedActions"].EnumerateArray().Select(a => a.GetString()))) : default);
        var frozen = await Do("relabel", unit);
        Assert.True(frozen.Status == 201, frozen.ToString());
        Assert.Equal("D000200:available D000600:consumed D000700:available", await Bags(din));
        Assert.Equal(Shanghai.DateOf((await Unit(unit))["collectedAt"].GetDateTimeOffset()).AddYears(4), Shanghai.DateOf(frozen["made"][0].GetProperty("expiresAt").GetDateTimeOffset()));
        Assert.Equal(Made(frozen).Single(), (await Hospital.Post("/v1/orders", Station.Order(station.Id, "B-", component: "plasma-frozen")))["lines"][0].GetProperty("unitId").GetGuid());
    }

    [Fact]
    public async Task Refused_is_what_is_not_the_stations_to_process_and_nothing_changes()
    {
        var din = await station.Released(but: c => c with { Restrictions = ["red-cells-washed"] });
        var unit = await station.UnitOf(din);
        (int, string?) Said(Answer a) => (a.Status, a.Code);
        Assert.Equal((422, "component_restricted"), Said(await Do("wash", unit)));
        Assert.Equal((422, "volume_exceeds_unit"), Said(await Do("split", unit, new { volumesMl = new[] { 200, 101 } })));
        Assert.Equal((422, "invalid_value"), Said(await Do("split", unit, new { volumesMl = new[] { 200, 0 } })));
        Assert.Equal((422, "invalid_value"), Said(await Do("split", unit, new { parts = 2, volumesMl = new[] { 100, 100 } })));
        Assert.Equal((422, "invalid_value"), Said(await Do("split", unit, new { parts = 1 })));
        Assert.Equal((422, "performed_in_future"), Said(await Do("split", unit, new { parts = 2, performedAt = TimeProvider.System.GetUtcNow().AddHours(1) })));
        Assert.Equal((422, "invalid_value"), Said(await Do("split", unit, new { parts = 2, performedAt = TimeProvider.System.GetUtcNow().AddHours(-1) }))); // before it was made
        Assert.Equal((403, "staff_function_required"), Said(await Do("split", unit, new { parts = 2 }, station.Laboratory)));
        Assert.Equal((404, "not_found"), Said(await Do("split", unit, new { parts = 2 }, new Station(service).Processing)));
        Assert.Equal((403, "role_forbidden"), Said(await Do("split", unit, new { parts = 2 }, Hospital)));
        Assert.Equal("D000200:available D000600:available", await Bags(din));

        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id));
        Assert.Equal(unit, order["lines"][0].GetProperty("unitId").GetGuid());
        Assert.Equal((409, "unit_state"), Said(await Do("split", unit, new { parts = 2 })));
    }

    [Fact]
    public async Task Of_many_who_divide_a_bag_at_once_one_does()
    {
        var din = await station.Released();
        var unit = await station.UnitOf(din);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Do("split", unit, new { parts = 2 + (i % 2) })));
        Assert.Equal(7, answers.Count(a => a is { Status: 409, Code: "unit_state" }));
        Assert.Equal(answers.Single(a => a.Status == 201)["made"].GetArrayLength(), (await station.Donation(din))["units"].EnumerateArray().Count(u => u.GetProperty("parentId").ValueKind == JsonValueKind.String));
    }

    [Fact]
    public async Task A_bag_is_promised_or_divided_never_both()
    {
        for (var round = 0; round < 6; round++)
        {
            var unit = await station.UnitOf(await station.Released(group: "AB-"));
            var split = Do("split", unit, new { parts = 2 });
            var order = Hospital.Post("/v1/orders", Station.Order(station.Id, "AB-", amount: 2));
            var lines = (await order)["lines"].EnumerateArray().Select(l => l.GetProperty("unitId").GetGuid()).ToArray();
            var divided = await split;
            Assert.Contains(divided.Status, new[] { 201, 409 });
            Assert.Equal(divided.Status == 201 ? "consumed" : "reserved", (await Unit(unit)).Text("status"));
            if (divided.Status == 201) Assert.DoesNotContain(unit, lines);
            else Assert.Equal([unit], lines);
            await Hospital.Post($"/v1/orders/{(await order).Id}/cancel", new { reason = "round over" });
            await service.Database.Execute($"update inventory.unit set status = 'discarded' where station_id = '{station.Id}' and status = 'available'");
        }
    }
}
