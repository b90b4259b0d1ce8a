using BloodPlatform.Chassis;
using BloodPlatform.Contracts;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Recognition;

namespace BloodPlatform.Recognition.Tests.Features;

public sealed class MergedDonorTests(RecognitionService recognition)
{
    private readonly ServiceUnderTest service = recognition.Service;
    private HttpClient Station => service.As(Roles.Station, Some.Id());

    private static DonorsMerged Merged(Guid survivor, Guid absorbed, long version = 10, params Guid[] also) => new()
    {
        Key = survivor.ToString(), Version = version, OccurredAt = Given.On(2025), MergeId = Some.Id(), Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = [.. also.Prepend(absorbed).Select(d => new MovedDonor(d, version))],
    };

    private static DonorsUnmerged Unmerged(Guid survivor, Guid absorbed, long version, params Guid[] also) => new()
    {
        Key = survivor.ToString(), Version = version, OccurredAt = Given.On(2025), MergeId = Some.Id(), Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = [.. also.Prepend(absorbed).Select(d => new MovedDonor(d, version))],
    };

    private async Task<List<HonourEarned>> Earned(params Guid[] donors) => [.. (await service.Published<HonourEarned>()).Where(h => donors.Contains(h.DonorId))];

    private static DomainEvent[] Gifts(Guid donor, int count, int from) => [.. Enumerable.Range(from, count).Select(year => Given.WholeBlood(donor, 400, Given.On(year)))];

    [Fact]
    public async Task Credits_of_both_ids_are_counted_together_once_and_a_level_reached_only_together_is_earned_by_the_merge()
    {
        var (survivor, absorbed, app) = (Some.Id(), Some.Id(), Some.Id());
        await service.Deliver([Given.Registered(survivor), Given.Registered(absorbed, app), .. Gifts(survivor, 6, 2010), .. Gifts(absorbed, 5, 2016)]); // 12 and 10 counts: bronze begins at 20
        Assert.Empty(await Earned(survivor, absorbed));
        var merged = Merged(survivor, absorbed) with { EventId = Some.Id() };
        await service.Deliver(merged, merged, merged with { EventId = Some.Id() }); // again, and an old replay
        foreach (var id in new[] { survivor, absorbed })
        {
            var answer = await Station.Get($"/v1/recognitions/{id}");
            Assert.Equal((survivor, 11, 4400, 22), (answer["donorId"].GetGuid(), answer["donations"].GetInt32(), answer["volumeMl"].GetInt32(), answer["counts"].GetProperty("national").GetInt32()));
            Assert.Equal(["guangdong-dedication", "national-dedication"], answer["honours"].EnumerateArray().Select(h => h.GetProperty("award").GetString()!).Order());
        }
        Assert.Equal([survivor, survivor], (await Earned(survivor, absorbed)).Select(h => h.DonorId));
        Assert.Equal(200, (await service.As(Roles.App, app).Get($"/v1/recognitions/{survivor}")).Status); // it acts for the person

        // What he gives under either id goes on counting for both, and no level comes twice.
        await service.Deliver(Given.WholeBlood(absorbed, 400, Given.On(2022)));
        Assert.Equal(12, (await Station.Get($"/v1/recognitions/{survivor}"))["donations"].GetInt32());
        Assert.Equal(2, (await Earned(survivor, absorbed)).Count);
    }

    [Fact]
    public async Task Undone_each_has_his_own_again_and_what_was_reached_only_together_is_revoked()
    {
        var (survivor, absorbed) = (Some.Id(), Some.Id());
        await service.Deliver([Given.Registered(survivor), Given.Registered(absorbed), .. Gifts(survivor, 6, 2010), .. Gifts(absorbed, 5, 2016)]);
        await service.Deliver(Merged(survivor, absorbed), Given.WholeBlood(absorbed, 400, Given.On(2022)), Unmerged(survivor, absorbed, 20));
        foreach (var (id, donations) in new[] { (survivor, 6), (absorbed, 6) })
        {
            var answer = await Station.Get($"/v1/recognitions/{id}");
            Assert.Equal((id, donations, 0), (answer["donorId"].GetGuid(), answer["donations"].GetInt32(), answer["honours"].GetArrayLength()));
        }
        Assert.Equal([survivor, survivor], (await service.Published<HonourRevoked>()).Where(h => h.DonorId == survivor || h.DonorId == absorbed).Select(h => h.DonorId));
        await service.Deliver(Merged(survivor, absorbed, 30));
        Assert.Equal(2, (await Station.Get($"/v1/recognitions/{survivor}"))["honours"].GetArrayLength());
        Assert.Equal(4, (await Earned(survivor, absorbed)).Count); // earned again, as others
    }

    [Fact]
    public async Task In_whatever_order_merges_and_donations_are_heard_the_end_is_the_same()
    {
        List<string> ends = [];
        foreach (var order in new int[][] { [0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [2, 4, 0, 6, 1, 3, 5], [3, 2, 1, 0, 6, 4, 5], [5, 0, 4, 1, 3, 6, 2] })
        {
            var (a, b, c) = (Some.Id(), Some.Id(), Some.Id());
            DomainEvent[] events =
            [
                Given.WholeBlood(a, 400, Given.On(2020)), Given.WholeBlood(b, 400, Given.On(2021)), Given.WholeBlood(c, 400, Given.On(2022)),
                Merged(b, a, 10), Merged(c, b, 20, a), Unmerged(b, a, 30), Merged(c, a, 40),
            ];
            foreach (var i in order) await service.Deliver(events[i]);
            foreach (var id in new[] { a, b, c })
            {
                var answer = await Station.Get($"/v1/recognitions/{id}");
                ends.Add($"{(answer["donorId"].GetGuid() == c ? "c" : "another")} {answer["donations"].GetInt32()} {answer["volumeMl"].GetInt32()}");
            }
        }
        Assert.Equal("c 3 1200", Assert.Single(ends.Distinct()));
    }

    [Fact]
    public async Task Credits_arriving_at_once_under_both_ids_earn_each_level_once()
    {
        var (survivor, absorbed) = (Some.Id(), Some.Id());
        DomainEvent[] events = [.. Gifts(survivor, 8, 2001), .. Gifts(absorbed, 8, 2011), Merged(survivor, absorbed)];
        await Task.WhenAll(events.Select(e => service.Deliver(e)));
        Assert.Equal(16, (await Station.Get($"/v1/recognitions/{absorbed}"))["donations"].GetInt32());
        Assert.Equal(["guangdong-dedication bronze", "guangdong-dedication silver", "national-dedication bronze", "national-dedication silver"],
            (await Earned(survivor, absorbed)).Select(h => $"{h.Award} {h.Level}").Distinct().Order());
        Assert.All((await Earned(survivor, absorbed)).GroupBy(h => (h.DonorId, h.Award, h.Level)), g => Assert.Single(g));
        Assert.Equal(0, await service.Database.Scalar<int>("select count(*) from recognition.parked_message"));
    }
}
