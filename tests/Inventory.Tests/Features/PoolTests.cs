using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class PoolTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;

    private static string[] Holds(Answer donation) => [.. donation["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()!)];

    private static object Row(string din, string pool, string outcome, string test = "nat-hbv") => new { din, test, outcome, poolId = pool, performedAt = TimeProvider.System.GetUtcNow() };

    /// <summary>Donations with everything but one test.</summary>
    private static async Task<string[]> AllBut(Station station, string test, int count)
    {
        var dins = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var din = await station.Collected();
            await station.Run([.. Station.AllTests.Where(t => t != test).Select(t => Station.Row(din, t, value: t == "abo-rhd" ? "A+" : t == "alt" ? "20" : null))]);
            await station.Components(din);
            dins.Add(din);
        }
        return [.. dins];
    }

    private static async Task<string> Conclusion(Station station, string din, string test = "nat-hbv") => (await station.Donation(din))["conclusions"].GetProperty(test).GetString()!;

    [Fact]
    public async Task A_clean_pool_concludes_its_members()
    {
        var station = new Station(service);
        var dins = await AllBut(station, "nat-hbv", 2);
        var pool = Some.Key();
        await station.Run([.. dins.Select(d => Row(d, pool, "non-reactive"))]);
        foreach (var din in dins) Assert.Equal(("non-reactive", 0), (await Conclusion(station, din), Holds(await station.Donation(din)).Length));
    }

    [Fact]
    public async Task A_reactive_pool_holds_every_member_until_each_has_a_row_of_its_own()
    {
        var station = new Station(service);
        var dins = await AllBut(station, "nat-hbv", 3);
        var pool = Some.Key();
        var run = await station.Run([.. dins.Select(d => Row(d, pool, "reactive"))]);
        Assert.Equal(3, run["accepted"].GetInt32());
        foreach (var din in dins)
        {
            var donation = await station.Donation(din);
            Assert.Equal("inconclusive", donation["conclusions"].GetProperty("nat-hbv").GetString());
            Assert.Equal(["test"], Holds(donation));
            Assert.All(donation["units"].EnumerateArray(), u => Assert.Equal("test", Assert.Single(u.GetProperty("holds").EnumerateArray()).GetProperty("kind").GetString()));
            Assert.Equal("still_reactive", (await station.Quality.Post($"/v1/holds/{donation["holds"][0].GetProperty("id").GetGuid()}/lift", new { reason = "x" })).Code);
        }
        // Nobody is told of a donor what is true of one in three.
        Assert.DoesNotContain(await service.Published<DonorDeferralRequired>(), d => dins.Contains(d.Din));
        Assert.DoesNotContain(await service.Published<DonationTested>(), d => dins.Contains(d.Din));

        await station.Run([Station.Row(dins[0], "nat-hbv", "reactive"), Station.Row(dins[1], "nat-hbv")]);
        Assert.Equal(["reactive", "non-reactive", "inconclusive"], [await Conclusion(station, dins[0]), await Conclusion(station, dins[1]), await Conclusion(station, dins[2])]);
        Assert.Equal(dins[0], Assert.Single(await service.Published<DonorDeferralRequired>(), d => dins.Contains(d.Din)).Din);
        Assert.Equal([(dins[0], false), (dins[1], true)], (await service.Published<DonationTested>()).Where(d => dins.Contains(d.Din)).OrderBy(d => d.Din, StringComparer.Ordinal).Select(d => (d.Din, d.Qualified)));

        // The clean member waits for two people, and is not held again by what else is recorded of it.
        Assert.Equal("not_releasable", (await station.Sign(dins[1], station.ReleaserA)).Code);
        await station.Lift((await station.Donation(dins[1]))["holds"][0].GetProperty("id").GetGuid(), "clean by itself");
        await station.Run([Station.Row(dins[1], "alt", value: "30")]);
        Assert.Empty(Holds(await station.Donation(dins[1])));
        await service.Seal("donor");
        Assert.Equal(202, (await station.Sign(dins[1], station.ReleaserA)).Status);
    }

    [Fact]
    public async Task No_other_pool_releases_a_member()
    {
        var station = new Station(service);
        var din = (await AllBut(station, "nat-hbv", 1))[0];
        await station.Run([Row(din, Some.Key(), "non-reactive")]);
        await station.Run([Row(din, Some.Key(), "reactive")]);
        await station.Run([Row(din, Some.Key(), "non-reactive")]);
        Assert.Equal("inconclusive", await Conclusion(station, din));
    }

    [Fact]
    public async Task Members_of_whom_an_earlier_run_said_that_the_pool_was_clean_are_held_too_released_or_not()
    {
        var station = new Station(service);
        var dins = await AllBut(station, "nat-hbv", 2);
        var pool = Some.Key();
        await station.Run([Row(dins[0], pool, "non-reactive")]);
        await service.Seal("donor");
        await station.Sign(dins[0], station.ReleaserA);
        Assert.Equal(200, (await station.Sign(dins[0], station.ReleaserB)).Status);

        // Another station's pool of the same number is another pool, and so is another test.
        var other = new Station(service);
        var elsewhere = (await AllBut(other, "nat-hbv", 1))[0];
        await other.Run([Row(elsewhere, pool, "non-reactive")]);
        await station.Run([Row(dins[0], pool, "reactive", "nat-hcv")], controlsValid: false);
        Assert.Empty(Holds(await station.Donation(dins[0])));

        await station.Run([Row(dins[1], pool, "reactive")]);
        foreach (var din in dins) Assert.Equal(("inconclusive", "test"), (await Conclusion(station, din), Assert.Single(Holds(await station.Donation(din)))));
        Assert.All((await station.Donation(dins[0]))["units"].EnumerateArray(), u => Assert.Equal(1, u.GetProperty("holds").GetArrayLength()));
        Assert.Equal(("non-reactive", 0), (await Conclusion(other, elsewhere), Holds(await other.Donation(elsewhere)).Length));

        // Who is named afterwards, as clean, is in it all the same.
        var late = (await AllBut(station, "nat-hbv", 1))[0];
        await station.Run([Row(late, pool, "non-reactive")]);
        Assert.Equal(("inconclusive", "test"), (await Conclusion(station, late), Assert.Single(Holds(await station.Donation(late)))));
    }

    [Fact]
    public async Task A_run_that_says_two_things_of_a_pool_is_not_believed_in_those_rows()
    {
        var station = new Station(service);
        string[] dins = [await station.Collected(), await station.Collected(), await station.Collected()];
        var pool = Some.Key();
        var run = await station.Run([Row(dins[0], pool, "reactive"), Row(dins[1], pool, "non-reactive"), Row(dins[2], pool, "non-reactive", "nat-hcv"), Station.Row(dins[2], "nat-hbv")]);
        Assert.Equal(["pool_contradicts", "pool_contradicts", null, null], run["items"].EnumerateArray().Select(i => i.GetProperty("code").GetString()));
        Assert.Equal(2, run["accepted"].GetInt32());
        Assert.Equal("pending", await Conclusion(station, dins[1]));
        Assert.Empty(Holds(await station.Donation(dins[0])));
    }

    [Fact]
    public async Task Runs_at_once_about_one_pool_hold_every_member()
    {
        var station = new Station(service);
        var dins = await AllBut(station, "nat-hbv", 6);
        var pool = Some.Key();
        await Task.WhenAll(dins.Select((din, i) => station.Run([Row(din, pool, i == 3 ? "reactive" : "non-reactive")])));
        foreach (var din in dins) Assert.Equal(("inconclusive", "test"), (await Conclusion(station, din), Assert.Single(Holds(await station.Donation(din)))));
    }

    [Fact]
    public async Task A_pools_row_corrected_to_reactive_holds_its_members()
    {
        var station = new Station(service);
        var dins = await AllBut(station, "nat-hbv", 2);
        var pool = Some.Key();
        var run = await station.Run([.. dins.Select(d => Row(d, pool, "non-reactive"))]);
        Assert.Equal(201, (await station.As("L2", "laboratory").Post($"/v1/test-runs/{run.Id}/corrections", new { rowIndex = 0, outcome = "reactive", reasonCode = "transcription" })).Status);
        foreach (var din in dins) Assert.Equal(("inconclusive", "test"), (await Conclusion(station, din), Assert.Single(Holds(await station.Donation(din)))));
    }

    [Fact]
    public async Task A_member_whose_donation_has_not_arrived_is_held_when_it_does()
    {
        var station = new Station(service);
        var din = (await station.Dins(1))[0];
        await station.Run([Row(din, Some.Key(), "reactive")]);
        await service.Deliver(station.Collection(din));
        Assert.Equal(("inconclusive", "test"), (await Conclusion(station, din), Assert.Single(Holds(await station.Donation(din)))));
    }
}
