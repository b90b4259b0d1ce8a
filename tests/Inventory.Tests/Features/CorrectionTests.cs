using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Tests.Features;

/// <summary>What Donor says of a donation afterwards: corrected, void, checked by the external register. In any order with the collection.</summary>
public sealed class CorrectionTests(InventoryService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private static CollectedState StateOf(DonationCollected e) => new(e.Procedure, e.NominalMl, e.CollectedMl, e.TreatmentUnits, e.Outcome, e.Bag, e.BleedSeconds, e.Deviations, e.Restrictions, e.StartedAt, e.EndedAt);

    private static DonationCorrected Corrected(DonationCollected e, int number, Func<CollectedState, CollectedState> how) => new()
    {
        EventId = Some.Id(), Key = e.Key, Version = 10 + number, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = e.StationId, CorrectionId = Some.Id(), Din = e.Din, Number = number, DonorId = e.DonorId, ReasonCode = "measured-again",
        Before = StateOf(e), After = how(StateOf(e)), Backfilled = e.Backfilled,
    };

    private static DonationVoided Voided(DonationCollected e, int number) => new()
    {
        EventId = Some.Id(), Key = e.Key, Version = 10 + number, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = e.StationId, CorrectionId = Some.Id(), Din = e.Din, Number = number, DonorId = e.DonorId, ReasonCode = "wrong-donor", Before = StateOf(e), Backfilled = e.Backfilled,
    };

    private static string[] Unmet(Answer donation) => [.. donation["unmet"].EnumerateArray().Select(u => u.GetProperty("code").GetString()!).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task A_correction_holds_the_bags_until_quality_has_looked_and_shortens_their_lives_only()
    {
        var station = new Station(service);
        var donor = Some.Id();
        var din = (await station.Dins(1))[0];
        var collected = station.Collection(din, donor);
        await service.Deliver(collected);
        await station.Run(Station.Rows(din));
        await station.Components(din);
        await service.Seal("donor");
        await station.Sign(din, station.ReleaserA);
        Assert.Equal(200, (await station.Sign(din, station.ReleaserB)).Status);
        DateTimeOffset Expires(Answer d) => d["units"].EnumerateArray().Single(u => u.GetProperty("component").GetString() == "red-cells-suspended").GetProperty("expiresAt").GetDateTimeOffset();
        var before = Expires(await station.Donation(din));

        var weighed = Corrected(collected, 1, s => s with { CollectedMl = 350, Deviations = ["volume-out-of-tolerance"], Restrictions = ["platelets"] });
        await service.Deliver(weighed, weighed with { EventId = Some.Id() }); // and an older replay
        var held = await station.Donation(din);
        Assert.Equal((350, "quality"), (held["collectedMl"].GetInt32(), Assert.Single(held["holds"].EnumerateArray()).GetProperty("kind").GetString()));
        Assert.All(held["units"].EnumerateArray(), u => Assert.Equal("quality", Assert.Single(u.GetProperty("holds").EnumerateArray()).GetProperty("kind").GetString()));
        Assert.Equal(before, Expires(held));
        Assert.Single(await service.Published<DonationHeld>(), h => h.Din == din);

        await service.Deliver(Corrected(collected, 2, s => s with { StartedAt = s.StartedAt.AddDays(-3), EndedAt = s.EndedAt.AddDays(-3) }));
        Assert.Equal(before.AddDays(-3), Expires(await station.Donation(din)));
        await service.Deliver(Corrected(collected, 3, s => s)); // back again: not longer
        Assert.Equal(before.AddDays(-3), Expires(await station.Donation(din)));
        var hold = held["holds"][0].GetProperty("id").GetGuid();
        Assert.Equal(200, (await station.Lift(hold, "已复核")).Status);
    }

    [Fact]
    public async Task The_newest_correction_stands_in_whatever_order_they_and_the_collection_come()
    {
        List<string> seen = [];
        foreach (var order in new int[][] { [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0] })
        {
            var station = new Station(service);
            var collected = station.Collection((await station.Dins(1))[0], Some.Id());
            Contracts.DomainEvent[] events = [collected, Corrected(collected, 1, s => s with { CollectedMl = 350 }), Corrected(collected, 2, s => s with { CollectedMl = 380, NominalMl = 300 })];
            foreach (var i in order) await service.Deliver(events[i]);
            var donation = await station.Donation(collected.Din);
            seen.Add($"{donation["collectedMl"]} {donation["nominalMl"]} {donation["holds"].GetArrayLength()}");
        }
        Assert.Equal("380 300 2", Assert.Single(seen.Distinct()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_void_donation_is_held_for_good_and_never_released_and_its_result_is_said_all_the_same(bool voidedFirst)
    {
        var station = new Station(service);
        var collected = station.Collection((await station.Dins(1))[0], Some.Id());
        var voided = Voided(collected, 1);
        if (voidedFirst) await service.Deliver(voided, collected);
        else { await service.Deliver(collected); await station.Components(collected.Din); await service.Deliver(voided); }
        await service.Deliver(voided with { EventId = Some.Id() });
        await station.Run(Station.Rows(collected.Din, reactive: "hbsag"));
        var said = Assert.Single(await service.Published<DonorDeferralRequired>(), d => d.Din == collected.Din);
        Assert.Equal((collected.DonorId, "P22", "provisional"), (said.DonorId, said.DeferralCode, said.Certainty)); // whose it is, Donor knows

        var donation = await station.Donation(collected.Din);
        Assert.True(donation["voided"].GetBoolean());
        Assert.Contains("voided", Unmet(donation));
        var hold = donation["holds"].EnumerateArray().Single(h => h.GetProperty("kind").GetString() == "quality").GetProperty("id").GetGuid();
        var lift = await station.Quality.Post($"/v1/holds/{hold}/lift", new { reason = "x" });
        Assert.Equal((409, "donation_voided"), (lift.Status, lift.Code));
        if (voidedFirst) Assert.Equal((409, "donation_voided"), (await station.Components(collected.Din)) is var made ? (made.Status, made.Code) : default);
        await service.Seal("donor");
        Assert.Equal((409, "not_releasable"), (await station.Sign(collected.Din, station.ReleaserA)) is var sign ? (sign.Status, sign.Code) : default);
    }

    // c: collected, r: its results, v: it was another donor's.
    [Theory]
    [InlineData("crv", false)]
    [InlineData("cvr", false)]
    [InlineData("vcr", false)]
    [InlineData("rcv", false)]
    [InlineData("crv", true)]
    [InlineData("cvr", true)]
    public async Task The_group_of_a_void_donation_is_not_held_against_the_donors_own_blood(string order, bool gaveBefore)
    {
        var station = new Station(service);
        var (donor, dins) = (Some.Id(), await station.Dins(3));
        DonationCollected Collected(int n) => station.Collection(dins[n], donor, e => e with { BloodGroup = null });
        if (gaveBefore)
        {
            await service.Deliver(Collected(2));
            await station.Run(Station.Rows(dins[2], group: "A+"));
        }
        var anothers = Collected(0);
        foreach (var step in order)
            await (step switch { 'c' => service.Deliver(anothers), 'v' => service.Deliver(Voided(anothers, 1)), _ => station.Run(Station.Rows(dins[0], group: "A+")) });

        await service.Deliver(Collected(1));
        await station.Run(Station.Rows(dins[1], group: "B+"));
        // What he gave himself before does contradict it.
        Assert.Equal((gaveBefore ? null : "B+", gaveBefore), ((await station.Donation(dins[1])).Text("bloodGroup"), Unmet(await station.Donation(dins[1])).Contains("group_unknown")));
        Assert.Equal(gaveBefore ? "A+" : "B+", await service.Database.Scalar<string>("select blood_group from inventory.donor_safety where donor_id = @donor", new { donor }));
    }

    [Fact]
    public async Task In_whatever_order_collection_voiding_and_result_come_the_result_is_said_once()
    {
        List<string> seen = [];
        foreach (var order in new[] { "cvr", "crv", "vcr", "vrc", "rcv", "rvc" })
        {
            var station = new Station(service);
            var collected = station.Collection((await station.Dins(1))[0], Some.Id());
            var voided = Voided(collected, 1);
            foreach (var step in order)
                await (step switch { 'c' => service.Deliver(collected), 'v' => service.Deliver(voided), _ => station.Run(Station.Rows(collected.Din, reactive: "hbsag")) });
            await service.Deliver(collected with { EventId = Some.Id() }, voided with { EventId = Some.Id() });
            var donation = await station.Donation(collected.Din);
            seen.Add($"{string.Join(' ', (await service.Published<DonorDeferralRequired>()).Where(d => d.Din == collected.Din).Select(d => d.Certainty))} {donation["voided"]} {string.Join(' ', donation["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()).Order(StringComparer.Ordinal))}");
        }
        Assert.Equal("provisional True quality test", Assert.Single(seen.Distinct()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_is_released_before_the_external_register_called_the_donor_clear(bool answerFirst)
    {
        var station = new Station(service);
        var donor = Some.Id();
        var din = (await station.Dins(1))[0];
        var collected = station.Collection(din, donor, e => e with { ExternalCheck = "unavailable" });
        var answer = new DonationExternallyChecked { Key = donor.ToString(), Version = 20, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = station.Id, Din = din, DonorId = donor, Outcome = "clear" };
        if (answerFirst) await service.Deliver(answer, collected); else await service.Deliver(collected);
        await station.Run(Station.Rows(din));
        await station.Components(din);
        await service.Seal("donor");
        if (!answerFirst)
        {
            Assert.Equal(["external_check"], Unmet(await station.Donation(din)));
            var refused = await station.Sign(din, station.ReleaserA);
            Assert.Equal((409, "not_releasable", "external_check"), (refused.Status, refused.Code, Assert.Single(refused["errors"].EnumerateArray()).GetProperty("code").GetString()));
            await service.Deliver(answer);
        }
        Assert.Equal(202, (await station.Sign(din, station.ReleaserA)).Status);
        Assert.Equal(200, (await station.Sign(din, station.ReleaserB)).Status);
    }

    [Fact]
    public async Task A_hit_keeps_it_back_and_what_was_recorded_afterwards_is_exempt()
    {
        var station = new Station(service);
        var din = await station.Releasable(but: e => e with { ExternalCheck = "unavailable" });
        var donor = (await station.Donation(din))["donorId"].GetGuid();
        await service.Deliver(new DonationExternallyChecked { Key = donor.ToString(), Version = 20, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = station.Id, Din = din, DonorId = donor, Outcome = "hit" });
        Assert.Equal(["external_check"], Unmet(await station.Donation(din)));
        var past = await station.Collected(but: e => e with { Backfilled = true, StartedAt = e.StartedAt.AddYears(-1), EndedAt = e.EndedAt.AddYears(-1) });
        Assert.DoesNotContain("external_check", Unmet(await station.Donation(past)));
    }

    private static BloodGroupCorrected Group(DonationCollected e, int number, string after) => new()
    {
        EventId = Some.Id(), Key = e.Key, Version = 20 + number, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = e.StationId, CorrectionId = Some.Id(), Din = e.Din, Number = number, DonorId = e.DonorId, Before = e.BloodGroup, After = after, Backfilled = e.Backfilled,
    };

    [Fact]
    public async Task A_group_that_was_typed_wrong_in_the_chair_no_longer_contradicts_the_laboratory_but_quality_looks_first()
    {
        var station = new Station(service);
        var collected = station.Collection((await station.Dins(1))[0], Some.Id(), e => e with { BloodGroup = "A+" });
        await service.Deliver(collected);
        await station.Run(Station.Rows(collected.Din, "O+"));
        await station.Components(collected.Din);
        await service.Seal("donor");
        Assert.Contains("group_unknown", Unmet(await station.Donation(collected.Din)));
        var corrected = Group(collected, 1, "O+");
        await service.Deliver(corrected, corrected with { EventId = Some.Id() }); // and an older replay
        var donation = await station.Donation(collected.Din);
        Assert.Equal("O+", donation.Text("bloodGroup"));
        Assert.DoesNotContain("group_unknown", Unmet(donation));
        var holds = donation["holds"].EnumerateArray().ToList();
        Assert.Equal(["quality", "test"], holds.Select(h => h.GetProperty("kind").GetString()).Order());
        Assert.Equal(409, (await station.Sign(collected.Din, station.ReleaserA)).Status);
        foreach (var hold in holds) Assert.Equal(200, (await station.Lift(hold.GetProperty("id").GetGuid(), "已复核")).Status);
        Assert.Equal(202, (await station.Sign(collected.Din, station.ReleaserA)).Status);
    }

    [Fact]
    public async Task The_newest_word_on_the_chairs_group_stands_in_whatever_order_it_and_the_collection_come()
    {
        List<string> seen = [];
        foreach (var order in new int[][] { [0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0] })
        {
            var station = new Station(service);
            var collected = station.Collection((await station.Dins(1))[0], Some.Id(), e => e with { BloodGroup = "A+" });
            Contracts.DomainEvent[] events = [collected, Group(collected, 1, "O+"), Group(collected, 2, "B+")];
            foreach (var i in order) await service.Deliver(events[i]);
            await station.Run(Station.Rows(collected.Din, "O+")); // which the newest contradicts
            var donation = await station.Donation(collected.Din);
            seen.Add($"{string.Join(' ', Unmet(donation).Intersect(["group_unknown"]))} {string.Join(' ', donation["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()).Distinct())}");
        }
        Assert.Equal("group_unknown quality test", Assert.Single(seen.Distinct()));
    }

    [Fact]
    public async Task A_marker_that_reacts_again_in_a_retest_is_confirmed_once_and_two_clean_retests_refute_nothing()
    {
        var station = new Station(service);
        var (confirmed, doubtful) = (await station.Collected(), await station.Collected());
        foreach (var din in new[] { confirmed, doubtful }) await station.Run([Station.Row(din, "hbsag", "reactive")]);
        await station.Run([Station.Row(confirmed, "hbsag", "reactive", round: "retest-a"), Station.Row(doubtful, "hbsag", round: "retest-a"), Station.Row(doubtful, "hbsag", round: "retest-b")]);
        await station.Run([Station.Row(confirmed, "hbsag", "reactive", round: "retest-b"), Station.Row(confirmed, "anti-hcv", "reactive")]);
        var required = await service.Published<DonorDeferralRequired>();
        Assert.Equal(["provisional", "confirmed"], required.Where(r => r.Din == confirmed).Select(r => r.Certainty));
        Assert.Equal(["provisional"], required.Where(r => r.Din == doubtful).Select(r => r.Certainty));
    }

    [Fact]
    public async Task An_invalid_retest_confirms_nothing()
    {
        var station = new Station(service);
        var din = await station.Collected();
        await station.Run([Station.Row(din, "hbsag", "reactive")]);
        await station.Run([Station.Row(din, "hbsag", "reactive", round: "retest-a")], controlsValid: false);
        Assert.Equal(["provisional"], (await service.Published<DonorDeferralRequired>()).Where(r => r.Din == din).Select(r => r.Certainty));
    }
}
