using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class TestSchemeTests(InventoryService inventory)
{
    private static readonly string[] Serology = ["hbsag", "anti-hcv", "hiv-ag-ab", "syphilis"];
    private readonly ServiceUnderTest service = inventory.Service;
    private readonly Station station = new(inventory.Service) { Id = InventoryService.TwoRounds };

    private Task<string> Collected() => station.Collected(but: c => c with { StartedAt = TimeProvider.System.GetUtcNow(), EndedAt = TimeProvider.System.GetUtcNow() });

    private Task<Answer> Run(string din, string? lot, string? round, params string[] tests) => station.Laboratory.Post("/v1/test-runs", new
    {
        runId = Some.Key(), instrument = "ELISA-1", reagentLot = lot, controlsValid = true, rows = tests.Select(t => Station.Row(din, t, value: t == "abo-rhd" ? "A+" : t == "alt" ? "20" : null, round: round)),
    });

    private async Task<string> Conclusion(string din, string test = "hbsag") => (await station.Donation(din))["conclusions"].GetProperty(test).GetString()!;

    [Fact]
    public async Task Two_rounds_by_two_reagents_conclude_and_the_donation_names_its_scheme()
    {
        var din = await Collected();
        await Run(din, "R1", null, ["abo-rhd", "alt", "nat-hbv", "nat-hcv", "nat-hiv", .. Serology]);
        Assert.Equal("pending", await Conclusion(din)); // a row without round is none of the two
        Assert.Equal("non-reactive", await Conclusion(din, "nat-hbv"));
        await Run(din, "R1", "first", Serology);
        await Run(din, "R1", "first", Serology); // twice the first is no second
        await Run(din, "R1", "second", Serology);
        await Run(din, null, "second", Serology); // by nobody knows which
        Assert.Equal("pending", await Conclusion(din));
        Assert.DoesNotContain(await service.Published<DonationTested>(), t => t.Din == din);
        await Run(din, "R2", "second", Serology);
        var donation = await station.Donation(din);
        Assert.All(donation["conclusions"].EnumerateObject(), c => Assert.Equal("non-reactive", c.Value.GetString()));
        Assert.Equal("two-rounds.1", donation["testScheme"].GetString());
        Assert.True(Assert.Single(await service.Published<DonationTested>(), t => t.Din == din).Qualified);
    }

    [Fact]
    public async Task Either_round_reactive_is_reactive()
    {
        foreach (var round in new[] { "first", "second", null })
        {
            var din = await Collected();
            await Run(din, "R1", "first", "hbsag");
            await Run(din, "R2", "second", "hbsag");
            await station.Run([Station.Row(din, "hbsag", "reactive", round: round)]);
            Assert.Equal("reactive", await Conclusion(din));
        }
    }

    [Fact]
    public async Task Other_stations_and_what_was_collected_before_keep_their_scheme()
    {
        var other = new Station(service);
        var elsewhere = await other.Tested();
        Assert.Equal(("sandbox.1", "non-reactive"), ((await other.Donation(elsewhere))["testScheme"].GetString(), (await other.Donation(elsewhere))["conclusions"].GetProperty("hbsag").GetString()));
        var before = await station.Collected(); // two hours ago, when the station was not configured so
        await Run(before, null, null, "hbsag");
        Assert.Equal(("sandbox.1", "non-reactive"), ((await station.Donation(before))["testScheme"].GetString(), await Conclusion(before)));
    }

    [Fact]
    public async Task What_is_configured_otherwise_holds_for_what_is_collected_from_then_on()
    {
        static async Task<string> Collected(Station of) => await of.Collected(but: c => c with { StartedAt = TimeProvider.System.GetUtcNow(), EndedAt = TimeProvider.System.GetUtcNow() });
        async Task<ServiceUnderTest> Start(ServiceUnderTest? after, string[] settings) => await ServiceUnderTest.Start("inventory", Program.Create, database: after?.Database, tokens: after?.Tokens, migrate: after is null, settings: settings);

        var id = Some.Id();
        await using var first = await Start(null, ["--Inventory:TestScheme=two-rounds", $"--Inventory:TestSchemes:{id}=sandbox"]);
        Station all = new(first), one = new(first) { Id = id };
        string[] early = [await Collected(all), await Collected(one)];
        await using var second = await Start(first, []);
        await using var third = await Start(first, ["--Inventory:TestScheme=two-rounds"]);
        string[] late = [await Collected(all), await Collected(one)];
        Assert.Equal(["two-rounds.1", "sandbox.1", "two-rounds.1", "two-rounds.1"],
            [.. await Task.WhenAll(new[] { (all, early[0]), (one, early[1]), (all, late[0]), (one, late[1]) }.Select(async d => (await d.Item1.Donation(d.Item2))["testScheme"].GetString()!))]);
        Assert.Equal(5, await first.Database.Scalar<long>("select count(*) from inventory.station_test_scheme"));
    }

    [Theory]
    [InlineData("--Inventory:TestScheme=three-rounds", "three-rounds")]
    [InlineData("--Inventory:TestSchemes:Jiangmen=two-rounds", "Jiangmen")]
    public async Task A_scheme_or_station_that_is_none_fails_the_start(string setting, string named) =>
        Assert.Contains(named, (await Assert.ThrowsAsync<InvalidOperationException>(() => ServiceUnderTest.Start("inventory", Program.Create, settings: setting))).Message);
}
