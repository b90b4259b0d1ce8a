using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Donors.Tests.Features;

/// <summary>What is known only afterwards: the external register's answer, a confirmed result, the way back.</summary>
public sealed class AfterwardsTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;
    private static DateOnly Today => Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    private static (int, string?) Seen(Answer answer) => (answer.Status, answer.Code);

    private static Task<Answer> Register(SomeStation station, Guid donor, string outcome) => station.Client.Put($"/v1/external-checks/{donor}", new { outcome });

    [Fact]
    public async Task Who_is_deferred_elsewhere_is_turned_away_and_deferred_here_without_a_reason_outside()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        Assert.Equal(200, (await Register(station, donor, "hit")).Status);
        var visit = await station.Open(donor);
        Assert.Equal((201, "deferred", "hit", "EXTERNAL_HIT"), (visit.Status, visit.Text("status"), visit.Text("externalCheck"), SomeStation.Rules(visit).Single()));
        var deferral = Assert.Single((await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].EnumerateArray());
        Assert.Equal(("visit", null), (deferral.GetProperty("origin").GetString(), SomeStation.Date(deferral.GetProperty("until"))));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.outbox where key = @key and payload::text like '%EXTERNAL%'", new { key = donor.ToString() }));
        // A physician clarifies; the register is asked again all the same.
        Assert.Equal(200, (await station.Physician.Post($"/v1/deferrals/{deferral.GetProperty("id").GetGuid()}/lift", new { reason = "已核实" })).Status);
        Assert.Equal("deferred", (await station.Open(donor)).Text("status"));
        await Register(station, donor, "clear");
        Assert.Equal("deferred", (await station.Open(donor)).Text("status")); // by the deferral of the visit before
    }

    [Fact]
    public async Task Who_is_deferred_elsewhere_by_a_registration_that_was_merged_with_his_is_turned_away()
    {
        var station = new SomeStation(service);
        async Task<(Guid, Guid)> Merged()
        {
            var (survivor, absorbed) = (await station.Donor(), await station.Donor());
            Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor, absorbed, reason = "同一人" })).Status);
            return (survivor, absorbed);
        }
        var (survivor, absorbed) = await Merged();
        await Register(station, absorbed, "unavailable");
        var open = await station.Open(survivor);
        Assert.Equal(("checked-in", "unavailable"), (open.Text("status"), open.Text("externalCheck")));
        await Register(station, absorbed, "hit"); // asked again, of both
        await Eventually.That(async () => (await station.Client.Get($"/v1/visits/{open.Id}")).Text("externalCheck") == "hit");

        (survivor, absorbed) = await Merged();
        await Register(station, survivor, "unavailable"); // a hit comes before it
        await Register(station, absorbed, "hit");
        var visit = await station.Open(survivor);
        Assert.Equal(("deferred", "hit"), (visit.Text("status"), visit.Text("externalCheck")));
    }

    [Fact]
    public async Task With_the_register_away_he_gives_and_its_later_answer_is_said_once()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        await Register(station, donor, "unavailable");
        var visit = await station.VisitAt("completed", donor);
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din");
        Assert.Equal("unavailable", Assert.Single(await service.Published<DonationCollected>(), e => e.Din == din).ExternalCheck);
        Assert.DoesNotContain(await service.Published<DonationExternallyChecked>(), e => e.Din == din);
        await Register(station, donor, "clear");
        var said = await Eventually.Value(async () => (await service.Published<DonationExternallyChecked>()).Find(e => e.Din == din));
        Assert.Equal(("clear", donor, (Guid?)station.Id), (said.Outcome, said.DonorId, said.StationId));
        Assert.Equal("clear", (await station.Client.Get($"/v1/visits/{visit}")).Text("externalCheck"));
        await Register(station, donor, "hit"); // nobody asks any more
        var other = await station.Donor();
        await Register(station, other, "unavailable");
        var later = await station.VisitAt("collected", other);
        await Register(station, other, "hit");
        var laterDin = (await station.Client.Get($"/v1/visits/{later}")).Text("din");
        await Eventually.That(async () => (await service.Published<DonationWithdrawn>()).Exists(e => e.Din == laterDin));
        Assert.Equal("hit", Assert.Single(await service.Published<DonationExternallyChecked>(), e => e.Din == laterDin).Outcome);
        Assert.Contains("EXTERNAL_HIT", SomeStation.Rules(await station.Eligibility(other)));
        Assert.Single(await service.Published<DonationExternallyChecked>(), e => e.Din == din);
    }

    [Fact]
    public async Task An_answer_between_check_in_and_needle_stops_at_the_needle_and_a_clear_one_goes_with_the_collection()
    {
        var station = new SomeStation(service);
        var (bad, good) = (await station.Donor(), await station.Donor());
        foreach (var donor in new[] { bad, good }) await Register(station, donor, "unavailable");
        var (stopped, goes) = (await station.VisitAt("cleared", bad), await station.VisitAt("cleared", good));
        await Register(station, bad, "hit");
        await Register(station, good, "clear");
        await Eventually.That(async () => (await station.Client.Get($"/v1/visits/{stopped}")).Text("externalCheck") == "hit" && (await station.Client.Get($"/v1/visits/{goes}")).Text("externalCheck") == "clear");
        var dins = await station.Dins(2);
        Assert.Equal(("deferred", "EXTERNAL_HIT"), (await station.Start(stopped, dins[0])) is var no ? (no.Text("status"), SomeStation.Rules(no).Single()) : default);
        await station.Start(goes, dins[1]);
        await station.Finish(goes);
        Assert.Equal("clear", Assert.Single(await service.Published<DonationCollected>(), e => e.Din == dins[1]).ExternalCheck);
    }

    [Fact]
    public async Task What_is_recorded_afterwards_is_not_asked_about_and_the_sandbox_knows_its_words()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        await Register(station, donor, "hit");
        var din = (await station.Dins())[0];
        Assert.Equal("completed", (await station.Backfill(donor, TimeProvider.System.GetUtcNow().AddYears(-1), din)).Text("status"));
        Assert.Null(Assert.Single(await service.Published<DonationCollected>(), e => e.Din == din).ExternalCheck);
        Assert.Equal(422, (await Register(station, donor, "perhaps")).Status);
        Assert.Equal(404, (await Register(station, Some.OldId(), "clear")).Status);
        Assert.Equal(403, (await service.As(Roles.App, Some.Id()).Put($"/v1/external-checks/{donor}", new { outcome = "clear" })).Status);
    }

    [Theory]
    [InlineData("provisional", "confirmed")]
    [InlineData("confirmed", "provisional")]
    public async Task A_confirmed_result_makes_the_deferral_lasting_whichever_comes_first_and_once(params string[] order)
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var din = (await station.Dins())[0];
        var events = order.Select((certainty, i) => new DonorDeferralRequired { EventId = Some.Id(), Key = din, Version = i + 1, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = Some.Id(), DonorId = donor, Din = din, DeferralCode = "P22", Certainty = certainty }).ToArray();
        await service.Deliver(events);
        await service.Deliver([.. events.Select(e => e with { EventId = Some.Id() })]); // older replays
        var deferral = Assert.Single((await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].EnumerateArray());
        Assert.Equal(("confirmed", null), (deferral.GetProperty("certainty").GetString(), SomeStation.Date(deferral.GetProperty("until"))));
        // One announcement, as of registration one: from outside the two can't be told apart.
        Assert.Equal(2, (await service.Published<DonorEligibilityChanged>()).Count(e => e.DonorId == donor));
        Assert.Equal((409, "reentry_required"), Seen(await station.Physician.Post($"/v1/deferrals/{deferral.GetProperty("id").GetGuid()}/lift", new { reason = "x" })));
    }

    [Fact]
    public async Task Eight_results_at_once_are_one_deferral()
    {
        var station = new SomeStation(service);
        var (donor, din) = (await station.Donor(), (await station.Dins())[0]);
        var (provisional, confirmed) = (Some.Id(), Some.Id());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => service.Deliver(new DonorDeferralRequired
        {
            EventId = Some.Id(), Key = din, Version = n + 1, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = n % 2 == 0 ? provisional : confirmed, DonorId = donor, Din = din, DeferralCode = "P22", Certainty = n % 2 == 0 ? "provisional" : "confirmed",
        })));
        Assert.Equal("confirmed", Assert.Single((await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].EnumerateArray()).GetProperty("certainty").GetString());
    }

    [Fact]
    public async Task An_ALT_over_its_limit_has_a_date_and_no_case()
    {
        var station = new SomeStation(service);
        var (donor, din) = (await station.Donor(), (await station.Dins())[0]);
        await service.Deliver(new DonorDeferralRequired { Key = din, Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = Some.Id(), DonorId = donor, Din = din, DeferralCode = "T32", Certainty = "provisional" });
        var deferral = Assert.Single((await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].EnumerateArray());
        Assert.Equal(("T32-alt", Today.AddMonths(1).ToString("O")), (deferral.GetProperty("code").GetString(), deferral.GetProperty("until").GetString()));
        Assert.True((await station.Eligibility(donor, $"?asOf={Today.AddMonths(1):O}"))["eligible"].GetBoolean());
        Assert.Equal((409, "reentry_required"), Seen(await station.Physician.Post($"/v1/deferrals/{deferral.GetProperty("id").GetGuid()}/lift", new { reason = "x" })));
    }

    /// <summary>A deferral seven months old that a test made.</summary>
    private async Task<(Guid Donor, Guid Deferral)> Deferred(SomeStation station, string code = "P22")
    {
        var (donor, din) = (await station.Donor(), (await station.Dins())[0]);
        await service.Deliver(new DonorDeferralRequired { Key = din, Version = 1, OccurredAt = TimeProvider.System.GetUtcNow().AddMonths(-7), RequirementId = Some.Id(), DonorId = donor, Din = din, DeferralCode = code, Certainty = "provisional" });
        return (donor, (await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"][0].GetProperty("id").GetGuid());
    }

    private static async Task MeetAll(SomeStation station, Guid id, Answer opened)
    {
        foreach (var criterion in opened["criteria"].EnumerateArray())
        {
            var accepts = criterion.GetProperty("accepts");
            var met = await station.Physician.Post($"/v1/reentry-cases/{id}/criteria", new { code = criterion.GetProperty("code").GetString(), on = Today, finding = accepts.ValueKind == System.Text.Json.JsonValueKind.Null ? "化验单0417" : accepts[0].GetString() });
            Assert.True(met.Status == 200, met.ToString());
        }
    }

    [Fact]
    public async Task A_reactive_donor_comes_back_by_a_case_with_every_criterion_met_and_two_signatures()
    {
        var station = new SomeStation(service);
        var (donor, deferral) = await Deferred(station);
        var opened = await station.Physician.Post("/v1/reentry-cases", new { deferralId = deferral });
        Assert.Equal((201, "open", 4), (opened.Status, opened.Text("status"), opened["criteria"].GetArrayLength()));
        Assert.Equal((409, "reentry_case_open"), Seen(await station.Quality.Post("/v1/reentry-cases", new { deferralId = deferral })));
        var id = opened.Id;

        var refused = await station.Physician.Post($"/v1/reentry-cases/{id}/signatures");
        Assert.Equal((409, "criteria_not_met"), Seen(refused));
        Assert.Equal(4, refused["errors"].GetArrayLength());
        Assert.Equal((422, "criterion_unknown"), Seen(await station.Physician.Post($"/v1/reentry-cases/{id}/criteria", new { code = "REENTRY_ALT", on = Today })));
        Assert.Equal((422, "criterion_too_early"), Seen(await station.Physician.Post($"/v1/reentry-cases/{id}/criteria", new { code = "REENTRY_SEROLOGY", on = Today.AddMonths(-3) })));
        Assert.Equal((422, "invalid_value"), Seen(await station.Physician.Post($"/v1/reentry-cases/{id}/criteria", new { code = "REENTRY_SEROLOGY", on = Today.AddDays(1) })));
        Assert.Equal((422, "invalid_value"), Seen(await station.Physician.Post($"/v1/reentry-cases/{id}/criteria", new { code = "REENTRY_PATTERN", on = Today, finding = "hbsag" })));
        Assert.Equal((403, "staff_function_required"), Seen(await station.Registrar.Post($"/v1/reentry-cases/{id}/criteria", new { code = "REENTRY_SEROLOGY", on = Today })));
        Assert.Equal((404, "not_found"), Seen(await new SomeStation(service).Physician.Post($"/v1/reentry-cases/{id}/criteria", new { code = "REENTRY_SEROLOGY", on = Today })));
        await MeetAll(station, id, opened);
        Assert.Equal((409, "criterion_met"), Seen(await station.Physician.Post($"/v1/reentry-cases/{id}/criteria", new { code = "REENTRY_SEROLOGY", on = Today })));
        Assert.False((await station.Eligibility(donor))["eligible"].GetBoolean()); // never by itself

        // The same person six times at once is one signature.
        var first = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => station.Physician.Post($"/v1/reentry-cases/{id}/signatures")));
        Assert.Equal(1, first.Count(a => a.Status == 200));
        Assert.All(first.Where(a => a.Status != 200), a => Assert.Equal((409, "same_signer"), Seen(a)));
        Assert.False((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.Equal((409, "same_signer"), Seen(await station.Physician.Post($"/v1/reentry-cases/{id}/signatures")));
        var second = await station.Quality.Post($"/v1/reentry-cases/{id}/signatures");
        Assert.Equal((200, "lifted", 2), (second.Status, second.Text("status"), second["signatures"].GetArrayLength()));
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.Equal("lifted", (await station.Client.Get($"/v1/deferrals/{deferral}")).Text("status"));
        Assert.Equal(id, await station.Scalar<Guid>("select reentry_case_id from donor.deferral where id = @deferral", new { deferral }));
        Assert.Equal((409, "reentry_case_closed"), Seen(await station.Quality.Post($"/v1/reentry-cases/{id}/signatures")));
        Assert.Equal((409, "deferral_not_active"), Seen(await station.Quality.Post("/v1/reentry-cases", new { deferralId = deferral })));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.reentry_criterion c where c::text like '%化验单%' or c::text like '%negative%'"));
    }

    [Fact]
    public async Task A_result_confirmed_after_the_way_back_closes_it_again()
    {
        var station = new SomeStation(service);
        var (donor, deferral) = await Deferred(station);
        var din = await station.Scalar<string>("select din from donor.deferral where id = @deferral", new { deferral });
        var opened = await station.Physician.Post("/v1/reentry-cases", new { deferralId = deferral });
        await MeetAll(station, opened.Id, opened);
        await station.Physician.Post($"/v1/reentry-cases/{opened.Id}/signatures");
        Assert.Equal("lifted", (await station.Quality.Post($"/v1/reentry-cases/{opened.Id}/signatures")).Text("status"));
        await service.Deliver(new DonorDeferralRequired { Key = din, Version = 9, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = Some.Id(), DonorId = donor, Din = din, DeferralCode = "P22", Certainty = "confirmed" });
        Assert.False((await station.Eligibility(donor))["eligible"].GetBoolean());
    }

    [Fact]
    public async Task A_case_is_refused_with_a_reason_and_another_can_be_opened()
    {
        var station = new SomeStation(service);
        var (_, deferral) = await Deferred(station);
        var opened = await station.Quality.Post("/v1/reentry-cases", new { deferralId = deferral });
        Assert.Equal(400, (await station.Quality.Post($"/v1/reentry-cases/{opened.Id}/refuse")).Status);
        var refused = await station.Quality.Post($"/v1/reentry-cases/{opened.Id}/refuse", new { reason = "模式不符" });
        Assert.Equal(("refused", "模式不符"), (refused.Text("status"), refused.Text("refusal")));
        Assert.Equal((409, "reentry_case_closed"), Seen(await station.Physician.Post($"/v1/reentry-cases/{opened.Id}/criteria", new { code = "REENTRY_MARKER", on = Today })));
        Assert.Equal(201, (await station.Quality.Post("/v1/reentry-cases", new { deferralId = deferral })).Status);
        Assert.Equal(2, (await station.Client.Get($"/v1/reentry-cases?donorId={opened["donorId"].GetGuid()}"))["items"].GetArrayLength());
        Assert.Empty((await new SomeStation(service).Client.Get($"/v1/reentry-cases?donorId={opened["donorId"].GetGuid()}"))["items"].EnumerateArray());
    }

    [Fact]
    public async Task What_needs_no_case_gets_none_and_a_reactive_rapid_test_does()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var cold = (await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T10", from = Today })).Id;
        Assert.Equal((409, "reentry_not_needed"), Seen(await station.Physician.Post("/v1/reentry-cases", new { deferralId = cold })));
        Assert.Equal((404, "not_found"), Seen(await station.Physician.Post("/v1/reentry-cases", new { deferralId = Some.OldId() })));
        Assert.Equal((403, "staff_required"), Seen(await station.Client.Post("/v1/reentry-cases", new { deferralId = cold })));
        Assert.Equal(403, (await service.As(Roles.App, Some.Id()).Post("/v1/reentry-cases", new { deferralId = cold })).Status);

        var visit = await station.VisitAt("consulted", donor = await station.Donor());
        await station.Physician.Post($"/v1/visits/{visit}/pretest", new { haemoglobin = new { method = "meter", valueGl = 140 }, bloodGroup = "O+", altPass = true, hbsagPass = false });
        var rapid = (await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"][0].GetProperty("id").GetGuid();
        Assert.Equal((409, "reentry_required"), Seen(await station.Physician.Post($"/v1/deferrals/{rapid}/lift", new { reason = "x" })));
        Assert.Equal(4, (await station.Physician.Post("/v1/reentry-cases", new { deferralId = rapid }))["criteria"].GetArrayLength());
    }
}
