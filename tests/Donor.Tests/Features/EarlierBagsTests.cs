using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Donors.Tests.Features;

/// <summary>Wherever a deferral is found, what the donor gave before and it reaches is withdrawn, each donation once.</summary>
public sealed class EarlierBagsTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private static DateOnly Today => Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    /// <summary>Gave so many days ago, at the table; not recorded afterwards.</summary>
    private async Task<string> Gave(SomeStation station, Guid donor, int daysAgo)
    {
        var din = (await station.Client.Get($"/v1/visits/{await station.VisitAt("completed", donor)}")).Text("din")!;
        await On(din, daysAgo);
        return din;
    }

    private Task On(string din, int daysAgo) => service.Database.Execute("update donor.donation set donated_on = @on where din = @din", new { din, on = Today.AddDays(-daysAgo) });

    private async Task<string[]> Withdrawn(Guid donor) => [.. (await service.Published<DonationWithdrawn>()).Where(e => e.DonorId == donor).Select(e => e.Din).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task A_physician_in_the_chair_holds_what_was_given_since_its_cause()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        await Gave(station, donor, 500);
        var since = await Gave(station, donor, 200);
        var visit = await station.VisitAt("consented", donor);
        Assert.Equal("deferred", (await station.Physician.Post($"/v1/visits/{visit}/defer", new { code = "T14", from = Today.AddDays(-210) })).Text("status"));
        Assert.Equal([since], await Withdrawn(donor));
    }

    [Fact]
    public async Task Answers_that_defer_for_ever_and_a_rapid_test_hold_all_that_may_be_in_date()
    {
        var station = new SomeStation(service);
        var (told, tested) = (await station.Donor(), await station.Donor());
        Assert.Equal("completed", (await station.Backfill(told, TimeProvider.System.GetUtcNow().AddYears(-4), (await station.Dins())[0])).Text("status")); // historic
        string[] gave = [await Gave(station, told, 500), await Gave(station, told, 200)];
        var answers = await station.GoodAnswers();
        (answers["hepatitis-hiv"], answers["risk-behaviour"]) = ("yes", "yes"); // two reasons, one withdrawal each
        Assert.Equal("deferred", (await station.Consult(await station.VisitAt("vitals-taken", told), answers)).Text("status"));
        Assert.Equal(gave.Order(StringComparer.Ordinal), await Withdrawn(told));

        var earlier = await Gave(station, tested, 300);
        var visit = await station.VisitAt("consulted", tested);
        Assert.Equal("deferred", (await station.Physician.Post($"/v1/visits/{visit}/pretest", new { haemoglobin = new { method = "meter", valueGl = 140 }, bloodGroup = "O+", altPass = true, hbsagPass = false })).Text("status"));
        Assert.Equal([earlier], await Withdrawn(tested));
    }

    [Fact]
    public async Task An_answer_whose_deferral_ends_holds_only_what_it_reaches()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        await Gave(station, donor, 500);
        var sameDay = await Gave(station, donor, 200);
        var visit = await station.VisitAt("vitals-taken", donor);
        await On(sameDay, 0); // as when another registration's donation of that day is merged with his
        var answers = await station.GoodAnswers();
        answers["aspirin"] = "yes";
        Assert.Equal("deferred", (await station.Consult(visit, answers)).Text("status")); // it closes platelets; that day's donation has closed the rest
        Assert.Equal([sameDay], await Withdrawn(donor));
    }

    [Fact]
    public async Task What_another_register_says_holds_his_earlier_bags_at_the_table_and_later()
    {
        var station = new SomeStation(service);
        var (now, later) = (await station.Donor(), await station.Donor());
        var before = await Gave(station, now, 200);
        await station.Client.Put($"/v1/external-checks/{now}", new { outcome = "hit" });
        Assert.Equal("deferred", (await station.Open(now)).Text("status"));
        Assert.Equal([before], await Withdrawn(now));

        var earlier = await Gave(station, later, 200);
        await station.Client.Put($"/v1/external-checks/{later}", new { outcome = "unavailable" });
        var visit = await station.VisitAt("collected", later);
        var own = (await station.Client.Get($"/v1/visits/{visit}")).Text("din")!;
        await station.Client.Put($"/v1/external-checks/{later}", new { outcome = "hit" });
        await Eventually.That(async () => (await station.Client.Get($"/v1/visits/{visit}")).Text("externalCheck") == "hit");
        Assert.Equal(new[] { earlier, own }.Order(StringComparer.Ordinal), await Withdrawn(later));
    }

    [Fact]
    public async Task A_merge_holds_what_one_gave_while_the_other_was_deferred_whichever_stays()
    {
        var station = new SomeStation(service);
        async Task<(Guid One, Guid Other, string[] Dins, string Free)> Pair()
        {
            var (one, other) = (await station.Donor(), await station.Donor());
            Assert.Equal("completed", (await station.Backfill(one, TimeProvider.System.GetUtcNow().AddYears(-4), (await station.Dins())[0])).Text("status")); // historic
            var free = await Gave(station, one, 500);
            string[] dins = [await Gave(station, one, 300), await Gave(station, other, 200)];
            foreach (var (id, from) in new[] { (one, 210), (other, 310) }) // a tattoo, said to one station each; he gave at the other
                Assert.Equal(201, (await station.Client.Post($"/v1/donors/{id}/deferrals", new { code = id == one ? "T04" : "T14", from = Today.AddDays(-from) })).Status);
            Assert.Equal([dins[1]], await Withdrawn(other)); // his own tattoo
            Assert.Empty(await Withdrawn(one));
            return (one, other, dins, free);
        }
        foreach (var firstStays in new[] { true, false })
        {
            var (one, other, dins, free) = await Pair();
            var (survivor, absorbed) = firstStays ? (one, other) : (other, one);
            Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor, absorbed, reason = "同一人" })).Status);
            Assert.Equal([dins[0]], await Withdrawn(one)); // under the id it was recorded under
            Assert.Equal([dins[1], dins[1]], await Withdrawn(other)); // the operation, which the other had told
            Assert.DoesNotContain(free, await Withdrawn(one));
            foreach (var id in new[] { one, other })
                Assert.Equal(0, await station.Scalar<int>("select count(*) from (select version, lag(version) over (order by position) as before from donor.outbox where key = @key) v where before >= version", new { key = id.ToString() }));
        }
    }

    [Theory]
    [InlineData("P01")]
    [InlineData("late")]
    [InlineData("reactive")]
    public async Task A_merge_with_who_may_never_give_or_told_something_holds_all_that_may_be_in_date(string what)
    {
        var station = new SomeStation(service);
        var (gave, deferred, third) = (await station.Donor(), await station.Donor(), await station.Donor());
        string[] dins = [await Gave(station, gave, 500), await Gave(station, gave, 200)];
        var known = what switch
        {
            "P01" => await station.Client.Post($"/v1/donors/{deferred}/deferrals", new { code = "P01", from = Today }),
            "late" => await station.Client.Post($"/v1/donors/{deferred}/late-information", new { code = "T10", note = "发热" }),
            _ => await Reactive(deferred),
        };
        Assert.Contains(known.Status, new[] { 200, 201 });
        Assert.Empty(await Withdrawn(gave));
        Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor = gave, absorbed = deferred, reason = "同一人" })).Status);
        Assert.Equal(dins.Order(StringComparer.Ordinal), await Withdrawn(gave));
        // A third without a word of his own brings nothing more.
        Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor = gave, absorbed = third, reason = "同一人" })).Status);
        Assert.Equal(2, (await Withdrawn(gave)).Length);

        async Task<Answer> Reactive(Guid donor)
        {
            await service.Deliver(new Contracts.Inventory.DonorDeferralRequired { Key = "A999926999997", Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = station.Id, RequirementId = Some.Id(), DonorId = donor, Din = "A999926999997", DeferralCode = "TEST_REACTIVE", Certainty = "provisional" });
            return await station.Client.Get($"/v1/donors/{donor}/deferrals");
        }
    }

    [Fact]
    public async Task A_lifted_late_information_holds_nothing_by_a_merge()
    {
        var station = new SomeStation(service);
        var (gave, told) = (await station.Donor(), await station.Donor());
        await Gave(station, gave, 200);
        var late = await station.Client.Post($"/v1/donors/{told}/late-information", new { note = "发热" });
        Assert.Equal(200, (await station.Physician.Post($"/v1/deferrals/{late["deferralId"].GetGuid()}/lift", new { reason = "评估无碍" })).Status);
        Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor = told, absorbed = gave, reason = "同一人" })).Status);
        Assert.Empty(await Withdrawn(gave));
    }

    [Fact]
    public async Task What_came_after_midnight_withdraws_the_donation_that_began_the_day_before()
    {
        var station = new SomeStation(service);
        var (told, quiet) = (await station.Donor(), await station.Donor());
        var visits = new[] { await station.VisitAt("collecting", told), await station.VisitAt("collecting", quiet) };
        await service.Database.Execute("update donor.visit set started_at = started_at - interval '1 day' where id = any(@visits)", new { visits });
        Assert.Equal(200, (await station.Client.Post($"/v1/donors/{told}/late-information", new { note = "发热" })).Status);
        var din = (await station.Finish(visits[0])).Text("din")!;
        Assert.Equal(Today.AddDays(-1), (await service.Published<DonationCollected>()).Where(e => e.Din == din).Select(e => Shanghai.DateOf(e.StartedAt)).Single());
        Assert.Equal([din], await Withdrawn(told));
        Assert.Equal("collected", (await station.Finish(visits[1])).Text("status"));
        Assert.Empty(await Withdrawn(quiet));
    }
}
