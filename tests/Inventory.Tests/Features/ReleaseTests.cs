using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class ReleaseTests(InventoryService inventory) : IAsyncLifetime
{
    private readonly ServiceUnderTest service = inventory.Service;

    public async ValueTask InitializeAsync() => await service.Seal("donor");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static string[] Errors(Answer answer) => [.. answer["errors"].EnumerateArray().Select(e => e.GetProperty("code").GetString()!)];

    private async Task<string> Written(string din) => await service.Database.Scalar<string>("""
        select concat(d.version, ' ', d.status, ' ', (select count(*) from inventory.release_signature s where s.din = d.din), ' ', (select count(*) from inventory.outbox o where o.key = d.din), ' ',
                      (select string_agg(u.status, ',') from inventory.unit u where u.din = d.din)) from inventory.donation d where d.din = @din
        """, new { din });

    [Fact]
    public async Task Two_people_release_a_donation()
    {
        var station = new Station(service);
        var din = await station.Releasable();
        var first = await station.Sign(din, station.ReleaserA);
        Assert.Equal((202, 1), (first.Status, first["signatures"].GetInt32()));
        Assert.Equal("quarantine", (await station.Donation(din)).Text("status"));
        var second = await station.Sign(din, station.ReleaserB);
        Assert.Equal((200, "available", 0), (second.Status, second.Text("status"), second["unmet"].GetArrayLength()));
        Assert.All(second["units"].EnumerateArray(), u => Assert.Equal(("available", "A+"), (u.GetProperty("status").GetString(), u.GetProperty("bloodGroup").GetString())));
        Assert.Equal(["plasma-fresh-frozen", "red-cells-suspended"], (await service.Published<UnitReleased>()).Where(u => u.Din == din).Select(u => u.Component).Order());
        Assert.Single(await service.Published<DonationReleased>(), r => r.Din == din);
        var third = await station.Sign(din, station.As("R3", "release"));
        Assert.Equal((409, "already_released"), (third.Status, third.Code));
    }

    [Fact]
    public async Task A_signature_is_a_persons_and_needs_a_key()
    {
        var station = new Station(service);
        var din = await station.Releasable();
        var before = await Written(din);
        Assert.Equal((403, "staff_required"), (await station.Sign(din, station.Client)) is var a ? (a.Status, a.Code) : default);
        Assert.Equal("staff_function_required", (await station.Sign(din, station.Laboratory)).Code);
        Assert.Equal((400, "idempotency_key_required"), (await station.ReleaserA.Post($"/v1/donations/{din}/release-signatures")) is var b ? (b.Status, b.Code) : default);
        Assert.Equal(404, (await station.Sign(din, service.As(Roles.Station, Some.Id(), "R1", "release"))).Status);
        Assert.Equal(before, await Written(din));
    }

    [Fact]
    public async Task One_person_twice_is_same_signer()
    {
        var station = new Station(service);
        var din = await station.Releasable();
        await station.Sign(din, station.ReleaserA);
        var before = await Written(din);
        var again = await station.Sign(din, station.ReleaserA);
        Assert.Equal((409, "same_signer"), (again.Status, again.Code));
        Assert.Equal(before, await Written(din));
    }

    [Fact]
    public async Task Whoever_entered_the_results_does_not_sign()
    {
        var station = new Station(service);
        var din = await station.Collected();
        var both = station.As("B1", "laboratory", "release");
        await station.Run(Station.Rows(din), by: both);
        await station.Components(din);
        var before = await Written(din);
        var refused = await station.Sign(din, both);
        Assert.Equal((409, "entered_results"), (refused.Status, refused.Code));
        Assert.Equal(before, await Written(din));
        Assert.Equal(202, (await station.Sign(din, station.ReleaserA)).Status);
        Assert.Equal("entered_results", (await station.Sign(din, both)).Code);
    }

    [Theory]
    [InlineData("abo-rhd")]
    [InlineData("alt")]
    [InlineData("hbsag")]
    [InlineData("anti-hcv")]
    [InlineData("hiv-ag-ab")]
    [InlineData("syphilis")]
    [InlineData("nat-hbv")]
    [InlineData("nat-hcv")]
    [InlineData("nat-hiv")]
    public async Task A_missing_test_keeps_it_back(string missing)
    {
        var station = new Station(service);
        var din = await station.Collected();
        await station.Run([.. Station.Rows(din).Where((_, i) => Station.AllTests[i] != missing)]);
        await station.Components(din);
        var before = await Written(din);
        var refused = await station.Sign(din, station.ReleaserA);
        Assert.Equal((409, "not_releasable"), (refused.Status, refused.Code));
        Assert.Equal(missing == "abo-rhd" ? ["test_pending", "group_unknown"] : ["test_pending"], Errors(refused));
        Assert.Equal(before, await Written(din));
    }

    [Fact]
    public async Task Every_unmet_condition_is_named()
    {
        var station = new Station(service);
        var din = await station.Collected(but: c => c with { Deviations = ["bleed-time-long"] });
        await station.Run([Station.Row(din, "hbsag", "reactive")]);
        var refused = await station.Sign(din, station.ReleaserA);
        Assert.Equal(["group_unknown", "held", "held", "no_components", .. Enumerable.Repeat("test_pending", 8), "test_reactive"], Errors(refused).Order(StringComparer.Ordinal));
        Assert.Equal(Errors(refused), (await station.Donation(din))["unmet"].EnumerateArray().Select(e => e.GetProperty("code").GetString()!));
    }

    [Fact]
    public async Task Two_second_signatures_at_once_release_once()
    {
        var station = new Station(service);
        var din = await station.Releasable();
        await station.Sign(din, station.ReleaserA);
        var answers = await Task.WhenAll(Enumerable.Range(2, 8).Select(i => station.Sign(din, station.As($"R{i}", "release"))));
        Assert.Equal((1, 7), (answers.Count(a => a.Status == 200), answers.Count(a => a.Code == "already_released")));
        Assert.Single(await service.Published<DonationReleased>(), r => r.Din == din);
        Assert.Equal(2, (await service.Published<UnitReleased>()).Count(u => u.Din == din));
    }

    [Fact]
    public async Task The_same_request_again_is_one_signature_and_the_same_answer()
    {
        var station = new Station(service);
        var din = await station.Releasable();
        var key = Some.Key();
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => station.Sign(din, station.ReleaserA, key)));
        Assert.All(answers, a => Assert.Equal((202, 1), (a.Status, a["signatures"].GetInt32())));
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from inventory.release_signature where din = @din", new { din }));
    }

    [Fact]
    public async Task A_hold_between_the_signatures_stops_the_release_until_quality_lifts_it()
    {
        var station = new Station(service);
        var din = await station.Releasable();
        await station.Sign(din, station.ReleaserA);
        var unit = await station.UnitOf(din);
        var held = await station.Client.Post($"/v1/units/{unit}/hold", new { kind = "cold-chain", reason = "logger gap" });
        Assert.Equal("cold-chain", held["holds"][0].GetProperty("kind").GetString());
        Assert.Equal(["held"], Errors(await station.Sign(din, station.ReleaserB)));
        var hold = held["holds"][0].GetProperty("id").GetGuid();
        Assert.Equal("staff_function_required", (await station.ReleaserA.Post($"/v1/holds/{hold}/lift", new { reason = "seen" })).Code);
        Assert.Equal(422, (await station.Quality.Post($"/v1/holds/{hold}/lift", new { reason = "" })).Status);
        Assert.Equal(200, (await station.Lift(hold, "log complete")).Status);
        Assert.Equal("hold_lifted", (await station.Quality.Post($"/v1/holds/{hold}/lift", new { reason = "again" })).Code);
        Assert.Equal(200, (await station.Sign(din, station.ReleaserB)).Status);
    }

    [Fact]
    public async Task Two_people_lift_a_hold_and_each_speaks_for_one_hold_only()
    {
        var station = new Station(service);
        var din = await station.Releasable();
        var unit = await station.UnitOf(din);
        await station.Client.Post($"/v1/units/{unit}/hold", new { kind = "quality" });
        var holds = (await station.Client.Post($"/v1/units/{unit}/hold", new { kind = "cold-chain" }))["holds"].EnumerateArray().Select(h => h.GetProperty("id").GetGuid()).ToArray();
        Task<Answer> Lift(string staff, Guid hold) => station.As(staff, "quality").Post($"/v1/holds/{hold}/lift", new { reason = "已复核" });
        async Task<string> State(Guid hold) => await station.Client.Get($"/v1/holds/{hold}") is var h ? $"{h["signatures"].GetInt32()} {h["allowedActions"].GetArrayLength()}" : "";

        Assert.Equal((202, 1), await Lift("Q1", holds[0]) is var first ? (first.Status, first["signatures"].GetInt32()) : default);
        Assert.Equal((409, "same_signer"), await Lift("Q1", holds[0]) is var again ? (again.Status, again.Code) : default);
        Assert.Equal("1 1", await State(holds[0]));
        Assert.Equal(202, (await Lift("Q2", holds[1])).Status); // of another hold the second person is the first
        Assert.Equal(["held", "held"], Errors(await station.Sign(din, station.ReleaserA)));
        var both = await Task.WhenAll(Enumerable.Range(2, 6).Select(i => Lift($"Q{i}", holds[0])));
        Assert.Equal((1, 5), (both.Count(b => b.Status == 200), both.Count(b => b.Code == "hold_lifted")));
        Assert.Equal(("2 0", "1 1", 1), (await State(holds[0]), await State(holds[1]), (await station.Client.Get($"/v1/units/{unit}"))["holds"].GetArrayLength()));
        Assert.Equal(["held"], Errors(await station.Sign(din, station.ReleaserA)));
        Assert.Equal(200, (await Lift("Q1", holds[1])).Status);
        Assert.Equal(202, (await station.Sign(din, station.ReleaserA)).Status);
    }

    [Fact]
    public async Task A_hold_for_a_reactive_test_is_not_lifted()
    {
        var station = new Station(service);
        var din = await station.Released();
        await station.Run([Station.Row(din, "nat-hbv", "reactive")]);
        var hold = (await station.Donation(din))["holds"][0].GetProperty("id").GetGuid();
        var refused = await station.Quality.Post($"/v1/holds/{hold}/lift", new { reason = "in a hurry" });
        Assert.Equal((409, "still_reactive"), (refused.Status, refused.Code));
        Assert.Equal(404, (await service.As(Roles.Station, Some.Id(), "Q", "quality").Post($"/v1/holds/{hold}/lift", new { reason = "other station" })).Status); // another's, at once and though it is fresh
    }

    [Fact]
    public async Task A_wrong_label_holds_the_bag()
    {
        var station = new Station(service);
        var din = await station.Releasable();
        var unit = await station.UnitOf(din);
        var good = await station.Client.Post($"/v1/units/{unit}/label-check", new { din, bloodGroup = "A+", productCode = "D0002" });
        Assert.True(good["matches"].GetBoolean());
        var bad = await station.Client.Post($"/v1/units/{unit}/label-check", new { din, bloodGroup = "O+" });
        Assert.Equal((false, "blood-group"), (bad["matches"].GetBoolean(), bad["mismatches"][0].GetString()));
        Assert.Equal(["held"], Errors(await station.Sign(din, station.ReleaserA)));
    }

    [Theory]
    [InlineData("""{"dins":[null]}""", 422, "/dins/0")]
    [InlineData("""{"dins":["DIN",null]}""", 422, "/dins/1")]
    [InlineData("""{"dins":[]}""", 422, "/dins")]
    [InlineData("""{"dins":null}""", 400, null)]
    [InlineData("""{"dins":["DIN",7]}""", 400, null)]
    public async Task A_batch_with_no_number_in_a_row_is_refused_and_nothing_is_signed(string body, int status, string? pointer)
    {
        var station = new Station(service);
        var din = await station.Releasable();
        var answer = await station.ReleaserA.Post("/v1/release-batches", System.Text.Json.JsonSerializer.Deserialize<System.Text.Json.JsonElement>(body.Replace("DIN", din, StringComparison.Ordinal)), Some.Key());
        Assert.Equal((status, status == 422 ? "invalid_value" : "malformed_request"), (answer.Status, answer.Code));
        if (pointer is not null) Assert.Equal(pointer, Assert.Single(answer["errors"].EnumerateArray()).GetProperty("pointer").GetString());
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from inventory.release_signature where din = @din", new { din }));
    }

    [Fact]
    public async Task A_batch_answers_row_by_row()
    {
        var station = new Station(service);
        string[] good = [await station.Releasable(), await station.Releasable()];
        var pending = await station.Collected();
        string[] dins = [.. good, pending, "A999915123456N", "G123417654321", good[0]];
        var first = await station.ReleaserA.Post("/v1/release-batches", new { dins }, Some.Key());
        Assert.Equal((200, 2, 4), (first.Status, first["accepted"].GetInt32(), first["rejected"].GetInt32()));
        Assert.Equal([null, null, "not_releasable", "din_invalid", "not_found", "same_signer"], first["items"].EnumerateArray().Select(i => i.GetProperty("code").GetString()));
        var second = await station.ReleaserB.Post("/v1/release-batches", new { dins = good }, Some.Key());
        Assert.All(second["items"].EnumerateArray(), i => Assert.Equal("released", i.GetProperty("status").GetString()));
        Assert.Equal("available", (await station.Donation(good[1])).Text("status"));
    }
}
