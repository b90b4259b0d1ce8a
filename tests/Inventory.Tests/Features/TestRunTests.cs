using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class TestRunTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;

    private static string[] Holds(Answer donation) => [.. donation["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()!)];

    [Fact]
    public async Task Rows_are_independent()
    {
        var station = new Station(service);
        var din = await station.Collected();
        var foreign = (await new Station(service).Dins(1))[0];
        var tomorrow = TimeProvider.System.GetUtcNow().AddDays(1);
        var run = await station.Run([
            Station.Row(din, "hbsag"), Station.Row("A999915123456N", "hbsag"), Station.Row(foreign, "hbsag"), Station.Row(din, "tea-leaves"), Station.Row(din, "alt", value: "high"), Station.Row(din, "abo-rhd", value: "C+"),
            Station.Row(din, "anti-hcv", "perhaps"), Station.Row(din, "anti-hcv", round: "third"), Station.Row(din, "syphilis", at: tomorrow), new { test = "hbsag" }, Station.Row(din, "nat-hbv")]);
        Assert.Equal((200, 2, 9), (run.Status, run["accepted"].GetInt32(), run["rejected"].GetInt32()));
        Assert.Equal([null, "din_invalid", "din_unknown", "invalid_value", "invalid_value", "invalid_value", "invalid_value", "invalid_value", "performed_in_future", "din_invalid", null],
            run["items"].EnumerateArray().Select(i => i.GetProperty("code").GetString()));
        Assert.Equal("/rows/4/value", run["items"][4].GetProperty("errors")[0].GetProperty("pointer").GetString());
        Assert.Equal(2, await service.Database.Scalar<long>("select count(*) from inventory.test_result r join inventory.test_run t on t.id = r.test_run where t.station_id = @Id", new { station.Id }));
        Assert.Equal(200, (await station.Client.Get($"/v1/test-runs/{run.Id}")).Status);
    }

    [Fact]
    public async Task A_run_is_recorded_once_per_station()
    {
        var station = new Station(service);
        var din = await station.Collected();
        var id = Some.Key();
        Assert.Equal(200, (await station.Run([Station.Row(din, "hbsag")], runId: id)).Status);
        var again = await station.Run([Station.Row(din, "hbsag", "reactive")], runId: id);
        Assert.Equal((409, "run_exists"), (again.Status, again.Code));
        Assert.Empty(Holds(await station.Donation(din)));
        var other = new Station(service);
        Assert.Equal(200, (await other.Run([Station.Row(await other.Collected(), "hbsag")], runId: id)).Status);
    }

    [Fact]
    public async Task Who_did_not_sign_in_for_the_laboratory_records_nothing()
    {
        var station = new Station(service);
        var din = await station.Collected();
        Assert.Equal("staff_required", (await station.Run([Station.Row(din, "hbsag", "reactive")], by: station.Client)).Code);
        Assert.Equal("staff_function_required", (await station.Run([Station.Row(din, "hbsag", "reactive")], by: station.ReleaserA)).Code);
        Assert.Equal("role_forbidden", (await service.As(Roles.Hospital, Some.Id()).Post("/v1/test-runs", new { })).Code);
        Assert.Equal(422, (await station.Run([])).Status);
        Assert.Equal(422, (await station.Run([.. Enumerable.Repeat(Station.Row(din, "hbsag"), 1001)])).Status);
        Assert.Equal("pending", (await station.Donation(din))["conclusions"].GetProperty("hbsag").GetString());
    }

    [Fact]
    public async Task A_reactive_row_holds_donation_and_bags_defers_the_donor_and_looks_back_in_one_transaction()
    {
        var station = new Station(service);
        var donor = Some.Id();
        var inStock = await station.Released(donor);
        var din = await station.Releasable(donor);
        var run = await station.Run([Station.Row(din, "nat-hcv", "reactive")]);
        Assert.Equal(1, run["accepted"].GetInt32());

        var donation = await station.Donation(din);
        Assert.Equal("reactive", donation["conclusions"].GetProperty("nat-hcv").GetString());
        Assert.All(donation["units"].EnumerateArray(), u => Assert.Equal("test", Assert.Single(u.GetProperty("holds").EnumerateArray()).GetProperty("kind").GetString()));
        var looked = await station.Donation(inStock);
        Assert.Equal(["lookback"], Holds(looked));
        Assert.All(looked["units"].EnumerateArray(), u => Assert.Equal("lookback", u.GetProperty("holds")[0].GetProperty("kind").GetString()));

        Assert.Equal((donor, "P22", "provisional"), Assert.Single(await service.Published<DonorDeferralRequired>(), d => d.DonorId == donor) is var d ? (d.DonorId, d.DeferralCode, d.Certainty) : default);
        Assert.Equal(["lookback", "test"], (await service.Published<DonationHeld>()).Where(h => h.DonorId == donor).Select(h => h.Kind).Order());
        Assert.Equal([true, false], (await service.Published<DonationTested>()).Where(t => t.Din == din).Select(t => t.Qualified)); // clean at first, and then not
        var versions = await service.Database.Query<long>("select version from inventory.outbox where key = @din order by position", new { din });
        Assert.Equal(versions.Order().Distinct(), versions);

        await station.Run([Station.Row(din, "nat-hcv"), Station.Row(din, "nat-hcv", round: "retest-a"), Station.Row(din, "nat-hcv", round: "retest-b")]);
        Assert.Equal("inconclusive", (await station.Donation(din))["conclusions"].GetProperty("nat-hcv").GetString());
        Assert.Single(await service.Published<DonorDeferralRequired>(), x => x.DonorId == donor);
    }

    [Fact]
    public async Task Invalid_controls_void_every_row()
    {
        var station = new Station(service);
        var din = await station.Collected();
        await station.Run([.. Station.Rows(din, reactive: "hbsag")], controlsValid: false);
        var donation = await station.Donation(din);
        Assert.All(donation["conclusions"].EnumerateObject(), c => Assert.Equal("pending", c.Value.GetString()));
        Assert.Empty(Holds(donation));
    }

    [Theory]
    [InlineData("50", false)]
    [InlineData("51", true)]
    public async Task Alt_over_50_holds_and_defers_without_look_back(string value, bool held)
    {
        var station = new Station(service);
        var donor = Some.Id();
        var other = await station.Releasable(donor);
        var din = await station.Collected(donor);
        await station.Run(Station.Rows(din, alt: value));
        Assert.Equal(held ? ["test"] : [], Holds(await station.Donation(din)));
        Assert.Empty(Holds(await station.Donation(other)));
        Assert.Equal(held ? ["T32"] : [], (await service.Published<DonorDeferralRequired>()).Where(d => d.Din == din).Select(d => d.DeferralCode));
        Assert.Equal([!held], (await service.Published<DonationTested>()).Where(t => t.Din == din).Select(t => t.Qualified));
    }

    [Fact]
    public async Task Another_group_than_before_holds()
    {
        var station = new Station(service);
        var donor = Some.Id();
        await station.Tested(donor, "A+");
        var din = await station.Collected(donor);
        await station.Run(Station.Rows(din, "O+"));
        var donation = await station.Donation(din);
        Assert.Equal(("inconclusive", System.Text.Json.JsonValueKind.Null), (donation["conclusions"].GetProperty("abo-rhd").GetString(), donation["bloodGroup"].ValueKind));
        Assert.Equal(["test"], Holds(donation));
        Assert.DoesNotContain(await service.Published<DonorDeferralRequired>(), d => d.Din == din);

        var chair = await station.Collected(but: c => c with { BloodGroup = "B+" });
        await station.Run(Station.Rows(chair, "A+"));
        Assert.Equal(["test"], Holds(await station.Donation(chair)));
    }

    [Fact]
    public async Task Two_runs_at_once_about_two_donations_of_a_donor_hold_both()
    {
        var station = new Station(service);
        var donor = Some.Id();
        string[] dins = [await station.Collected(donor), await station.Collected(donor)];
        await Task.WhenAll(dins.Select(din => station.Run([Station.Row(din, "syphilis", "reactive")])));
        foreach (var din in dins) Assert.Contains("test", Holds(await station.Donation(din)));
        Assert.Equal(2, (await service.Published<DonorDeferralRequired>()).Count(d => d.DonorId == donor));
    }

    [Fact]
    public async Task A_reactive_row_and_the_donors_next_donation_at_once_never_miss_each_other()
    {
        var station = new Station(service);
        for (var i = 0; i < 8; i++)
        {
            var donor = Some.Id();
            var first = await station.Collected(donor);
            var second = (await station.Dins(1))[0];
            await Task.WhenAll(station.Run([Station.Row(first, "hbsag", "reactive")]), service.Deliver(station.Collection(second, donor)));
            Assert.Equal(["lookback"], Holds(await station.Donation(second)));
        }
    }

    [Fact]
    public async Task A_result_of_a_bag_that_was_discarded_is_a_fact_that_holds_what_is_left()
    {
        var station = new Station(service);
        var din = await station.Releasable();
        var (red, plasma) = (await station.UnitOf(din), await station.UnitOf(din, "plasma-fresh-frozen"));
        Assert.Equal(200, (await station.Client.Post($"/v1/units/{red}/discard", new { reasonCode = "broken" })).Status);
        var run = await station.Run([Station.Row(din, "hbsag", "reactive", round: "second")]);
        Assert.Equal((1, 0), (run["accepted"].GetInt32(), run["rejected"].GetInt32()));
        Assert.Equal(("discarded", "quarantine"), ((await station.Client.Get($"/v1/units/{red}")).Text("status"), (await station.Client.Get($"/v1/units/{plasma}")).Text("status")));
        Assert.Contains("test", (await station.Client.Get($"/v1/units/{plasma}"))["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()));
        Assert.Contains(await service.Published<DonorDeferralRequired>(), e => e.Din == din);
        Assert.Equal(200, (await station.Client.Post($"/v1/units/{plasma}/discard", new { reasonCode = "test-reactive" })).Status);
        Assert.Equal(1, (await station.Run([Station.Row(din, "hbsag", "reactive", round: "retest-a")]))["accepted"].GetInt32()); // of a donation of which nothing is left
    }
}
