using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Donors.Tests.Features;

/// <summary>Vitals, answers and pretest that were recorded wrong, and what follows for the visit, the donor and his blood.</summary>
public sealed class FindingCorrectionTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private static (int, string?) Seen(Answer answer) => (answer.Status, answer.Code);

    private static object Vitals(decimal temperature = 36.6m, int systolic = 120, decimal weight = 65m) => new { temperatureC = temperature, systolic, diastolic = 80, pulse = 72, weightKg = weight, examination = SomeStation.Sound };

    private static object Pretest(string group = "O+", int haemoglobin = 140) => new { haemoglobin = new { method = "meter", valueGl = haemoglobin }, bloodGroup = group, altPass = true, hbsagPass = true };

    private static Task<Answer> Correct(HttpClient by, Guid visit, object body, string? key = null) => by.Post($"/v1/visits/{visit}/finding-corrections", body, key ?? Some.Key());

    private static string[] Codes(Answer correction) => [.. correction["deferrals"].EnumerateArray().Select(d => $"{d.GetProperty("code").GetString()} {d.GetProperty("status").GetString()}")];

    private async Task<object> Consultation(SomeStation station, string? yes = null, bool fit = true)
    {
        var answers = await station.GoodAnswers();
        if (yes is not null) answers[yes] = "yes";
        return new { questionnaire = new { code = "cn-donor-health", version = "1" }, answers, fitToDonate = fit };
    }

    [Fact]
    public async Task A_fever_found_after_giving_holds_the_blood_and_defers_and_the_step_stays_as_it_was()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("completed", donor);
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din");
        var correction = await Correct(station.Quality, visit, new { reasonCode = "entered-wrong", vitals = Vitals(38.2m), note = "抄错" });
        Assert.Equal((201, 1, "vitals", false, true), (correction.Status, correction["number"].GetInt32(), correction.Text("step"), correction["passed"].GetBoolean(), correction["donationWithdrawn"].GetBoolean()));
        Assert.Equal("TEMPERATURE", Assert.Single(correction["reasons"].EnumerateArray()).GetProperty("rule").GetString());
        Assert.Equal(correction.Body.ToString(), (await station.Client.Get(correction.Response.Headers.Location!.ToString())).Body.ToString());
        Assert.Equal(correction.Body.ToString(), Assert.Single((await station.Client.Get($"/v1/visits/{visit}/finding-corrections")).Body.EnumerateArray()).ToString());

        Assert.Single(await service.Published<DonationWithdrawn>(), w => w.Din == din);
        Assert.Contains("T32", (await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].EnumerateArray().Select(d => d.GetProperty("code").GetString()));
        var view = await station.Client.Get($"/v1/visits/{visit}");
        Assert.Equal("completed", view.Text("status"));
        Assert.Equal(["vitals", "vitals/correction"], view["steps"].EnumerateArray().Select(s => s.GetProperty("step").GetString()!).Where(s => s.StartsWith("vitals", StringComparison.Ordinal)));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.finding_correction c where c::text like '%38.2%' or c::text like '%抄错%'"));

        // His copy has both, and the judgement can be made again.
        var export = await station.Quality.Post($"/v1/donors/{donor}/export");
        var steps = export["visits"][0].GetProperty("steps").EnumerateArray().ToDictionary(s => s.GetProperty("step").GetString()!);
        Assert.Equal((36.6m, 38.2m, "抄错"), (steps["vitals"].GetProperty("record").GetProperty("temperatureC").GetDecimal(), steps["vitals/correction"].GetProperty("record").GetProperty("temperatureC").GetDecimal(), steps["vitals/correction"].GetProperty("note").GetString()));
        var decision = (await station.Client.Get($"/v1/visits/{visit}/decisions")).Body.EnumerateArray().Single(d => d.GetProperty("step").GetString() == "vitals/correction");
        Assert.True((await station.Client.Post($"/v1/decisions/{decision.GetProperty("id").GetGuid()}/rerun"))["same"].GetBoolean());
    }

    [Fact]
    public async Task A_typing_error_that_turned_somebody_away_ends_by_two_more_persons_and_not_before()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("hygiene-done", donor);
        Assert.Equal("deferred", (await station.Registrar.Post($"/v1/visits/{visit}/vitals", Vitals(systolic: 150))).Text("status"));
        var correction = await Correct(station.Quality, visit, new { reasonCode = "entered-wrong", vitals = Vitals(systolic: 115) });
        Assert.Equal((201, true, false), (correction.Status, correction["passed"].GetBoolean(), correction["donationWithdrawn"].GetBoolean()));
        Assert.Equal(["T32 active"], Codes(correction));
        Assert.Equal(["sign"], correction["allowedActions"].EnumerateArray().Select(a => a.GetString()));
        Assert.False((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.Equal("deferred", (await station.Client.Get($"/v1/visits/{visit}")).Text("status"));

        var sign = $"/v1/visits/{visit}/finding-corrections/{correction.Id}/sign";
        Assert.Equal((403, "staff_function_required"), Seen(await station.Quality.Post(sign)));
        Assert.Equal((409, "second_person_required"), Seen(await service.As(Roles.Station, station.Id, "Q1", "physician").Post(sign))); // who corrected
        Assert.Equal((409, "second_person_required"), Seen(await service.As(Roles.Station, station.Id, "R1", "physician").Post(sign))); // who measured
        Assert.Equal(404, (await new SomeStation(service).Physician.Post(sign)).Status);
        var signed = await station.Physician.Post(sign);
        Assert.Equal(200, signed.Status);
        Assert.Equal(["T32 entered-in-error"], Codes(signed));
        Assert.Empty(signed["allowedActions"].EnumerateArray());
        Assert.Equal((409, "deferral_not_active"), Seen(await station.Physician.Post(sign)));
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.Equal("entered-in-error", Assert.Single((await station.Client.Get($"/v1/donors/{donor}/deferrals?status=all"))["items"].EnumerateArray()).GetProperty("status").GetString());
        Assert.Equal(201, (await station.Open(donor)).Status); // and he may come in again
    }

    [Fact]
    public async Task A_lasting_deferral_by_a_wrong_answer_ends_so_too_and_nothing_else_would_end_it()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("vitals-taken", donor);
        var answers = await station.GoodAnswers();
        answers["hepatitis-hiv"] = "yes";
        Assert.Equal("deferred", (await station.Consult(visit, answers)).Text("status"));
        var deferral = Assert.Single((await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].EnumerateArray()).GetProperty("id").GetGuid();
        var other = service.As(Roles.Station, station.Id, "P2", "physician");
        Assert.Equal((409, "reentry_required"), Seen(await other.Post($"/v1/deferrals/{deferral}/lift", new { reason = "误录" })));
        var correction = await Correct(station.Quality, visit, new { reasonCode = "entered-wrong", consultation = await Consultation(station) });
        Assert.Equal(["P01 active"], Codes(correction));
        Assert.Equal(["P01 entered-in-error"], Codes(await other.Post($"/v1/visits/{visit}/finding-corrections/{correction.Id}/sign")));
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
    }

    [Fact]
    public async Task What_another_finding_or_a_physician_says_as_well_does_not_end()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("hygiene-done", donor);
        await station.Registrar.Post($"/v1/visits/{visit}/vitals", Vitals(systolic: 150));
        // First otherwise, then, by a third person, as it had been after all: the newest stands.
        var first = await Correct(station.Quality, visit, new { reasonCode = "entered-wrong", vitals = Vitals() });
        var second = await Correct(service.As(Roles.Station, station.Id, "Q2", "quality"), visit, new { reasonCode = "measured-wrong", vitals = Vitals(systolic: 145) });
        Assert.Equal((201, false), (second.Status, second["passed"].GetBoolean()));
        Assert.Empty(Codes(second));
        foreach (var correction in new[] { first, second }) Assert.Equal((409, "deferral_not_active"), Seen(await station.Physician.Post($"/v1/visits/{visit}/finding-corrections/{correction.Id}/sign")));
        Assert.False((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.Single((await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].EnumerateArray()); // not a second one
    }

    [Fact]
    public async Task Before_the_needle_a_corrected_finding_opens_what_it_had_closed_or_ends_the_visit()
    {
        var station = new SomeStation(service);
        var drive = await station.Drive(procedures: ["whole-blood", "apheresis-platelets"]);
        object Counts(double hematocrit) => new { haemoglobin = new { method = "meter", valueGl = 140 }, bloodGroup = "O+", altPass = true, hbsagPass = true, hematocrit, plateletCount = 250, plateletCountAfter = 180 };
        var visit = await station.VisitAt("consulted", driveId: drive);
        var closed = await station.Physician.Post($"/v1/visits/{visit}/pretest", Counts(0.30));
        Assert.Equal(["whole-blood"], closed["openProcedures"].EnumerateArray().Select(p => p.GetString()));
        Assert.Equal(201, (await Correct(station.Quality, visit, new { reasonCode = "entered-wrong", pretest = Counts(0.42) })).Status);
        var open = await station.Client.Get($"/v1/visits/{visit}");
        Assert.Equal(["whole-blood", "apheresis-platelets"], open["openProcedures"].EnumerateArray().Select(p => p.GetString()));
        Assert.Empty(open["reasons"].EnumerateArray());

        var ended = await Correct(station.Quality, visit, new { reasonCode = "entered-wrong", vitals = Vitals(weight: 40) });
        Assert.Equal((201, false), (ended.Status, ended["passed"].GetBoolean()));
        Assert.Equal("deferred", (await station.Client.Get($"/v1/visits/{visit}")).Text("status"));
        Assert.Single(await service.Published<VisitDeferred>(), e => e.VisitId == visit);
        Assert.Equal((409, "step_out_of_order"), Seen(await station.Start(visit, (await station.Dins())[0])));
    }

    [Fact]
    public async Task Another_group_is_said_to_whoever_compares_and_stands_on_the_card()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("completed", donor);
        var correction = await Correct(station.Quality, visit, new { reasonCode = "entered-wrong", pretest = Pretest("B+") });
        Assert.Equal((201, true, "O+", "B+", false), (correction.Status, correction["passed"].GetBoolean(), correction.Text("bloodGroupBefore"), correction.Text("bloodGroupAfter"), correction["donationWithdrawn"].GetBoolean()));
        var view = await station.Client.Get($"/v1/visits/{visit}");
        Assert.Equal("B+", view.Text("bloodGroup"));
        var said = Assert.Single(await service.Published<BloodGroupCorrected>(), e => e.Din == view.Text("din"));
        Assert.Equal((1, "O+", "B+", donor, station.Id), (said.Number, said.Before, said.After, said.DonorId, said.StationId));
        Assert.Equal("B+", (await station.Client.Get($"/v1/donors/{donor}/card")).Text("bloodGroup"));

        // Before there is a donation nobody is told: the collection says it.
        var early = await station.VisitAt("cleared");
        Assert.Equal(201, (await Correct(station.Quality, early, new { reasonCode = "entered-wrong", pretest = Pretest("AB-") })).Status);
        Assert.Equal(200, (await station.Start(early, (await station.Dins())[0])).Status);
        Assert.Equal((409, "step_out_of_order"), Seen(await Correct(station.Quality, early, new { reasonCode = "entered-wrong", pretest = Pretest("A-") }))); // the needle is in
        Assert.Equal(200, (await station.Finish(early)).Status);
        Assert.Equal("AB-", Assert.Single(await service.Published<DonationCollected>(), e => e.VisitId == early).BloodGroup);
        Assert.Equal(1, (await service.Published<BloodGroupCorrected>()).Count(e => e.StationId == station.Id));
    }

    [Fact]
    public async Task An_answer_that_forbids_a_component_restricts_what_was_collected()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("completed");
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din");
        var correction = await Correct(station.Quality, visit, new { reasonCode = "told-wrong", consultation = await Consultation(station, yes: "aspirin") });
        Assert.Equal((201, true), (correction.Status, correction["passed"].GetBoolean())); // it closes platelets, and he gave whole blood
        var said = Assert.Single(await service.Published<DonationCorrected>(), e => e.Din == din);
        Assert.Empty(said.Before.Restrictions);
        Assert.Equal(["platelets"], said.After.Restrictions);
        Assert.Equal("platelets", Assert.Single((await station.Client.Get($"/v1/visits/{visit}"))["restrictions"].EnumerateArray()).GetString());
        // Taken back, the component stays forbidden: looser takes more than a correction.
        Assert.Equal(201, (await Correct(service.As(Roles.Station, station.Id, "Q2", "quality"), visit, new { reasonCode = "entered-wrong", consultation = await Consultation(station) })).Status);
        Assert.Single((await station.Client.Get($"/v1/visits/{visit}"))["restrictions"].EnumerateArray());
    }

    [Fact]
    public async Task What_cannot_be_corrected_is_refused_and_nothing_is_written()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("consulted");
        Task<Answer> Try(object body, HttpClient? by = null) => Correct(by ?? station.Quality, visit, body);
        object good = new { reasonCode = "entered-wrong", vitals = Vitals(36.5m) };
        Assert.Equal((403, "staff_required"), Seen(await Try(good, station.Client)));
        Assert.Equal((403, "staff_function_required"), Seen(await Try(good, station.Registrar)));
        Assert.Equal((409, "second_person_required"), Seen(await Try(good, service.As(Roles.Station, station.Id, "R1", "quality"))));
        Assert.Equal((404, "not_found"), Seen(await Try(good, new SomeStation(service).Quality)));
        Assert.Equal((422, "invalid_value"), Seen(await Try(new { reasonCode = "because", vitals = Vitals(36.5m) })));
        Assert.Equal((422, "invalid_value"), Seen(await Try(new { reasonCode = "entered-wrong" })));
        Assert.Equal((422, "invalid_value"), Seen(await Try(new { reasonCode = "entered-wrong", vitals = Vitals(36.5m), pretest = Pretest() })));
        Assert.Equal((422, "invalid_value"), Seen(await Try(new { reasonCode = "entered-wrong", vitals = Vitals(55m) })));
        Assert.Equal((422, "nothing_corrected"), Seen(await Try(new { reasonCode = "entered-wrong", vitals = SomeStation.GoodVitals })));
        Assert.Equal((409, "step_out_of_order"), Seen(await Try(new { reasonCode = "entered-wrong", pretest = Pretest() })));
        async Task At(object body, string code, string pointer)
        {
            var answer = await Try(body);
            Assert.Equal((422, code, pointer), (answer.Status, answer.Code, answer["errors"][0].GetProperty("pointer").GetString()));
        }
        await At(new { reasonCode = "entered-wrong", vitals = Vitals(systolic: 70) }, "invalid_value", "/vitals/diastolic");
        await At(new { reasonCode = "entered-wrong", vitals = new { temperatureC = 36.5, systolic = 120, diastolic = 80, pulse = 72, weightKg = 65.0, at = TimeProvider.System.GetUtcNow() } }, "invalid_value", "/vitals/at");
        var answers = await station.GoodAnswers();
        await At(new { reasonCode = "told-wrong", consultation = new { questionnaire = new { code = "cn-donor-health", version = "1+cn-epidemic-2021.1" }, answers, fitToDonate = true } }, "questionnaire_unknown", "/consultation/questionnaire");
        answers.Remove("aspirin");
        await At(new { reasonCode = "told-wrong", consultation = new { questionnaire = new { code = "cn-donor-health", version = "1" }, answers, fitToDonate = true } }, "answers_missing", "/consultation/answers/aspirin");
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.finding_correction where visit_id = @visit", new { visit }));

        var other = await station.VisitAt("completed");
        Assert.Equal(201, (await station.Quality.Post($"/v1/visits/{other}/corrections", new { reasonCode = "wrong-donor" })).Status);
        Assert.Equal((409, "donation_voided"), Seen(await Correct(station.Quality, other, good)));
    }

    [Fact]
    public async Task Corrections_at_once_are_numbered_one_by_one_and_a_twin_is_one()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("completed");
        var key = Some.Key();
        var twins = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Correct(station.Quality, visit, new { reasonCode = "entered-wrong", vitals = Vitals(36.1m) }, key)));
        Assert.All(twins, t => Assert.Equal(201, t.Status));
        Assert.Single(twins.Select(t => t.Id).Distinct());
        var raced = await Task.WhenAll(Enumerable.Range(0, 6).Select(n => Correct(service.As(Roles.Station, station.Id, $"Q{n + 10}", "quality"), visit, new { reasonCode = "entered-wrong", pretest = Pretest(n % 2 == 0 ? "A+" : "B+", 130 + n) })));
        Assert.All(raced, r => Assert.Equal(201, r.Status));
        var all = (await station.Client.Get($"/v1/visits/{visit}/finding-corrections")).Body.EnumerateArray().ToList();
        Assert.Equal(Enumerable.Range(1, 7), all.Select(c => c.GetProperty("number").GetInt32()));
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din");
        var groups = (await service.Published<BloodGroupCorrected>()).Where(e => e.Din == din).OrderBy(e => e.Number).ToList();
        Assert.Equal(groups.SkipLast(1).Select(g => g.After), groups.Skip(1).Select(g => g.Before)); // each begins where the last one ended
        Assert.Equal(groups[^1].After, (await station.Client.Get($"/v1/visits/{visit}")).Text("bloodGroup"));
    }
}
