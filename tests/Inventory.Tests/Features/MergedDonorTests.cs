using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class MergedDonorTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;

    private static DonorsMerged Merged(Guid survivor, Guid absorbed, long version = 10) => new()
    {
        Key = survivor.ToString(), Version = version, OccurredAt = TimeProvider.System.GetUtcNow(), MergeId = Some.Id(), Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = [new(absorbed, version)],
    };

    private static string[] Holds(Answer donation) => [.. donation["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()!).Order()];

    [Fact]
    public async Task A_reactive_donation_of_one_id_holds_what_the_other_gave_whichever_came_first()
    {
        foreach (var order in new int[][] { [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0] })
        {
            var station = new Station(service);
            var (survivor, absorbed) = (Some.Id(), Some.Id());
            var dins = await station.Dins(2);
            Func<Task>[] happens =
            [
                () => service.Deliver(Merged(survivor, absorbed)),
                () => service.Deliver(station.Collection(dins[0], survivor)),
                async () => { await service.Deliver(station.Collection(dins[1], absorbed)); await station.Run(Station.Rows(dins[1], reactive: "anti-hcv")); },
            ];
            foreach (var i in order) await happens[i]();
            Assert.Equal(["lookback"], Holds(await station.Donation(dins[0])));
            Assert.DoesNotContain("lookback", Holds(await station.Donation(dins[1])));
            Assert.Equal(absorbed, Assert.Single(await service.Published<DonorDeferralRequired>(), e => e.Din == dins[1]).DonorId); // recorded under the id of the donation
        }
    }

    [Fact]
    public async Task Released_bags_are_held_by_the_merge_once_and_stay_held_when_it_is_undone()
    {
        var station = new Station(service);
        var (survivor, absorbed) = (Some.Id(), Some.Id());
        var released = await station.Released(survivor);
        var reactive = await station.Collected(absorbed);
        await station.Run(Station.Rows(reactive, reactive: "hbsag"));
        Assert.Empty(Holds(await station.Donation(released)));
        var merged = Merged(survivor, absorbed) with { EventId = Some.Id() };
        await service.Deliver(merged, merged, merged with { EventId = Some.Id() });
        var held = await station.Donation(released);
        Assert.Equal(["lookback"], Holds(held));
        Assert.All(held["units"].EnumerateArray(), u => Assert.Equal("lookback", u.GetProperty("holds")[0].GetProperty("kind").GetString()));
        await service.Deliver(new DonorsUnmerged { Key = survivor.ToString(), Version = 20, OccurredAt = merged.OccurredAt, MergeId = merged.MergeId, Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = [new(absorbed, 20)] });
        Assert.Equal(["lookback"], Holds(await station.Donation(released)));
        Assert.Equal(absorbed, (await station.Donation(reactive))["donorId"].GetGuid());
    }

    [Fact]
    public async Task After_an_undone_merge_neither_history_is_the_others()
    {
        var station = new Station(service);
        var (survivor, absorbed) = (Some.Id(), Some.Id());
        var clean = await station.Released(survivor);
        await service.Deliver(Merged(survivor, absorbed), new DonorsUnmerged { Key = survivor.ToString(), Version = 20, OccurredAt = TimeProvider.System.GetUtcNow(), MergeId = Some.Id(), Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = [new(absorbed, 20)] });
        await station.Run(Station.Rows(await station.Collected(absorbed), reactive: "anti-hcv"));
        Assert.Empty(Holds(await station.Donation(clean)));
    }

    [Fact]
    public async Task Answers_and_traces_name_the_person_and_lists_find_both_histories()
    {
        var station = new Station(service);
        var (survivor, absorbed) = (Some.Id(), Some.Id());
        string[] dins = [await station.Collected(survivor), await station.Collected(absorbed)];
        await service.Deliver(Merged(survivor, absorbed));
        foreach (var din in dins)
        {
            Assert.Equal(survivor, (await station.Donation(din))["donorId"].GetGuid());
            Assert.Equal(survivor, (await station.Client.Get($"/v1/traces/{din}"))["donation"].GetProperty("donorId").GetGuid());
        }
        foreach (var id in new[] { survivor, absorbed })
            Assert.Equal(dins.Order(), (await station.Client.Get($"/v1/donations?donorId={id}"))["items"].EnumerateArray().Select(d => d.GetProperty("din").GetString()!).Order());
    }

    [Fact]
    public async Task A_blood_group_must_agree_with_both_histories()
    {
        var station = new Station(service);
        var (survivor, absorbed) = (Some.Id(), Some.Id());
        await station.Tested(survivor, "A+");
        var other = await station.Releasable(absorbed, "B+");
        await service.Seal("donor");
        await service.Deliver(Merged(survivor, absorbed));
        var refused = await station.Sign(other, station.ReleaserA);
        Assert.Equal((409, "not_releasable"), (refused.Status, refused.Code));
        Assert.Contains("abo-rhd", refused.Body.GetProperty("errors").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_Donor_holds_back_of_either_id_is_waited_for()
    {
        await using var alone = await ServiceUnderTest.Start("inventory", Program.Create); // seals are everybody's
        var station = new Station(alone);
        var (survivor, absorbed) = (Some.Id(), Some.Id());
        string[] dins = [await station.Releasable(survivor), await station.Releasable(absorbed)];
        await alone.Deliver(Merged(survivor, absorbed));
        foreach (var held in new[] { survivor, absorbed })
        {
            await alone.Seal("donor", null, held.ToString());
            foreach (var din in dins)
                Assert.Equal((503, "donor_facts_stale"), (await station.Sign(din, station.ReleaserA)) is var no ? (no.Status, no.Code) : default);
        }
        await alone.Seal("donor");
        Assert.Equal(202, (await station.Sign(dins[1], station.ReleaserA)).Status);
    }

    [Fact]
    public async Task A_merge_beside_results_and_collections_never_misses_a_look_back()
    {
        for (var round = 0; round < 4; round++)
        {
            var station = new Station(service);
            var (survivor, absorbed) = (Some.Id(), Some.Id());
            var (clean, reactive) = (await station.Collected(survivor), await station.Collected(absorbed));
            var late = (await station.Dins(1))[0];
            await Task.WhenAll(service.Deliver(Merged(survivor, absorbed)), station.Run(Station.Rows(reactive, reactive: "nat-hiv")), service.Deliver(station.Collection(late, survivor)));
            Assert.Equal((1, 1), (Holds(await station.Donation(clean)).Count(h => h == "lookback"), Holds(await station.Donation(late)).Count(h => h == "lookback")));
        }
        Assert.Equal(0, await service.Database.Scalar<int>("select count(*) from inventory.parked_message"));
    }
}
