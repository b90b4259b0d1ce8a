using BloodPlatform.Chassis;
using BloodPlatform.Contracts;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Recognition;

namespace BloodPlatform.Recognition.Tests.Features;

/// <summary>Corrections and voidings: lines are only added, totals are sums, whatever the order.</summary>
public sealed class CorrectionTests(RecognitionService recognition)
{
    private readonly ServiceUnderTest service = recognition.Service;

    private HttpClient Station => service.As(Roles.Station, Some.Id());

    private static CollectedState StateOf(DonationCollected e) => new(e.Procedure, e.NominalMl, e.CollectedMl, e.TreatmentUnits, e.Outcome, e.Bag, e.BleedSeconds, e.Deviations, e.Restrictions, e.StartedAt, e.EndedAt);

    private static DonationCorrected Corrected(DonationCollected e, int number, int ml, int nominal = 400) => new()
    {
        EventId = Some.Id(), Key = e.Key, Version = 10 + number, OccurredAt = Given.On(2025), StationId = e.StationId, CorrectionId = Some.Id(), Din = e.Din, Number = number, DonorId = e.DonorId, ReasonCode = "measured-again",
        Before = StateOf(e), After = StateOf(e) with { CollectedMl = ml, NominalMl = nominal }, Backfilled = e.Backfilled,
    };

    private static DonationVoided Voided(DonationCollected e, int number) => new()
    {
        EventId = Some.Id(), Key = e.Key, Version = 10 + number, OccurredAt = Given.On(2025), StationId = e.StationId, CorrectionId = Some.Id(), Din = e.Din, Number = number, DonorId = e.DonorId, ReasonCode = "wrong-donor", Before = StateOf(e), Backfilled = e.Backfilled,
    };

    [Fact]
    public async Task What_stands_is_the_newest_in_any_order_and_what_was_said_adds_up_to_it()
    {
        HashSet<string> seen = [];
        foreach (var order in new int[][] { [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0] })
        {
            var donor = Some.Id();
            var collected = Given.WholeBlood(donor, 400);
            DomainEvent[] events = [collected, Corrected(collected, 1, 350), Corrected(collected, 2, 300, 300)];
            foreach (var i in order) await service.Deliver(events[i]);
            foreach (var e in events) await service.Deliver(e with { EventId = Some.Id() }); // older replays
            var total = await Station.Get($"/v1/recognitions/{donor}");
            seen.Add($"{total["donations"]} {total["volumeMl"]} {total["counts"].GetProperty("national")}");
            Assert.Equal((300L, 1.5m), (await service.Database.Scalar<long>("select sum(volume_ml) from recognition.credit where donor_id = @donor", new { donor }), await service.Database.Scalar<decimal>("select sum(national_counts) from recognition.credit where donor_id = @donor", new { donor })));
            var (granted, voided) = ((await service.Published<CreditGranted>()).Where(g => g.DonorId == donor).ToList(), (await service.Published<CreditVoided>()).Where(v => v.DonorId == donor).ToList());
            Assert.Equal(300, granted.Sum(g => g.VolumeMl) - voided.Sum(v => v.VolumeMl));
            Assert.Equal(granted.Count - 1, voided.Count);
            Assert.Equal(voided.Count, voided.Select(v => v.CreditId).Intersect(granted.Select(g => g.CreditId)).Count());
        }
        Assert.Equal("1 300 1", Assert.Single(seen));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_void_donation_earns_nothing(bool voidedFirst)
    {
        var donor = Some.Id();
        var collected = Given.WholeBlood(donor, 400);
        if (voidedFirst) await service.Deliver(Voided(collected, 1), collected); else await service.Deliver(collected, Voided(collected, 1));
        await service.Deliver(Given.Registered(donor));
        var total = await Station.Get($"/v1/recognitions/{donor}");
        Assert.Equal((0, 0, 0), (total["donations"].GetInt32(), total["volumeMl"].GetInt32(), total["counts"].GetProperty("national").GetInt32()));
        Assert.Single(await service.Published<CreditVoided>(), v => v.DonorId == donor);
    }

    [Fact]
    public async Task A_level_that_a_void_donation_made_up_is_revoked_and_can_be_earned_again()
    {
        var donor = Some.Id();
        var donations = Enumerable.Range(2010, 10).Select(year => Given.WholeBlood(donor, 400, Given.On(year))).ToList();
        await service.Deliver([.. donations]);
        async Task<int> Bronze() => (await Station.Get($"/v1/recognitions/{donor}"))["honours"].EnumerateArray().Count(h => h.GetProperty("award").GetString() == "national-dedication");
        Assert.Equal(1, await Bronze());
        await service.Deliver(Voided(donations[3], 1));
        Assert.Equal(0, await Bronze());
        var revoked = Assert.Single(await service.Published<HonourRevoked>(), h => h.DonorId == donor && h.Award == "national-dedication");
        await service.Deliver(Given.WholeBlood(donor, 400, Given.On(2024)));
        Assert.Equal(1, await Bronze());
        var earned = (await service.Published<HonourEarned>()).Where(h => h.DonorId == donor && h.Award == "national-dedication").ToList();
        Assert.Equal((2, revoked.HonourId), (earned.Count, earned[0].HonourId));
    }

    [Fact]
    public async Task Corrections_and_collection_at_once_leave_one_line_standing()
    {
        var donor = Some.Id();
        var collected = Given.WholeBlood(donor, 400);
        DomainEvent[] events = [collected, .. Enumerable.Range(1, 5).Select(n => Corrected(collected, n, 350 + n))];
        await Task.WhenAll(events.Concat(events).Select(e => service.Deliver(e with { EventId = Some.Id() })));
        Assert.Equal(355, (await Station.Get($"/v1/recognitions/{donor}"))["volumeMl"].GetInt32());
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from recognition.credit c where donor_id = @donor and voids is null and not exists (select from recognition.credit v where v.voids = c.id)", new { donor }));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from recognition.parked_message where key = @key", new { key = donor.ToString() }));
    }
}
