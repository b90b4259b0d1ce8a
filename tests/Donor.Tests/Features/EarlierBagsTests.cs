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
    public async Task An_answer_that_ends_and_lets_the_visit_go_on_holds_only_what_it_reaches()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        await Gave(station, donor, 500);
        var sameDay = await Gave(station, donor, 200);
        var visit = await station.VisitAt("vitals-taken", donor);
        await On(sameDay, 0); // as when another registration's donation of that day is merged with his
        var answers = await station.GoodAnswers();
        answers["aspirin"] = "yes";
        Assert.Equal("consulted", (await station.Consult(visit, answers)).Text("status"));
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
}
