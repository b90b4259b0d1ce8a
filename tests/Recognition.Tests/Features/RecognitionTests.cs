using BloodPlatform.Chassis;
using BloodPlatform.Contracts;

namespace BloodPlatform.Recognition.Tests.Features;

public sealed class RecognitionTests(RecognitionService recognition)
{
    private readonly ServiceUnderTest service = recognition.Service;
    private HttpClient Station => service.As(Roles.Station, Some.Id());

    [Fact]
    public async Task A_donor_who_has_not_given_yet_has_zeroes()
    {
        var donor = Some.Id();
        await service.Deliver(Given.Registered(donor));
        var answer = await Station.Get($"/v1/recognitions/{donor}");
        Assert.Equal(200, answer.Status);
        foreach (var zero in new[] { "donations", "volumeMl", "treatmentUnits", "years", "volunteerHours" }) Assert.Equal(0, answer[zero].GetInt32());
        Assert.Equal((0, 0), (answer["counts"].GetProperty("national").GetInt32(), answer["counts"].GetProperty("provincial").GetInt32()));
        Assert.Empty(answer["honours"].EnumerateArray());
        Assert.Equal(["national-dedication bronze 20", "guangdong-dedication bronze 15"],
            answer["next"].EnumerateArray().Select(n => $"{n.GetProperty("award").GetString()} {n.GetProperty("level").GetString()} {n.GetProperty("missing").GetInt32()}"));
    }

    [Fact]
    public async Task Who_asked_for_erasure_is_nobodys_and_his_gifts_stay_counted()
    {
        foreach (var erasedFirst in new[] { false, true })
        {
            var (donor, app) = (Some.Id(), Some.Id());
            var erased = new Contracts.Donor.DonorErased { Key = donor.ToString(), Version = 8, OccurredAt = Given.On(2025), ErasureId = Some.Id(), DonorId = donor };
            DomainEvent[] events = [Given.Registered(donor, app), Given.WholeBlood(donor, 400), Given.Changed(donor, 7, app)];
            await service.Deliver(erasedFirst ? [erased, .. events] : [.. events, erased]);
            Assert.Equal(404, (await service.As(Roles.App, app).Get($"/v1/recognitions/{donor}")).Status);
            Assert.Equal(1, (await Station.Get($"/v1/recognitions/{donor}"))["donations"].GetInt32());
        }
    }

    [Fact]
    public async Task Three_times_300_ml_are_4_counts()
    {
        var donor = Some.Id();
        await service.Deliver([.. Enumerable.Range(2021, 3).Select(year => Given.WholeBlood(donor, 300, Given.On(year)))]);
        var answer = await Station.Get($"/v1/recognitions/{donor}");
        Assert.Equal((3, 900, 3, 4), (answer["donations"].GetInt32(), answer["volumeMl"].GetInt32(), answer["years"].GetInt32(), answer["counts"].GetProperty("national").GetInt32()));
        Assert.Equal(("2021-03-05", "2023-03-05"), (answer.Text("firstDonationOn"), answer.Text("lastDonationOn")));
    }

    [Fact]
    public async Task A_donation_just_before_midnight_in_Shanghai_belongs_to_the_old_year()
    {
        var donor = Some.Id();
        await service.Deliver(
            Given.WholeBlood(donor, at: new DateTimeOffset(2023, 12, 31, 15, 59, 59, TimeSpan.Zero)),
            Given.WholeBlood(donor, at: new DateTimeOffset(2024, 12, 31, 16, 0, 0, TimeSpan.Zero)));
        var answer = await Station.Get($"/v1/recognitions/{donor}");
        Assert.Equal(("2023-12-31", "2025-01-01", 2), (answer.Text("firstDonationOn"), answer.Text("lastDonationOn"), answer["years"].GetInt32()));
    }

    [Fact]
    public async Task Registration_and_donations_may_arrive_in_any_order()
    {
        List<string> answers = [];
        foreach (var order in new int[][] { [0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1] })
        {
            var (donor, app) = (Some.Id(), Some.Id());
            DomainEvent[] events = [Given.Registered(donor), Given.Changed(donor, 7, app), Given.WholeBlood(donor, 400, Given.On(2020)), Given.WholeBlood(donor, 400, Given.On(2021))];
            foreach (var i in order) await service.Deliver(events[i]);
            var answer = await service.As(Roles.App, app).Get($"/v1/recognitions/{donor}");
            answers.Add(answer.Body.ToString().Replace(donor.ToString(), "", StringComparison.Ordinal));
        }
        Assert.Contains("\"donations\":2,\"volumeMl\":800", Assert.Single(answers.Distinct()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backfilled_donation_moves_the_day_a_level_was_reached_and_earns_it_no_second_time()
    {
        var donor = Some.Id();
        await service.Deliver([.. Enumerable.Range(2010, 10).Select(year => Given.WholeBlood(donor, 400, Given.On(year)))]);
        Assert.Equal("2019-03-05", await ReachedOn());
        await service.Deliver(Given.WholeBlood(donor, 400, Given.On(2009), backfilled: true));
        Assert.Equal("2018-03-05", await ReachedOn());
        Assert.Single(await service.Published<Contracts.Recognition.HonourEarned>(), e => e.DonorId == donor && e.Award == "national-dedication");

        async Task<string?> ReachedOn() => (await Station.Get($"/v1/recognitions/{donor}"))["honours"].EnumerateArray()
            .Single(h => h.GetProperty("award").GetString() == "national-dedication").GetProperty("reachedOn").GetString();
    }

    [Theory]
    [InlineData("national-dedication", 20, "bronze")]
    [InlineData("national-dedication", 30, "silver")]
    [InlineData("national-dedication", 40, "gold")]
    [InlineData("guangdong-dedication", 15, "bronze")]
    [InlineData("guangdong-dedication", 25, "silver")]
    [InlineData("guangdong-dedication", 35, "gold")]
    public async Task A_level_is_earned_with_the_donation_that_reaches_it_and_not_before(string award, int threshold, string level)
    {
        var donor = Some.Id();
        await service.Deliver([.. Enumerable.Range(0, threshold - 1).Select(i => Given.WholeBlood(donor, 200, Given.On(2022).AddDays(i)))]);
        Assert.DoesNotContain(await Earned(), e => e.Level == level);
        var last = Given.WholeBlood(donor, 200, Given.On(2024), stationId: Some.Id());
        await service.Deliver(last);
        var honour = Assert.Single(await Earned(), e => e.Level == level);
        Assert.Equal((last.StartedAt, last.StationId, award), (honour.OccurredAt, honour.StationId, honour.RuleSet));

        async Task<List<Contracts.Recognition.HonourEarned>> Earned() => [.. (await service.Published<Contracts.Recognition.HonourEarned>()).Where(e => e.DonorId == donor && e.Award == award)];
    }

    [Fact]
    public async Task An_app_reads_only_donors_it_acts_for()
    {
        var (donor, app) = (Some.OldId(), Some.Id());
        await service.Deliver(Given.Registered(donor, app), Given.WholeBlood(donor));
        Assert.Equal(200, (await service.As(Roles.App, app).Get($"/v1/recognitions/{donor}")).Status);
        Assert.Equal((404, "not_found"), await Of(service.As(Roles.App, Some.Id()).Get($"/v1/recognitions/{donor}")));

        await service.Deliver(Given.Changed(donor, 2)); // the link was taken back
        Assert.Equal((404, "not_found"), await Of(service.As(Roles.App, app).Get($"/v1/recognitions/{donor}")));
        await service.Deliver(Given.Registered(donor, app) with { EventId = Some.Id() }); // an old replay does not give it again
        Assert.Equal((404, "not_found"), await Of(service.As(Roles.App, app).Get($"/v1/recognitions/{donor}")));
    }

    [Fact]
    public async Task A_fresh_donor_is_waited_for()
    {
        var donor = Some.Id();
        var asked = Station.Get($"/v1/recognitions/{donor}");
        await service.Deliver(Given.Registered(donor));
        Assert.Equal(200, (await asked).Status);
    }

    [Fact]
    public async Task An_unknown_donor_is_404_and_one_too_fresh_to_tell_409()
    {
        Assert.Equal((404, "not_found"), await Of(Station.Get($"/v1/recognitions/{Some.OldId()}")));
        var fresh = await Station.Get($"/v1/recognitions/{Some.Id()}");
        Assert.Equal((409, "not_yet_visible"), (fresh.Status, fresh.Code));
        Assert.Equal("1", fresh.Response.Headers.GetValues("Retry-After").Single());
        Assert.Equal((404, "not_found"), await Of(Station.Get("/v1/recognitions/nobody")));
    }

    [Fact]
    public async Task Only_station_and_app_read_recognitions()
    {
        Assert.Equal((401, "token_required"), await Of(service.Anonymous().Get($"/v1/recognitions/{Some.OldId()}")));
        foreach (var role in new[] { Roles.Organiser, Roles.Hospital, Roles.Authority, Roles.Admin })
            Assert.Equal((403, "role_forbidden"), await Of(service.As(role, Some.Id()).Get($"/v1/recognitions/{Some.OldId()}")));
    }

    private static async Task<(int, string?)> Of(Task<Answer> call) => await call is var answer ? (answer.Status, answer.Code) : default;
}
