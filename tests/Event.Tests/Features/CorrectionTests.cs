using BloodPlatform.Chassis;
using BloodPlatform.Contracts;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class CorrectionTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;
    private static readonly DateTimeOffset Day = new(2024, 3, 5, 9, 0, 0, TimeSpan.FromHours(8));

    private static CollectedState StateOf(DonationCollected e) => new(e.Procedure, e.NominalMl, e.CollectedMl, e.TreatmentUnits, e.Outcome, e.Bag, e.BleedSeconds, e.Deviations, e.Restrictions, e.StartedAt, e.EndedAt);

    private static DonationCorrected Corrected(DonationCollected e, int number, int ml, int nominal) => new()
    {
        Key = e.Key, Version = 10 + number, OccurredAt = Day, StationId = e.StationId, CorrectionId = Some.Id(), Din = e.Din, Number = number, DonorId = e.DonorId, DriveId = e.DriveId, ReasonCode = "measured-again",
        Before = StateOf(e), After = StateOf(e) with { CollectedMl = ml, NominalMl = nominal }, Backfilled = e.Backfilled,
    };

    private static DonationVoided Voided(DonationCollected e, int number) => new()
    {
        Key = e.Key, Version = 10 + number, OccurredAt = Day, StationId = e.StationId, CorrectionId = Some.Id(), Din = e.Din, Number = number, DonorId = e.DonorId, DriveId = e.DriveId, ReasonCode = "wrong-donor", Before = StateOf(e), Backfilled = e.Backfilled,
    };

    [Fact]
    public async Task Results_recount_by_the_newest_correction_whatever_came_first()
    {
        HashSet<string> seen = [];
        foreach (var order in new int[][] { [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0] })
        {
            var station = Some.Id();
            var drive = await events.PastDrive(station, Day, organisation: await events.Organisation());
            var collected = EventService.Collected(EventService.Din(), await events.Donor(), drive, Day, 400, 400);
            DomainEvent[] facts = [collected, Corrected(collected, 1, 350, 400), Corrected(collected, 2, 290, 300)];
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
        if (voidedFirst) await service.Deliver(Voided(collected, 1), collected); else await service.Deliver(collected, Voided(collected, 1));
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
            await Task.WhenAll(service.Deliver(collected), service.Deliver(Corrected(collected, 1, 350, 400)), service.Deliver(Corrected(collected, 2, 390, 400)));
            Assert.Equal(390, (await events.Station(station).Get($"/v1/drives/{drive}/results"))["volumeMl"].GetInt64());
        }
    }
}
