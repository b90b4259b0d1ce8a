using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Donors.Tests.Features;

public sealed class VisitTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    [Fact]
    public async Task A_visit_goes_through_its_steps_and_the_collection_is_announced_once_with_the_next_dates()
    {
        var station = new SomeStation(service);
        var organiser = Some.Id();
        var drive = await station.Drive(organiser: organiser);
        var donor = await station.Donor();
        var appointment = Some.Id();
        await service.Deliver(new AppointmentBooked { Key = appointment.ToString(), Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), AppointmentId = appointment, DonorId = donor, DriveId = drive, SlotStartsAt = TimeProvider.System.GetUtcNow(), Procedure = "whole-blood", Channel = "poster", Backfilled = false });

        var visit = await station.Open(donor, drive, appointment);
        Assert.Equal((201, "checked-in"), (visit.Status, visit.Text("status")));
        Assert.Equal($"/v1/visits/{visit.Id}", visit.Response.Headers.Location!.ToString());
        Assert.Contains("consent", visit["allowedActions"].EnumerateArray().Select(a => a.GetString()));
        Assert.Equal("consented", (await station.Registrar.Post($"/v1/visits/{visit.Id}/consent", new { accepted = true })).Text("status"));
        Assert.Equal("hygiene-done", (await station.Registrar.Post($"/v1/visits/{visit.Id}/hygiene", new { handsWashed = true })).Text("status"));
        Assert.Equal("vitals-taken", (await station.Registrar.Post($"/v1/visits/{visit.Id}/vitals", SomeStation.GoodVitals)).Text("status"));
        Assert.Equal("consulted", (await station.Consult(visit.Id)).Text("status"));
        Assert.Equal("cleared", (await station.Physician.Post($"/v1/visits/{visit.Id}/pretest", SomeStation.GoodPretest)).Text("status"));
        var din = (await station.Dins())[0];
        var started = await station.Start(visit.Id, "=" + din + (60 + BloodPlatform.Donors.Rules.Din.Checksum(din)), change: b => { b["bagScan"] = din; b["sampleTubeScans"] = new[] { "=" + din + "00", din + BloodPlatform.Donors.Rules.Din.CheckCharacter(din) }; });
        Assert.Equal((200, "collecting", din), (started.Status, started.Text("status"), started.Text("din")));
        var finished = await station.Finish(visit.Id);
        Assert.Equal((200, "collected", 400), (finished.Status, finished.Text("status"), finished["collectedMl"].GetInt32()));
        Assert.Equal("completed", (await station.Physician.Post($"/v1/visits/{visit.Id}/complete")).Text("status"));

        var collected = Assert.Single(await service.Published<DonationCollected>(), e => e.Din == din);
        Assert.Equal((donor.ToString(), (Guid?)visit.Id, (Guid?)drive, (Guid?)appointment, (Guid?)organiser, "440703"), (collected.Key, collected.VisitId, collected.DriveId, collected.AppointmentId, collected.OrganiserId, collected.District));
        Assert.Equal((400, 400, "O+", true, false, (Guid?)station.Id), (collected.NominalMl, collected.CollectedMl, collected.BloodGroup, collected.FirstTime, collected.Backfilled, collected.StationId));
        Assert.Empty(collected.Deviations);

        var today = Shanghai.DateOf(TimeProvider.System.GetUtcNow());
        var windows = (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == donor).MaxBy(e => e.Version)!;
        Assert.True(windows.Version > collected.Version);
        var whole = windows.Procedures.Single(p => p.Procedure == "whole-blood").Windows;
        Assert.DoesNotContain(whole, w => w.From <= today && today <= w.To);
        Assert.Contains(whole, w => w.From == today.AddMonths(6));
        Assert.Contains(windows.Procedures.Single(p => p.Procedure == "apheresis-platelets").Windows, w => w.From == today.AddMonths(3));

        var versions = await service.Database.Query<long>("select version from donor.outbox where key = @key order by position", new { key = donor.ToString() });
        Assert.Equal(versions.Order().Distinct(), versions);
        Assert.Single(await service.Published<VisitOpened>(), e => e.VisitId == visit.Id && e.AppointmentId == appointment);
        Assert.Single(await service.Published<VisitCompleted>(), e => e.VisitId == visit.Id);

        var listed = await station.Client.Get($"/v1/visits?driveId={drive}&status=completed");
        var item = Assert.Single(listed["items"].EnumerateArray());
        Assert.Equal((din, 400, 400), (item.GetProperty("din").GetString(), item.GetProperty("collectedMl").GetInt32(), item.GetProperty("nominalMl").GetInt32()));
        var donations = await station.Client.Get($"/v1/donors/{donor}/donations");
        Assert.Equal(din, Assert.Single(donations.Body.EnumerateArray()).GetProperty("din").GetString());
        Assert.Equal("document-seen", (await station.Client.Get($"/v1/donors/{donor}")).Text("identityAssurance"));
    }

    [Theory]
    [InlineData("checked-in", "hygiene")]
    [InlineData("checked-in", "collection/start")]
    [InlineData("consented", "vitals")]
    [InlineData("consented", "consent")]
    [InlineData("hygiene-done", "consultation")]
    [InlineData("vitals-taken", "pretest")]
    [InlineData("consulted", "collection/start")]
    [InlineData("cleared", "collection/finish")]
    [InlineData("collecting", "complete")]
    [InlineData("completed", "complete")]
    public async Task A_step_out_of_order_is_refused_and_changes_nothing(string status, string step)
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt(status);
        var all = service.As(Roles.Station, station.Id, "ALL", "registrar", "physician", "phlebotomist");
        object body = step switch
        {
            "hygiene" => new { handsWashed = true }, "consent" => new { accepted = true }, "vitals" => SomeStation.GoodVitals, "pretest" => SomeStation.GoodPretest,
            "consultation" => new { questionnaire = new { code = "cn-donor-health", version = "1" }, answers = await station.GoodAnswers(), fitToDonate = true },
            "collection/start" => SomeStation.StartBody((await station.Dins())[0]), "collection/finish" => new { collectedMl = 400, endedAt = TimeProvider.System.GetUtcNow(), outcome = "completed" }, _ => new { },
        };
        var before = await station.Client.Get($"/v1/visits/{visit}");
        var answer = await all.Post($"/v1/visits/{visit}/{step}", body, Some.Key());
        Assert.Equal((409, "step_out_of_order"), (answer.Status, answer.Code));
        Assert.Equal(before.Body.ToString(), (await station.Client.Get($"/v1/visits/{visit}")).Body.ToString());
    }

    [Theory]
    [InlineData("checked-in")]
    [InlineData("consulted")]
    [InlineData("cleared")]
    public async Task What_was_measured_yesterday_does_not_lead_to_a_needle_today(string status)
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt(status);
        await service.Database.Execute("update donor.visit set opened_at = opened_at - interval '12 hours 1 minute', last_at = last_at - interval '12 hours 1 minute' where id = @visit", new { visit });
        var before = await station.Client.Get($"/v1/visits/{visit}");
        var answer = status switch
        {
            "checked-in" => await station.Registrar.Post($"/v1/visits/{visit}/consent", new { accepted = true }),
            "consulted" => await station.Physician.Post($"/v1/visits/{visit}/pretest", SomeStation.GoodPretest),
            _ => await station.Start(visit, (await station.Dins())[0]),
        };
        Assert.Equal((409, "visit_too_old"), (answer.Status, answer.Code));
        Assert.Equal(before.Body.ToString(), (await station.Client.Get($"/v1/visits/{visit}")).Body.ToString());
        Assert.Equal("abandoned", (await station.Registrar.Post($"/v1/visits/{visit}/abandon")).Text("status"));
    }

    [Fact]
    public async Task The_needle_that_is_in_comes_out_however_long_ago_he_checked_in()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("collecting");
        await service.Database.Execute("update donor.visit set opened_at = opened_at - interval '13 hours', last_at = last_at - interval '13 hours' where id = @visit", new { visit });
        Assert.Equal("collected", (await station.Finish(visit)).Text("status"));
    }

    [Theory]
    [InlineData("""{"temperatureC":37.3,"systolic":120,"diastolic":80,"pulse":72,"weightKg":65}""", "TEMPERATURE", true)]
    [InlineData("""{"temperatureC":36.6,"systolic":140,"diastolic":80,"pulse":72,"weightKg":65}""", "SYSTOLIC", true)]
    [InlineData("""{"temperatureC":36.6,"systolic":120,"diastolic":91,"pulse":72,"weightKg":65}""", "DIASTOLIC", true)]
    [InlineData("""{"temperatureC":36.6,"systolic":120,"diastolic":80,"pulse":55,"weightKg":65}""", "PULSE", true)]
    [InlineData("""{"temperatureC":36.6,"systolic":120,"diastolic":80,"pulse":72,"weightKg":49.9}""", "WEIGHT_MALE", true)]
    [InlineData("""{"temperatureC":36.6,"systolic":120,"diastolic":80,"pulse":72,"weightKg":65,"examination":{"noJaundice":false,"noExtensiveSkinDisease":true,"limbsSound":true,"punctureSitesIntact":true}}""", "EXAM_JAUNDICE", true)]
    [InlineData("""{"temperatureC":36.6,"systolic":120,"diastolic":80,"pulse":72,"weightKg":65,"examination":{"noJaundice":true,"noExtensiveSkinDisease":false,"limbsSound":true,"punctureSitesIntact":true}}""", "EXAM_SKIN", true)]
    [InlineData("""{"temperatureC":36.6,"systolic":120,"diastolic":80,"pulse":72,"weightKg":65,"examination":{"noJaundice":true,"noExtensiveSkinDisease":true,"limbsSound":false,"punctureSitesIntact":true}}""", "EXAM_LIMBS", false)]
    [InlineData("""{"temperatureC":36.6,"systolic":120,"diastolic":80,"pulse":72,"weightKg":65,"examination":{"noJaundice":true,"noExtensiveSkinDisease":true,"limbsSound":true,"punctureSitesIntact":false}}""", "EXAM_PUNCTURE_SITES", true)]
    public async Task A_failing_value_defers_with_its_rule_and_says_so_to_the_drive_without_a_reason(string vitals, string rule, bool recorded)
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("hygiene-done", donor);
        var answer = await station.Registrar.PostRaw($"/v1/visits/{visit}/vitals", vitals);
        Assert.Equal((200, "deferred"), (answer.Status, answer.Text("status")));
        Assert.Contains(rule, SomeStation.Rules(answer));
        Assert.Equal(["reactions", "corrections", "finding-corrections"], answer["allowedActions"].EnumerateArray().Select(a => a.GetString())); // a finger prick can make one faint
        Assert.Single(await service.Published<VisitDeferred>(), e => e.VisitId == visit);
        Assert.DoesNotContain(rule, await station.Scalar<string>("select string_agg(payload::text, ' ') from donor.outbox where key = @key", new { key = donor.ToString() }));
        Assert.Equal(recorded ? 1 : 0, (await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].GetArrayLength());
        Assert.Equal("step_out_of_order", (await station.Registrar.Post($"/v1/visits/{visit}/vitals", SomeStation.GoodVitals)).Code);
    }

    [Fact]
    public async Task An_examination_is_whole_or_not_told()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("hygiene-done");
        const string Vitals = """{"temperatureC":36.6,"systolic":120,"diastolic":80,"pulse":72,"weightKg":65,"examination":""";
        foreach (var bad in new[] { "true", "{}", """{"noJaundice":true}""", """{"noJaundice":"no","noExtensiveSkinDisease":true,"limbsSound":true,"punctureSitesIntact":true}""" })
            Assert.Equal((400, "malformed_request"), (await station.Registrar.PostRaw($"/v1/visits/{visit}/vitals", Vitals + bad + "}")) is var no ? (no.Status, no.Code) : default);
        Assert.Equal("hygiene-done", (await station.Client.Get($"/v1/visits/{visit}")).Text("status"));
        Assert.Equal("vitals-taken", (await station.Registrar.PostRaw($"/v1/visits/{visit}/vitals", Vitals + """{"noJaundice":true,"noExtensiveSkinDisease":true,"limbsSound":true,"punctureSitesIntact":true}}""")).Text("status"));
    }

    [Fact]
    public async Task An_endurance_athlete_may_have_a_slow_pulse()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("hygiene-done");
        var answer = await station.Registrar.PostRaw($"/v1/visits/{visit}/vitals", """{"temperatureC":36.6,"systolic":120,"diastolic":80,"pulse":50,"weightKg":65,"enduranceAthlete":true}""");
        Assert.Equal("vitals-taken", answer.Text("status"));
    }

    [Fact]
    public async Task Consent_refused_and_unwashed_hands_end_the_visit()
    {
        var station = new SomeStation(service);
        var refused = await station.Registrar.Post($"/v1/visits/{await station.VisitAt("checked-in")}/consent", new { accepted = false });
        Assert.Equal(("deferred", "CONSENT"), (refused.Text("status"), SomeStation.Rules(refused).Single()));
        var unwashed = await station.Registrar.Post($"/v1/visits/{await station.VisitAt("consented")}/hygiene", new { handsWashed = false });
        Assert.Equal(("deferred", "HAND_HYGIENE"), (unwashed.Text("status"), SomeStation.Rules(unwashed).Single()));
    }

    [Fact]
    public async Task An_unanswered_question_is_refused_and_a_deferring_or_unknown_answer_outweighs_fit()
    {
        var station = new SomeStation(service);
        var answers = await station.GoodAnswers();
        var visit = await station.VisitAt("vitals-taken");
        var missing = await station.Consult(visit, answers.Where(a => a.Key != "tattoo").ToDictionary());
        Assert.Equal((422, "answers_missing"), (missing.Status, missing.Code));
        Assert.Equal("/answers/tattoo", Assert.Single(missing["errors"].EnumerateArray()).GetProperty("pointer").GetString());
        var odd = await station.Consult(visit, answers.ToDictionary(a => a.Key, a => a.Key == "tattoo" ? "perhaps" : a.Value));
        Assert.Equal((422, "invalid_value"), (odd.Status, odd.Code));
        var none = await station.Consult(visit, answers.ToDictionary(a => a.Key, a => a.Key == "tattoo" ? null! : a.Value));
        Assert.Equal((422, "invalid_value"), (none.Status, none.Code));
        var unasked = await station.Consult(visit, answers.Append(new("shoe-size", "yes")).ToDictionary());
        Assert.Equal((422, "invalid_value"), (unasked.Status, unasked.Code));
        var other = await station.Physician.Post($"/v1/visits/{visit}/consultation", new { questionnaire = new { code = "cn-donor-health", version = "0" }, answers, fitToDonate = true });
        Assert.Equal((422, "questionnaire_unknown"), (other.Status, other.Code));

        var tattoo = await station.Consult(visit, answers.ToDictionary(a => a.Key, a => a.Key == "tattoo" ? "yes" : a.Value));
        Assert.Equal(("deferred", "T14"), (tattoo.Text("status"), SomeStation.Rules(tattoo).Single()));
        var donor = tattoo["donorId"].GetGuid();
        var deferral = Assert.Single((await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].EnumerateArray());
        Assert.Equal(Shanghai.DateOf(TimeProvider.System.GetUtcNow()).AddYears(1).ToString("O"), deferral.GetProperty("until").GetString());

        var unsure = await station.Consult(await station.VisitAt("vitals-taken"), answers.ToDictionary(a => a.Key, a => a.Key == "tattoo" ? "unknown" : a.Value));
        Assert.Equal(("deferred", "ANSWER_UNKNOWN"), (unsure.Text("status"), SomeStation.Rules(unsure).Single()));
        Assert.Equal(0, (await station.Client.Get($"/v1/donors/{unsure["donorId"].GetGuid()}/deferrals"))["items"].GetArrayLength());
        var unfit = await station.Consult(await station.VisitAt("vitals-taken"), fitToDonate: false);
        Assert.Equal(("deferred", "FIT_TO_DONATE"), (unfit.Text("status"), SomeStation.Rules(unfit).Single()));
        Assert.DoesNotContain("tattoo", await station.Scalar<string>("select string_agg(encode(record, 'escape'), '') from donor.visit_step where visit_id = @visit", new { visit }));
    }

    [Theory]
    [InlineData("""{"haemoglobin":{"method":"meter","valueGl":119},"bloodGroup":"O+","altPass":true,"hbsagPass":true}""", "HB_MALE")]
    [InlineData("""{"haemoglobin":{"method":"copper-sulfate","pass":false},"bloodGroup":"O+","altPass":true,"hbsagPass":true}""", "HB_COPPER_SULFATE_MALE")]
    [InlineData("""{"haemoglobin":{"method":"meter","valueGl":120},"bloodGroup":"O+","altPass":false,"hbsagPass":true}""", "ALT_RAPID")]
    [InlineData("""{"haemoglobin":{"method":"meter","valueGl":120},"bloodGroup":"O+","altPass":true,"hbsagPass":false}""", "HBSAG_RAPID")]
    public async Task A_failing_pretest_defers(string pretest, string rule)
    {
        var station = new SomeStation(service);
        var answer = await station.Physician.PostRaw($"/v1/visits/{await station.VisitAt("consulted")}/pretest", pretest);
        Assert.Equal((200, "deferred"), (answer.Status, answer.Text("status")));
        Assert.Equal(rule, SomeStation.Rules(answer).Single());
    }

    [Theory]
    [InlineData(0.35, 200, 120, "HCT_APHERESIS")]
    [InlineData(0.36, 149, 120, "PLATELETS_BEFORE")]
    [InlineData(0.36, 200, 99, "PLATELETS_AFTER")]
    [InlineData(0.35, 500, 99, "HCT_APHERESIS PLATELETS_BEFORE PLATELETS_AFTER")]
    public async Task What_counts_for_apheresis_only_closes_apheresis_and_the_visit_goes_on_as_whole_blood(double hematocrit, int plateletCount, int plateletCountAfter, string rules)
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("consulted");
        object pretest = new { haemoglobin = new { method = "meter", valueGl = 140 }, bloodGroup = "O+", altPass = true, hbsagPass = true, hematocrit, plateletCount, plateletCountAfter };
        Assert.Equal(["whole-blood", "apheresis-platelets"], (await station.Client.Get($"/v1/visits/{visit}"))["openProcedures"].EnumerateArray().Select(p => p.GetString()));
        var answer = await station.Physician.Post($"/v1/visits/{visit}/pretest", pretest);
        Assert.Equal((200, "cleared", rules), (answer.Status, answer.Text("status"), string.Join(' ', SomeStation.Rules(answer))));
        Assert.All(answer["reasons"].EnumerateArray(), r => Assert.StartsWith("GB 18467-2011", r.GetProperty("clause").GetString()));
        Assert.Equal(["whole-blood"], answer["openProcedures"].EnumerateArray().Select(p => p.GetString()));
        Assert.DoesNotContain(await service.Published<VisitDeferred>(), e => e.VisitId == visit);

        var din = (await station.Dins())[0];
        var refused = await station.Start(visit, din, change: b => { b["procedure"] = "apheresis-platelets"; b.Remove("nominalMl"); b["treatmentUnits"] = 1; });
        Assert.Equal((409, "procedure_closed", "Open at this visit: whole-blood"), (refused.Status, refused.Code, refused.Text("detail")));
        Assert.Equal(rules.Split(' ').Length, refused["errors"].GetArrayLength());
        Assert.Equal("cleared", (await station.Client.Get($"/v1/visits/{visit}")).Text("status"));
        var started = await station.Start(visit, din);
        Assert.Equal(("collecting", 0), (started.Text("status"), started["openProcedures"].GetArrayLength()));
        Assert.Equal("collected", (await station.Finish(visit)).Text("status"));
    }

    [Fact]
    public async Task Where_whole_blood_is_not_open_what_closes_apheresis_ends_the_visit()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        // Platelets three weeks ago: platelets again, but no whole blood yet.
        Assert.Equal("completed", (await station.Backfill(donor, TimeProvider.System.GetUtcNow().AddDays(-21), (await station.Dins())[0], procedure: "apheresis-platelets")).Text("status"));
        var visit = await station.VisitAt("consulted", donor);
        Assert.Equal(["apheresis-platelets"], (await station.Client.Get($"/v1/visits/{visit}"))["openProcedures"].EnumerateArray().Select(p => p.GetString()));
        var answer = await station.Physician.Post($"/v1/visits/{visit}/pretest", new { haemoglobin = new { method = "meter", valueGl = 140 }, bloodGroup = "O+", altPass = true, hbsagPass = true, hematocrit = 0.35, plateletCount = 200 });
        Assert.Equal(("deferred", "HCT_APHERESIS", 0), (answer.Text("status"), SomeStation.Rules(answer).Single(), answer["openProcedures"].GetArrayLength()));
        var decision = await station.Scalar<Guid>("select id from donor.decision where visit_id = @visit and step = 'pretest'", new { visit });
        Assert.True((await station.Client.Post($"/v1/decisions/{decision}/rerun"))["same"].GetBoolean());
    }

    [Theory]
    [InlineData("pretest", """{"haemoglobin":{"method":"meter"},"bloodGroup":"O+","altPass":true,"hbsagPass":true}""", 422, "invalid_value")]
    [InlineData("pretest", """{"haemoglobin":{"method":"guess","valueGl":130},"bloodGroup":"O+","altPass":true,"hbsagPass":true}""", 422, "invalid_value")]
    [InlineData("pretest", """{"haemoglobin":{"method":"meter","valueGl":130},"bloodGroup":"Z","altPass":true,"hbsagPass":true}""", 422, "invalid_value")]
    [InlineData("pretest", """{"haemoglobin":{"method":"meter","valueGl":130},"bloodGroup":"O+","altPass":true}""", 400, "malformed_request")]
    [InlineData("pretest", """{"haemoglobin":{"method":"meter","valueGl":"high"},"bloodGroup":"O+","altPass":true,"hbsagPass":true}""", 400, "malformed_request")]
    public async Task Bad_values_get_a_problem_and_change_nothing(string step, string body, int status, string code)
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("consulted");
        var answer = await station.Physician.PostRaw($"/v1/visits/{visit}/{step}", body);
        Assert.Equal((status, code), (answer.Status, answer.Code));
        Assert.Equal("consulted", (await station.Client.Get($"/v1/visits/{visit}")).Text("status"));
    }

    [Fact]
    public async Task Impossible_vitals_are_no_vitals()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("hygiene-done");
        foreach (var body in new[] { """{"temperatureC":366,"systolic":120,"diastolic":80,"pulse":72,"weightKg":65}""", """{"temperatureC":36.6,"systolic":80,"diastolic":120,"pulse":72,"weightKg":65}""", """{"temperatureC":36.6,"systolic":120,"diastolic":80,"pulse":72,"weightKg":-1}""" })
        {
            var answer = await station.Registrar.PostRaw($"/v1/visits/{visit}/vitals", body);
            Assert.Equal((422, "invalid_value"), (answer.Status, answer.Code));
        }
        Assert.Equal("hygiene-done", (await station.Client.Get($"/v1/visits/{visit}")).Text("status"));
    }

    [Fact]
    public async Task An_act_needs_its_person()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("checked-in");
        var nobody = await station.Client.Post($"/v1/visits/{visit}/consent", new { accepted = true });
        Assert.Equal((403, "staff_required"), (nobody.Status, nobody.Code));
        var wrong = await station.Phlebotomist.Post($"/v1/visits/{visit}/consent", new { accepted = true });
        Assert.Equal((403, "staff_function_required"), (wrong.Status, wrong.Code));
        var quality = await station.Quality.Post($"/v1/visits/{visit}/consent", new { accepted = true });
        Assert.Equal((403, "staff_function_required"), (quality.Status, quality.Code));
        var registrar = await station.Registrar.Post($"/v1/visits/{visit}/consultation", new { questionnaire = new { code = "x", version = "1" }, answers = new { }, fitToDonate = true });
        Assert.Equal((403, "staff_function_required"), (registrar.Status, registrar.Code));
        Assert.Equal("checked-in", (await station.Client.Get($"/v1/visits/{visit}")).Text("status"));
    }

    [Fact]
    public async Task Another_stations_visit_does_not_exist()
    {
        var visit = await new SomeStation(service).VisitAt("checked-in");
        var other = new SomeStation(service);
        Assert.Equal(404, (await other.Client.Get($"/v1/visits/{visit}")).Status);
        Assert.Equal(404, (await other.Registrar.Post($"/v1/visits/{visit}/consent", new { accepted = true })).Status);
        Assert.Equal(404, (await other.Client.Post($"/v1/visits/{visit}/private-withdrawal")).Status);
        Assert.Equal(404, (await other.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "vasovagal", severity = "mild" })).Status);
        Assert.Empty((await other.Client.Get("/v1/visits"))["items"].EnumerateArray());
        Assert.Equal(404, (await other.Client.Get($"/v1/visits/{Some.OldId()}")).Status);
    }

    [Fact]
    public async Task A_document_that_is_not_his_turns_the_donor_away()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.Open(donor, outcome: "mismatch");
        Assert.Equal((201, "deferred", "IDENTITY"), (visit.Status, visit.Text("status"), SomeStation.Rules(visit).Single()));
        Assert.Single(await service.Published<VisitDeferred>(), e => e.VisitId == visit.Id);
        Assert.Equal(201, (await station.Open(donor)).Status); // the right document, a minute later
    }

    [Fact]
    public async Task A_donor_has_one_open_visit()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => station.Open(donor)));
        Assert.Equal(1, answers.Count(a => a.Status == 201));
        Assert.All(answers.Where(a => a.Status != 201), a => Assert.Equal((409, "visit_open"), (a.Status, a.Code)));
        Assert.Equal(1, await station.Scalar<int>("select count(*) from donor.visit where donor_id = @donor", new { donor }));
    }

    [Fact]
    public async Task A_drive_must_be_the_stations_and_started()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        Assert.Equal(404, (await station.Open(donor, Some.OldId())).Status);
        Assert.Equal(404, (await station.Open(donor, await new SomeStation(service).Drive())).Status);
        var notYet = await station.Open(donor, await station.Drive("open"));
        Assert.Equal((409, "drive_not_started"), (notYet.Status, notYet.Code));
        var drive = await station.Drive();
        await service.Deliver(new DriveClosed { Key = drive.ToString(), Version = 6, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = station.Id, DriveId = drive, OrganiserId = Some.Id(), ClosedAt = TimeProvider.System.GetUtcNow(), Backfilled = false });
        Assert.Equal("drive_not_started", (await station.Open(donor, drive)).Code);
        var cancelled = Some.Id();
        await service.Deliver(new DriveCancelled { Key = cancelled.ToString(), Version = 7, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = station.Id, DriveId = cancelled, OrganiserId = Some.Id(), ReasonCode = "rain" });
        Assert.NotEqual(201, (await station.Open(donor, cancelled)).Status);
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.visit where donor_id = @donor", new { donor }));
    }

    [Fact]
    public async Task A_drive_that_starts_a_moment_later_is_waited_for()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var drive = Some.Id();
        var opening = station.Open(donor, drive);
        await service.Deliver(new DriveScheduled
        {
            Key = drive.ToString(), Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = station.Id, DriveId = drive, OrganiserId = Some.Id(), Kind = "open", Visibility = "public", VenueName = "馆", VenueAddress = "路", District = "440703",
            StartsAt = TimeProvider.System.GetUtcNow(), EndsAt = TimeProvider.System.GetUtcNow().AddHours(4), SlotMinutes = 30, CapacityPerSlot = 1, Procedures = ["whole-blood"], Status = "started", Backfilled = false,
        });
        Assert.Equal(201, (await opening).Status);
    }

    [Fact]
    public async Task An_appointment_must_be_the_donors_and_of_the_drive_and_not_cancelled()
    {
        var station = new SomeStation(service);
        var (donor, other, drive) = (await station.Donor(), await station.Donor(), await station.Drive());
        AppointmentBooked Booked(Guid id, Guid of, Guid at) => new() { Key = id.ToString(), Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), AppointmentId = id, DonorId = of, DriveId = at, SlotStartsAt = TimeProvider.System.GetUtcNow(), Procedure = "whole-blood", Channel = "app", Backfilled = false };
        var (his, cancelled) = (Some.Id(), Some.Id());
        // The cancellation comes first: events of different types arrive in any order.
        await service.Deliver(
            new AppointmentCancelled { Key = cancelled.ToString(), Version = 2, OccurredAt = TimeProvider.System.GetUtcNow(), AppointmentId = cancelled, DonorId = donor, DriveId = drive, SlotStartsAt = TimeProvider.System.GetUtcNow(), Procedure = "whole-blood", Channel = "app", Backfilled = false, ReasonCode = "donor" },
            Booked(cancelled, donor, drive), Booked(his, donor, drive));
        Assert.Equal((422, "appointment_mismatch"), ((await station.Open(other, drive, his)) is var a ? (a.Status, a.Code) : default));
        Assert.Equal("appointment_mismatch", (await station.Open(donor, await station.Drive(), his)).Code);
        Assert.Equal((409, "appointment_cancelled"), ((await station.Open(donor, drive, cancelled)) is var c ? (c.Status, c.Code) : default));
        Assert.Equal(404, (await station.Open(donor, drive, Some.OldId())).Status);
        var opened = await station.Open(donor, null, his);
        Assert.Equal((201, drive), (opened.Status, opened["driveId"].GetGuid())); // the drive is the appointment's
    }

    [Fact]
    public async Task An_ineligible_donor_is_turned_away_and_who_becomes_so_meanwhile_is_not_collected()
    {
        var station = new SomeStation(service);
        var young = await station.Open(await station.Donor(Shanghai.DateOf(TimeProvider.System.GetUtcNow()).AddYears(-17)));
        Assert.Equal((201, "deferred", "AGE_MIN"), (young.Status, young.Text("status"), SomeStation.Rules(young).Single()));

        var donor = await station.Donor();
        var visit = await station.VisitAt("cleared", donor);
        await service.Deliver(new BloodPlatform.Contracts.Inventory.DonorDeferralRequired { Key = "A999926999999", Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = Some.Id(), DonorId = donor, Din = "A999926999999", DeferralCode = "P22", Certainty = "provisional" });
        var din = (await station.Dins())[0];
        var start = await station.Start(visit, din);
        Assert.Equal((200, "deferred", "P22"), (start.Status, start.Text("status"), SomeStation.Rules(start).Single()));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.visit where din = @din", new { din }));

        var given = await station.Donor();
        await station.VisitAt("completed", given);
        var again = await station.Open(given);
        Assert.Equal((201, "deferred"), (again.Status, again.Text("status")));
        Assert.Contains("INTERVAL_WB_WB", SomeStation.Rules(again));
    }

    [Fact]
    public async Task A_donor_can_leave_in_the_booth_or_have_his_blood_withdrawn_and_looks_like_everyone_else()
    {
        var station = new SomeStation(service);
        var early = await station.VisitAt("vitals-taken");
        Assert.Equal("abandoned", (await station.Client.Post($"/v1/visits/{early}/private-withdrawal")).Text("status"));
        Assert.Single(await service.Published<VisitAbandoned>(), e => e.VisitId == early);

        var late = await station.VisitAt("collecting");
        Assert.Equal("collecting", (await station.Client.Post($"/v1/visits/{late}/private-withdrawal")).Text("status"));
        var finished = await station.Finish(late);
        Assert.Equal("collected", finished.Text("status"));
        Assert.Single(await service.Published<DonationWithdrawn>(), e => e.Din == finished.Text("din"));

        var done = await station.VisitAt("completed");
        var view = await station.Client.Post($"/v1/visits/{done}/private-withdrawal");
        Assert.Equal("completed", view.Text("status"));
        Assert.Equal("late-information", Assert.Single(await service.Published<DonationWithdrawn>(), e => e.Din == view.Text("din")).HoldKind);
        Assert.DoesNotContain("ithdrawal", view.Body.ToString().Replace("\"private-withdrawal\"", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reaction_is_recorded_and_ends_giving_above_the_first_age_limit()
    {
        var station = new SomeStation(service);
        var today = Shanghai.DateOf(TimeProvider.System.GetUtcNow());
        var born = today.AddYears(-56).AddDays(1); // 55, the last day
        var donor = await station.Donor(born);
        var visit = await station.VisitAt("completed", donor);
        Assert.True((await station.Eligibility(donor, $"?asOf={today.AddMonths(7):yyyy-MM-dd}"))["eligible"].GetBoolean());
        var reaction = await station.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "vasovagal", severity = "moderate", note = "片刻晕厥" });
        Assert.Equal(201, reaction.Status);
        Assert.Equal(200, (await station.Client.Get(reaction.Response.Headers.Location!.ToString())).Status);
        Assert.Equal(404, (await new SomeStation(service).Client.Get(reaction.Response.Headers.Location!.ToString())).Status);
        Assert.Equal("moderate", Assert.Single(await service.Published<DonorReactionRecorded>(), e => e.VisitId == visit).Severity);
        Assert.Contains("AGE_MAX_FIRST", SomeStation.Rules(await station.Eligibility(donor, $"?asOf={today.AddMonths(7):yyyy-MM-dd}")));
    }

    [Fact]
    public async Task A_reaction_that_was_recorded_wrong_is_entered_in_error_by_another_physician_and_only_what_stands_ends_giving()
    {
        var station = new SomeStation(service);
        var today = Shanghai.DateOf(TimeProvider.System.GetUtcNow());
        var donor = await station.Donor(today.AddYears(-56).AddDays(1)); // 55, the last day
        var visit = await station.VisitAt("completed", donor);
        async Task<bool> MayGive() => (await station.Eligibility(donor, $"?asOf={today.AddMonths(7):yyyy-MM-dd}"))["eligible"].GetBoolean();
        var (mine, unnamed) = ((await station.Physician.Post($"/v1/visits/{visit}/reactions", new { kind = "haematoma", severity = "mild" })).Id, (await station.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "citrate", severity = "mild" })).Id);
        Task<Answer> Void(HttpClient who, Guid reaction, object? body = null) => who.Post($"/v1/visits/{visit}/reactions/{reaction}/void", body ?? new { reasonCode = "no-reaction", note = "按错了键" });
        var another = service.As(Roles.Station, station.Id, "P2", "physician");

        foreach (var refused in new[] { await Void(station.Physician, mine), await Void(station.Physician, unnamed) }) Assert.Equal((409, "second_person_required"), (refused.Status, refused.Code)); // he recorded the one, and had a part in the visit of the other
        Assert.Equal(403, (await Void(station.Quality, mine)).Status);
        Assert.Equal(404, (await Void(service.As(Roles.Station, Some.Id(), "P3", "physician"), mine)).Status);
        Assert.Equal("invalid_value", (await Void(another, mine, new { reasonCode = "forgiven" })).Code);
        Assert.DoesNotContain(await service.Published<DonorReactionVoided>(), e => e.VisitId == visit);

        var voided = await Void(another, mine);
        Assert.Equal((200, "entered-in-error", "no-reaction"), (voided.Status, voided["status"].GetString(), voided["reasonCode"].GetString()));
        Assert.False(await MayGive()); // the other one stands
        Assert.Equal("nothing_corrected", (await Void(another, mine)).Code);
        Assert.Equal(200, (await Void(another, unnamed)).Status);
        Assert.True(await MayGive());
        Assert.Equal(["entered-in-error", "entered-in-error"], (await station.Client.Get($"/v1/visits/{visit}/reactions")).Body.EnumerateArray().Select(r => r.GetProperty("status").GetString()));
        Assert.Equal(2, (await service.Published<DonorReactionVoided>()).Count(e => e.VisitId == visit && e.DonorId == donor));
        var exported = (await station.Quality.Post($"/v1/donors/{donor}/export"))["reactions"].EnumerateArray().Select(r => (r.GetProperty("inError").GetBoolean(), r.GetProperty("inErrorNote").GetString()));
        Assert.Equal([(true, "按错了键"), (true, "按错了键")], exported); // what was said of him is his to read
        Assert.Equal(201, (await station.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "arm-pain", severity = "mild" })).Status);
        Assert.False(await MayGive());
    }
}
