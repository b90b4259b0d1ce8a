using System.Globalization;
using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class ScanTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;

    private static string Expiry(JsonElement unit, int minutesLater = 0)
    {
        var at = Shanghai.Local(unit.GetProperty("expiresAt").GetDateTimeOffset().AddMinutes(minutesLater));
        return string.Create(CultureInfo.InvariantCulture, $"&>0{at:yy}{at.DayOfYear:000}{at:HHmm}");
    }

    /// <summary>The four codes of a label as it should be.</summary>
    private static string[] LabelOf(JsonElement unit, string group = "=%6200") => [$"={unit.GetProperty("din")}00", group, $"=<{unit.GetProperty("productCode")}V{unit.GetProperty("division")}", Expiry(unit)];

    private static string[] Texts(Answer answer, string name) => [.. answer[name].EnumerateArray().Select(e => e.GetString()!)];

    [Fact]
    public async Task What_is_scanned_names_the_bag_to_its_station_and_to_the_hospital_that_has_it_and_to_nobody_else()
    {
        var station = new Station(service);
        var din = await station.Released();
        var units = (await station.Client.Get($"/v1/units?din={din}"))["items"].EnumerateArray().ToArray();
        Assert.Equal(2, units.Length); // red cells and plasma
        Task<Answer> Resolve(HttpClient http, params string[] scans) => http.Post("/v1/scans/resolve", new { scans });

        var both = await Resolve(station.Client, $"={din}00");
        Assert.Equal((200, din, 2, 0), (both.Status, both.Text("din"), both["units"].GetArrayLength(), both["mismatches"].GetArrayLength()));
        foreach (var unit in units)
        {
            var one = await Resolve(station.Client, LabelOf(unit));
            Assert.Equal((unit.GetProperty("id").GetGuid(), 0), (Assert.Single(one["units"].EnumerateArray()).GetProperty("id").GetGuid(), one["mismatches"].GetArrayLength()));
            Assert.Equal(["001", "002", "003", "005"], one["scans"].EnumerateArray().Select(s => s.GetProperty("structure").GetString()));
        }
        var wrong = await Resolve(station.Client, [.. LabelOf(units[0], "=%9500")[..3], Expiry(units[0], 1), "=%9500", "what is this?"]);
        Assert.Equal(["blood-group", "expiry"], Texts(wrong, "mismatches"));
        Assert.Equal(JsonValueKind.Null, wrong["scans"][5].GetProperty("structure").ValueKind);
        var two = await Resolve(station.Client, $"={din}00", $"={await station.Released()}00", "=%6200", "=%Mq00");
        Assert.Equal((JsonValueKind.Null, 0), (two["din"].ValueKind, two["units"].GetArrayLength()));
        Assert.Equal(["din", "blood-group"], Texts(two, "mismatches"));

        Assert.Empty((await Resolve(new Station(service).Client, $"={din}00"))["units"].EnumerateArray());
        var hospital = service.As(Roles.Hospital, Some.Id());
        Assert.Empty((await Resolve(hospital, $"={din}00"))["units"].EnumerateArray());
        var order = await hospital.Post("/v1/orders", Station.Order(station.Id));
        Assert.Equal(200, (await station.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key())).Status);
        Assert.Single((await Resolve(hospital, $"={din}00"))["units"].EnumerateArray()); // the red cells it ordered, not the plasma

        Assert.Equal((403, "role_forbidden"), (await Resolve(service.As(Roles.App, Some.Id()), $"={din}00")) is var app ? (app.Status, app.Code) : default);
        foreach (var bad in new string?[][] { [], [""], [null], [new string('9', 101)], [.. Enumerable.Repeat("=%6200", 21)] })
            Assert.Equal((422, "invalid_value"), (await station.Client.Post("/v1/scans/resolve", new { scans = bad })) is var refused ? (refused.Status, refused.Code) : default);
    }

    [Fact]
    public async Task A_label_is_verified_by_scanning_it_back_and_one_that_says_anything_else_holds_the_bag()
    {
        var station = new Station(service);
        var unit = (await station.Client.Get($"/v1/units?din={await station.Releasable()}"))["items"][0];
        var id = unit.GetProperty("id").GetGuid();
        Task<Answer> Check(object body) => station.Client.Post($"/v1/units/{id}/label-check", body);

        var good = await Check(new { scans = LabelOf(unit) });
        Assert.True(good.Status == 200 && good["matches"].GetBoolean(), good.ToString());
        var unreadable = await Check(new { scans = (string[])[.. LabelOf(unit), "=%620000"] });
        Assert.Equal((422, "invalid_value", "/scans/4", "unreadable"), (unreadable.Status, unreadable.Code, unreadable["errors"][0].GetProperty("pointer").GetString(), unreadable["errors"][0].GetProperty("code").GetString()));
        Assert.Equal((422, "/din"), (await Check(new { scans = new[] { "=%6200" } })) is var nameless ? (nameless.Status, nameless["errors"][0].GetProperty("pointer").GetString()) : default);
        Assert.Empty((await station.Client.Get($"/v1/units/{id}"))["holds"].EnumerateArray()); // what could not be read changed nothing

        foreach (var (scans, mismatch) in new (string[], string)[]
        {
            ([.. LabelOf(unit)[..3], Expiry(unit, 1)], "expiry"), (LabelOf(unit, "=%5100"), "blood-group"), (LabelOf(unit, "=%6600"), "blood-group"), (LabelOf(unit, "=%Mx00"), "blood-group"),
            ([.. LabelOf(unit)[..2], $"=<{unit.GetProperty("productCode")}VA0"], "division"), ([.. LabelOf(unit)[..2], "=<D9999V00"], "product-code"), ([.. LabelOf(unit), $"={await station.Collected()}00"], "din"), ([$"={await station.Collected()}00"], "din"),
        })
        {
            var bad = await Check(new { scans });
            Assert.Equal((200, false, mismatch), (bad.Status, bad["matches"].GetBoolean(), Assert.Single(Texts(bad, "mismatches"))));
            var hold = Assert.Single((await station.Client.Get($"/v1/units/{id}"))["holds"].EnumerateArray());
            Assert.Equal("quality", hold.GetProperty("kind").GetString());
            Assert.Equal(200, (await station.Lift(hold.GetProperty("id").GetGuid(), "重贴标签")).Status);
        }
    }
}
