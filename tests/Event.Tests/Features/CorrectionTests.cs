using BloodPlatform.Chassis;
using BloodPlatform.Contracts;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class CorrectionTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;
    private static readonly DateTimeOffset Day = new(2024, 3, 5, 9, 0, 0, TimeSpan.FromHours(8));

    [Fact]
    public async Task Results_recount_by_the_newest_correction_whatever_came_first()
    {
        HashSet<string> seen = [];
        foreach (var order in new int[][] { [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0] })
        {
            var station = Some.Id();
            var drive = await events.PastDrive(station, Day, organisation: await events.Organisation());
            var collected = EventService.Collected(EventService.Din(), await events.Donor(), drive, Day, 400, 400);
            DomainEvent[] facts = [collected, EventService.Corrected(collected, 1, 350, 400), EventService.Corrected(collected, 2, 290, 300)];
            foreach (var i in order) await service.Deliver(facts[i] with { EventId = Some.Id() });
            await service.Deliver(collected with { EventId = Some.Id() }); // an older replay
            var results = await events.Station(station).Get($"/v1/drives/{drive}/results");
            seen.Add($"{results["collected"]} {results["volumeMl"]} {results["byNominalMl"].GetRawText()}");
        }
        Assert.Equal("""1 290 {"300":1}""", Assert.Single(seen));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_void_donation_is_counted_nowhere(bool voidedFirst)
    {
        var station = Some.Id();
        var organisation = await events.Organisation();
        var drive = await events.PastDrive(station, Day, organisation: organisation);
        var collected = EventService.Collected(EventService.Din(), await events.Donor(), drive, Day, 400, 400);
        if (voidedFirst) await service.Deliver(EventService.Voided(collected, 1), collected); else await service.Deliver(collected, EventService.Voided(collected, 1));
        var results = await events.Station(station).Get($"/v1/drives/{drive}/results");
        Assert.Equal((0, 0L, "{}"), (results["collected"].GetInt32(), results["volumeMl"].GetInt64(), results["byNominalMl"].GetRawText()));
        Assert.Equal(0, (await events.Station(station).Get($"/v1/organisations/{organisation}/results"))["collected"].GetInt32());
    }

    [Fact]
    public async Task Who_gave_first_is_recounted_by_the_newest_word_whatever_came_first()
    {
        HashSet<string> seen = [];
        foreach (var order in new int[][] { [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0] })
        {
            var station = Some.Id();
            var drive = await events.PastDrive(station, Day, organisation: await events.Organisation());
            var collected = EventService.Collected(EventService.Din(), await events.Donor(), drive, Day, 400, 400) with { FirstTime = false };
            DonationFirstTimeChanged Said(long version, bool first) => new() { Key = collected.Key, Version = version, OccurredAt = Day, StationId = station, Din = collected.Din, DonorId = collected.DonorId, FirstTime = first };
            DomainEvent[] facts = [collected, Said(11, false), Said(12, true)];
            foreach (var i in order) await service.Deliver(facts[i] with { EventId = Some.Id() });
            await service.Deliver(collected with { EventId = Some.Id() }); // an older replay
            seen.Add((await events.Station(station).Get($"/v1/drives/{drive}/results"))["firstTime"].GetRawText());
        }
        Assert.Equal("1", Assert.Single(seen));
    }

    [Fact]
    public async Task A_collection_and_its_corrections_at_once_never_miss_each_other()
    {
        for (var round = 0; round < 10; round++)
        {
            var station = Some.Id();
            var drive = await events.PastDrive(station, Day, organisation: await events.Organisation());
            var collected = EventService.Collected(EventService.Din(), await events.Donor(), drive, Day, 400, 400);
            await Task.WhenAll(service.Deliver(collected), service.Deliver(EventService.Corrected(collected, 1, 350, 400)), service.Deliver(EventService.Corrected(collected, 2, 390, 400)));
            Assert.Equal(390, (await events.Station(station).Get($"/v1/drives/{drive}/results"))["volumeMl"].GetInt64());
        }
    }
}
