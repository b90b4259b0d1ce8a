using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Donors.Tests.Features;

public sealed class BackfillTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;
    private static readonly DateTimeOffset Day = new(2024, 3, 5, 9, 0, 0, TimeSpan.FromHours(8));

    [Fact]
    public async Task What_happened_earlier_is_recorded_with_its_own_times_and_says_so()
    {
        var station = new SomeStation(service);
        var drive = await station.Drive("closed", Day.AddHours(-1), backfilled: true);
        var donor = await station.Donor();
        var din = (await station.Dins())[0];
        var completed = await station.Backfill(donor, Day, din, drive);
        Assert.Equal((200, "completed", true), (completed.Status, completed.Text("status"), completed["backfilled"].GetBoolean()));
        Assert.Equal("2024-03-05T09:30:00+08:00", completed["steps"].EnumerateArray().Last().GetProperty("at").GetString());
        var collected = Assert.Single(await service.Published<DonationCollected>(), e => e.Din == din);
        Assert.Equal((true, Day.AddMinutes(10), 420, true), (collected.Backfilled, collected.StartedAt, collected.BleedSeconds, collected.FirstTime));
        Assert.True((await service.Published<VisitOpened>()).Single(e => e.DonorId == donor).Backfilled);
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean()); // long ago
        Assert.Equal("2024-03-05T09:10:00+08:00", Assert.Single((await station.Client.Get($"/v1/donors/{donor}/donations")).Body.EnumerateArray()).GetProperty("collectedAt").GetString());
    }

    [Fact]
    public async Task Only_quality_may_and_with_a_reason_and_never_the_future()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        object Body(DateTimeOffset at, string? reason) => new { donorId = donor, collectionPoint = "馆", openedAt = at, backfillReason = reason, identityCheck = new { kind = "resident-id", method = "manual", outcome = "match" } };
        async Task Refused(HttpClient client, object body, int status, string code)
        {
            var answer = await client.Post("/v1/visits", body);
            Assert.Equal((status, code), (answer.Status, answer.Code));
        }
        await Refused(station.Registrar, Body(Day, "补录"), 403, "staff_function_required");
        await Refused(station.Quality, Body(Day, null), 422, "backfill_reason_required");
        await Refused(station.Quality, Body(TimeProvider.System.GetUtcNow().AddDays(1), "补录"), 422, "time_out_of_order");
        await Refused(station.Registrar, Body(TimeProvider.System.GetUtcNow().AddDays(1), null), 422, "time_out_of_order");
        await Refused(station.Quality, Body(new(2010, 1, 1, 9, 0, 0, TimeSpan.FromHours(8)), "补录"), 422, "no_rules_for_day");
        await Refused(station.Quality, Body(Day, new string('长', 81)), 422, "invalid_value");
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.visit where donor_id = @donor", new { donor }));
    }

    [Fact]
    public async Task Times_only_go_forward()
    {
        var station = new SomeStation(service);
        var visit = await station.Quality.Post("/v1/visits", new { donorId = await station.Donor(), collectionPoint = "馆", openedAt = Day, backfillReason = "补录", identityCheck = new { kind = "resident-id", method = "manual", outcome = "match" } });
        var early = await station.Quality.Post($"/v1/visits/{visit.Id}/consent", new { accepted = true, at = Day.AddMinutes(-1) });
        Assert.Equal((422, "time_out_of_order"), (early.Status, early.Code));
        var future = await station.Quality.Post($"/v1/visits/{visit.Id}/consent", new { accepted = true, at = TimeProvider.System.GetUtcNow().AddMinutes(5) });
        Assert.Equal((422, "time_out_of_order"), (future.Status, future.Code));
        var live = await station.Registrar.Post($"/v1/visits/{visit.Id}/consent", new { accepted = true, at = Day.AddMinutes(1) });
        Assert.Equal((403, "staff_function_required"), (live.Status, live.Code));
        Assert.Equal(200, (await station.Quality.Post($"/v1/visits/{visit.Id}/consent", new { accepted = true, at = Day.AddMinutes(1) })).Status);
    }

    [Fact]
    public async Task Intervals_are_kept_before_and_after_what_is_known()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var dins = await station.Dins(6);
        Assert.Equal("completed", (await station.Backfill(donor, new(2024, 3, 5, 9, 0, 0, TimeSpan.FromHours(8)), dins[0])).Text("status"));
        Assert.Equal(("deferred", "INTERVAL_WB_WB"), ((await station.Backfill(donor, new(2024, 9, 4, 9, 0, 0, TimeSpan.FromHours(8)), dins[1])) is var after ? (after.Text("status"), SomeStation.Rules(after).Single()) : default));
        Assert.Equal(("deferred", "INTERVAL_WB_WB"), ((await station.Backfill(donor, new(2023, 9, 6, 9, 0, 0, TimeSpan.FromHours(8)), dins[2])) is var before ? (before.Text("status"), SomeStation.Rules(before).Single()) : default));
        Assert.Equal("completed", (await station.Backfill(donor, new(2024, 9, 5, 9, 0, 0, TimeSpan.FromHours(8)), dins[3])).Text("status"));
        Assert.Equal("completed", (await station.Backfill(donor, new(2023, 9, 5, 9, 0, 0, TimeSpan.FromHours(8)), dins[4])).Text("status"));
        Assert.Equal([true, false, true], (await service.Published<DonationCollected>()).Where(e => e.DonorId == donor).OrderBy(e => e.Version).Select(e => e.FirstTime)); // the last lies before both
    }

    [Fact]
    public async Task A_drives_visit_lies_on_a_day_of_the_drive()
    {
        var station = new SomeStation(service);
        var answer = await station.Backfill(await station.Donor(), Day.AddDays(2), (await station.Dins())[0], await station.Drive("closed", Day.AddHours(-1)));
        Assert.Equal((422, "outside_drive"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task What_is_known_now_does_not_unmake_what_happened()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        await service.Deliver(new BloodPlatform.Contracts.Inventory.DonorDeferralRequired { Key = "A999926999997", Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = Some.Id(), DonorId = donor, Din = "A999926999997", DeferralCode = "P22", Certainty = "confirmed" });
        Assert.Equal("completed", (await station.Backfill(donor, Day, (await station.Dins())[0])).Text("status"));
        Assert.False((await station.Eligibility(donor))["eligible"].GetBoolean());
    }
}
