using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Features.Visits;
using BloodPlatform.Donors.Rules;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Donors.Tests.Features;

public sealed class CollectionTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private static DateOnly Today => Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    private static (int, string?) Seen(Answer answer) => (answer.Status, answer.Code);

    [Fact]
    public async Task What_is_wrong_at_the_needle_is_refused_and_nothing_is_written()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("cleared");
        var dins = await station.Dins(2);
        var before = (await station.Client.Get($"/v1/visits/{visit}")).Body.ToString();

        var wrongCheck = dins[0] + (Din.CheckCharacter(dins[0]) == 'A' ? 'B' : 'A');
        Assert.Equal((422, "din_invalid"), Seen(await station.Start(visit, wrongCheck)));
        Assert.Equal((422, "din_invalid"), Seen(await station.Start(visit, "A9999260000")));
        Assert.Equal((422, "din_not_issued"), Seen(await station.Start(visit, "A999926999998")));
        Assert.Equal((422, "din_not_issued"), Seen(await station.Start(visit, (await new SomeStation(service).Dins())[0])));
        Assert.Equal((422, "volume_not_allowed"), Seen(await station.Start(visit, dins[0], change: b => b["nominalMl"] = 401)));
        Assert.Equal((422, "volume_not_allowed"), Seen(await station.Start(visit, dins[0], change: b => b["nominalMl"] = 250)));
        Assert.Equal((422, "volume_not_allowed"), Seen(await station.Start(visit, dins[0], change: b => b.Remove("nominalMl"))));
        Assert.Equal((422, "volume_not_allowed"), Seen(await station.Start(visit, dins[0], change: b => b["treatmentUnits"] = 1)));
        Assert.Equal((422, "bag_expired"), Seen(await station.Start(visit, dins[0], change: b => b["bag"] = new { catalogue = "B", lot = "L", expiresOn = "2020-01-01", preservative = "CPD" })));
        Assert.Equal((422, "invalid_value"), Seen(await station.Start(visit, dins[0], change: b => b["bag"] = new { catalogue = "B", lot = "L", expiresOn = "2099-01-01", preservative = "WATER" })));
        Assert.Equal((400, "malformed_request"), Seen(await station.Start(visit, dins[0], change: b => b["bag"] = new { catalogue = "B", lot = "L", expiresOn = "2099-02-30", preservative = "CPD" })));
        Assert.Equal((409, "din_mismatch"), Seen(await station.Start(visit, dins[0], change: b => b["bagScan"] = dins[1])));
        Assert.Equal((409, "din_mismatch"), Seen(await station.Start(visit, dins[0], change: b => b["sampleTubeScans"] = new[] { dins[0], dins[1] })));
        Assert.Equal((409, "din_mismatch"), Seen(await station.Start(visit, dins[0], change: b => b["sampleTubeScans"] = new string?[] { dins[0], null })));
        Assert.Equal((422, "invalid_value"), Seen(await station.Start(visit, dins[0], change: b => b["sampleTubeScans"] = Enumerable.Repeat(dins[0], 21))));
        Assert.Equal((409, "din_mismatch"), Seen(await station.Start(visit, dins[0], change: b => b["sampleTubeScans"] = new[] { new string('9', 100_000) })));
        Assert.Equal((400, "malformed_request"), Seen(await station.Start(visit, dins[0], change: b => b["bag"] = null)));
        Assert.Equal((422, "invalid_value"), Seen(await station.Start(visit, dins[0], change: b => b["arm"] = "both")));
        Assert.Equal((422, "invalid_value"), Seen(await station.Start(visit, dins[0], change: b => b["procedure"] = "magic")));
        Assert.Equal((422, "time_out_of_order"), Seen(await station.Start(visit, dins[0], change: b => b["startedAt"] = TimeProvider.System.GetUtcNow().AddHours(3))));
        Assert.Equal((422, "time_out_of_order"), Seen(await station.Start(visit, dins[0], change: b => b["startedAt"] = TimeProvider.System.GetUtcNow().AddHours(-3))));
        Assert.Equal((409, "pretest_incomplete"), Seen(await station.Start(visit, dins[0], change: b => { b["procedure"] = "apheresis-platelets"; b.Remove("nominalMl"); b["treatmentUnits"] = 2; })));
        Assert.Equal((400, "idempotency_key_required"), Seen(await station.Phlebotomist.Post($"/v1/visits/{visit}/collection/start", SomeStation.StartBody(dins[0]))));
        Assert.Equal((403, "staff_function_required"), Seen(await station.Physician.Post($"/v1/visits/{visit}/collection/start", SomeStation.StartBody(dins[0]), Some.Key())));

        Assert.Equal(before, (await station.Client.Get($"/v1/visits/{visit}")).Body.ToString());
        Assert.Equal(200, (await station.Start(visit, dins[0])).Status);
    }

    [Fact]
    public async Task A_drive_offers_what_it_offers()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("cleared", driveId: await station.Drive(procedures: "apheresis-platelets"));
        Assert.Equal((422, "procedure_not_offered"), Seen(await station.Start(visit, (await station.Dins())[0])));
    }

    [Fact]
    public async Task Two_visits_at_once_with_one_number_have_one_winner()
    {
        var station = new SomeStation(service);
        Guid[] visits = [await station.VisitAt("cleared"), await station.VisitAt("cleared"), await station.VisitAt("cleared")];
        var din = (await station.Dins())[0];
        var answers = await Task.WhenAll(visits.Select(v => station.Start(v, din)));
        Assert.Equal(1, answers.Count(a => a.Status == 200));
        Assert.All(answers.Where(a => a.Status != 200), a => Assert.Equal((409, "din_used"), Seen(a)));
        Assert.Equal(1, await station.Scalar<int>("select count(*) from donor.visit where din = @din", new { din }));
    }

    [Fact]
    public async Task Eight_finishes_at_once_with_one_key_are_one_donation_and_one_answer()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("collecting");
        var (body, key) = (new { collectedMl = 396, endedAt = TimeProvider.System.GetUtcNow(), outcome = "completed" }, Some.Key());
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => station.Finish(visit, body, key)));
        Assert.All(answers, a => Assert.Equal(200, a.Status));
        Assert.Single(answers.Select(a => a.Body.ToString()).Distinct());
        Assert.Equal(7, answers.Count(a => a.Response.Headers.Contains("Idempotent-Replayed")));
        Assert.Equal(1, await station.Scalar<int>("select count(*) from donor.donation where visit_id = @visit", new { visit }));
        Assert.Single(await service.Published<DonationCollected>(), e => e.VisitId == visit);
        Assert.Equal((422, "idempotency_key_reused"), Seen(await station.Finish(visit, new { collectedMl = 400, body.endedAt, body.outcome }, key)));
        Assert.Equal((409, "step_out_of_order"), Seen(await station.Finish(visit, body)));
    }

    [Theory]
    [InlineData(400, 360, false)]
    [InlineData(400, 359, true)]
    [InlineData(400, 440, false)]
    [InlineData(400, 441, true)]
    [InlineData(200, 250, true)]
    [InlineData(300, 154, true)]
    public async Task What_was_weighed_is_always_recorded_and_held_outside_the_tolerance(int nominal, int weighed, bool deviates)
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("cleared");
        await station.Start(visit, (await station.Dins())[0], change: b => b["nominalMl"] = nominal);
        var answer = await station.Finish(visit, new { collectedMl = weighed, endedAt = TimeProvider.System.GetUtcNow(), outcome = weighed < nominal ? "under" : "over" });
        Assert.Equal((200, weighed), (answer.Status, answer["collectedMl"].GetInt32()));
        Assert.Equal(deviates ? ["volume-out-of-tolerance"] : [], Assert.Single(await service.Published<DonationCollected>(), e => e.VisitId == visit).Deviations);
    }

    [Fact]
    public async Task An_impossible_end_is_refused()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("collecting");
        var startedAt = (await station.Client.Get($"/v1/visits/{visit}"))["startedAt"].GetDateTimeOffset();
        Assert.Equal((422, "time_out_of_order"), Seen(await station.Finish(visit, new { collectedMl = 400, endedAt = startedAt.AddSeconds(-1), outcome = "completed" })));
        Assert.Equal((422, "invalid_value"), Seen(await station.Finish(visit, new { endedAt = startedAt, outcome = "completed" })));
        Assert.Equal((422, "invalid_value"), Seen(await station.Finish(visit, new { collectedMl = 400, endedAt = startedAt, outcome = "fine" })));
        Assert.Equal((422, "invalid_value"), Seen(await station.Finish(visit, new { collectedMl = -1, endedAt = startedAt, outcome = "under" })));
        Assert.Equal((400, "malformed_request"), Seen(await station.Phlebotomist.Post($"/v1/visits/{visit}/collection/finish", new { collectedMl = 400, endedAt = "2026-13-40T00:00:00Z", outcome = "completed" }, Some.Key())));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.donation where visit_id = @visit", new { visit }));
    }

    [Fact]
    public async Task A_needle_that_drew_nothing_is_no_donation_and_one_that_drew_something_is()
    {
        var station = new SomeStation(service);
        var nothing = await station.VisitAt("collecting");
        Assert.Equal("abandoned", (await station.Finish(nothing, new { endedAt = TimeProvider.System.GetUtcNow(), outcome = "abandoned" })).Text("status"));
        Assert.DoesNotContain(await service.Published<DonationCollected>(), e => e.VisitId == nothing);
        Assert.Single(await service.Published<VisitAbandoned>(), e => e.VisitId == nothing);
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.donation where visit_id = @nothing", new { nothing }));

        var some = await station.VisitAt("collecting");
        Assert.Equal("collected", (await station.Finish(some, new { collectedMl = 90, endedAt = TimeProvider.System.GetUtcNow(), outcome = "abandoned" })).Text("status"));
        Assert.Equal(["volume-out-of-tolerance", "collection-abandoned"], Assert.Single(await service.Published<DonationCollected>(), e => e.VisitId == some).Deviations);
    }

    [Theory]
    [InlineData("whole-blood", null, "INTERVAL_WB_WB", "INTERVAL_WB_PLT")]
    [InlineData("apheresis-platelets", null, "INTERVAL_PLT_WB", "INTERVAL_PLT_PLT")]
    [InlineData("whole-blood", 0, "", "")]
    [InlineData("apheresis-platelets", 0, "", "")]
    public async Task A_needle_of_which_nobody_weighed_what_it_drew_counts_for_the_intervals_and_is_no_donation(string procedure, int? collectedMl, string forWholeBlood, string forPlatelets)
    {
        var station = new SomeStation(service);
        var (app, donor) = (Some.Id(), Guid.Empty);
        donor = (await service.As(Roles.App, app).Post("/v1/donors", new { name = "甲测试", document = new { kind = "resident-id", number = SomeStation.ResidentId(SomeStation.Adult) }, phone = "13900000001", consents = new[] { "registration" } })).Id;
        await service.Database.Execute("update donor.donor set identity_assurance = 'document-seen' where id = @donor", new { donor });
        var visit = await station.VisitAt("consulted", donor);
        await station.Physician.Post($"/v1/visits/{visit}/pretest", new { haemoglobin = new { method = "meter", valueGl = 140 }, bloodGroup = "O+", altPass = true, hbsagPass = true, hematocrit = 0.42, plateletCount = 220, plateletCountAfter = 150 });
        Assert.Equal("collecting", (await station.Start(visit, (await station.Dins())[0], change: b =>
        {
            b["procedure"] = procedure;
            if (procedure != "whole-blood") { b.Remove("nominalMl"); b["treatmentUnits"] = 2; }
        })).Text("status"));
        Assert.Equal("abandoned", (await station.Finish(visit, new { collectedMl, endedAt = TimeProvider.System.GetUtcNow(), outcome = "abandoned" })).Text("status"));

        foreach (var (asked, rule) in new[] { ("whole-blood", forWholeBlood), ("apheresis-platelets", forPlatelets) })
        {
            var answer = await station.Eligibility(donor, $"?procedure={asked}");
            Assert.Equal((rule == "", rule), (answer["eligible"].GetBoolean(), string.Join(' ', SomeStation.Rules(answer))));
            var told = (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == donor).MaxBy(e => e.Version)!.Procedures.Single(p => p.Procedure == asked);
            Assert.Equal((rule == "", 0), (told.Windows.Any(w => w.From <= Today && !(w.To < Today)), told.AskStation is { Length: > 0 } asks ? asks.Length : 0));
        }
        var coarse = await service.As(Roles.App, app).Get($"/v1/donors/{donor}/eligibility?procedure={procedure}");
        Assert.Equal(collectedMl is null ? "interval" : null, coarse.Text("category"));
        // No donation anywhere: no event, no history, no card entry, and one that comes is his first.
        Assert.DoesNotContain(await service.Published<DonationCollected>(), e => e.DonorId == donor);
        Assert.Empty((await station.Client.Get($"/v1/donors/{donor}/donations")).Body.EnumerateArray());
        Assert.Equal("completed", (await station.Backfill(donor, TimeProvider.System.GetUtcNow().AddMonths(-8), (await station.Dins())[0])).Text("status"));
        Assert.True(Assert.Single(await service.Published<DonationCollected>(), e => e.DonorId == donor).FirstTime);
    }

    [Fact]
    public async Task An_attempt_keeps_the_record_meets_who_registers_afresh_and_goes_to_the_true_donor()
    {
        var station = new SomeStation(service);
        var number = SomeStation.ResidentId(SomeStation.Adult);
        object body = new { name = "甲测试", document = new { kind = "resident-id", number }, phone = "13900000001", consents = new[] { "registration" }, documentSeen = true };
        async Task<Guid> Attempt(Guid donor)
        {
            var visit = await station.VisitAt("collecting", donor);
            await station.Finish(visit, new { endedAt = TimeProvider.System.GetUtcNow(), outcome = "abandoned" });
            return visit;
        }
        var donor = (await station.Client.Post("/v1/donors", body)).Id;
        await Attempt(donor);
        foreach (var outcome in new[] { "restricted", "erased" }) // the second registration has no record of its own
        {
            Assert.Equal(outcome, (await station.Client.Post($"/v1/donors/{donor}/erasure")).Text("outcome"));
            donor = (await station.Client.Post("/v1/donors", body)).Id;
            Assert.Equal("INTERVAL_WB_WB", SomeStation.Rules(await station.Eligibility(donor)).Single());
        }

        var (recorded, truly) = (await station.Donor(), await station.Donor());
        var visit = await Attempt(recorded);
        Assert.Equal(201, (await service.As(Roles.Station, station.Id, "Q9", "quality").Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor", trueDonorId = truly })).Status);
        Assert.True((await station.Eligibility(recorded))["eligible"].GetBoolean());
        Assert.Equal("INTERVAL_WB_WB", SomeStation.Rules(await station.Eligibility(truly)).Single());
        await Eventually.That(async () => (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == truly).MaxBy(e => e.Version)!.Procedures.All(p => !p.Windows.Any(w => w.From <= Today && !(w.To < Today))));
        Assert.Contains((await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == recorded).MaxBy(e => e.Version)!.Procedures, p => p.Windows.Any(w => w.From <= Today && !(w.To < Today)));
    }

    [Fact]
    public async Task That_a_needle_drew_nothing_is_said_afterwards_by_a_second_person_and_the_interval_ends()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("collecting", donor);
        var path = $"/v1/visits/{visit}/corrections";
        object nothing = new { reasonCode = "entered-wrong", values = new { collectedMl = 0 }, note = "针未刺入" };
        Assert.Equal((409, "nothing_collected"), Seen(await station.Quality.Post(path, nothing))); // it has not ended
        await station.Finish(visit, new { endedAt = TimeProvider.System.GetUtcNow(), outcome = "abandoned" });
        Assert.Equal("INTERVAL_WB_WB", SomeStation.Rules(await station.Eligibility(donor)).Single());

        Assert.Equal((409, "second_person_required"), Seen(await service.As(Roles.Station, station.Id, "B1", "phlebotomist", "quality").Post(path, nothing)));
        Assert.Equal((403, "staff_function_required"), Seen(await station.Phlebotomist.Post(path, nothing)));
        foreach (var values in new object[] { new { collectedMl = 5 }, new { collectedMl = 0, nominalMl = 200 }, new { arm = "right" }, new { } })
            Assert.Equal((409, "nothing_collected"), Seen(await station.Quality.Post(path, new { reasonCode = "entered-wrong", values })));
        Assert.Equal((404, "not_found"), Seen(await new SomeStation(service).Quality.Post(path, nothing)));
        Assert.Equal(0, await station.Scalar<long>("select count(*) from donor.attempt_correction where visit_id = @visit", new { visit }));

        var raced = await Task.WhenAll(Enumerable.Range(0, 4).Select(n => service.As(Roles.Station, station.Id, $"Q{n + 30}", "quality").Post(path, nothing)));
        var made = Assert.Single(raced, r => r.Status == 201);
        Assert.All(raced.Where(r => r != made), r => Assert.Equal((409, "nothing_collected"), Seen(r)));
        Assert.Equal((1, "corrected", 0, JsonValueKind.Null), (made["number"].GetInt32(), made.Text("kind"), made["after"].GetProperty("collectedMl").GetInt32(), made["before"].GetProperty("collectedMl").ValueKind));
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.Contains((await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == donor).MaxBy(e => e.Version)!.Procedures.Single(p => p.Procedure == "whole-blood").Windows, w => w.From <= Today && !(w.To < Today));
        var read = await station.Client.Get($"/v1/visits/{visit}");
        Assert.Equal(("abandoned", 0, 1), (read.Text("status"), read["collectedMl"].GetInt32(), read["corrections"].GetInt32()));
        Assert.Equal(made.Id, (await station.Client.Get($"{path}/{made.Id}")).Id);
        Assert.Equal(JsonValueKind.Null, JsonSerializer.Deserialize<JsonElement>(await station.Scalar<string>("select jsonb_build_object('ml', collected_ml)::text from donor.visit where id = @visit", new { visit })).GetProperty("ml").ValueKind); // what was recorded stays
        Assert.Equal(0, await station.Scalar<long>("select count(*) from donor.attempt_correction where visit_id = @visit and note::text like '%' || encode(convert_to('针未刺入', 'UTF8'), 'hex') || '%'", new { visit }));

        // And that it was another's is said after it: a second one, which gives the true donor no interval either.
        var truly = await station.Donor();
        var another = await service.As(Roles.Station, station.Id, "Q99", "quality").Post(path, new { reasonCode = "wrong-donor", trueDonorId = truly });
        Assert.Equal((201, 2, "voided"), (another.Status, another["number"].GetInt32(), another.Text("kind")));
        Assert.Equal(2, (await station.Client.Get(path)).Body.GetArrayLength());
        foreach (var one in new[] { donor, truly }) Assert.True((await station.Eligibility(one))["eligible"].GetBoolean());
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(400)]
    public async Task A_collection_that_nobody_ended_counts_as_an_attempt_after_a_day_until_its_end_is_recorded(int? collectedMl)
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("collecting", donor);
        Task Began(string ago) => service.Database.Execute("update donor.visit set opened_at = now() - @ago::interval - interval '1 hour', started_at = now() - @ago::interval where id = @visit", new { visit, ago });
        await Began("23 hours 55 minutes");
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        await Began("24 hours 5 minutes");
        Assert.Equal("INTERVAL_WB_WB", SomeStation.Rules(await station.Eligibility(donor)).Single());
        var began = Shanghai.DateOf(TimeProvider.System.GetUtcNow().AddHours(-24).AddMinutes(-5));
        Assert.Equal($"{began.AddMonths(6):O}", (await station.Eligibility(donor)).Text("eligibleFrom"));

        Assert.Equal(200, (await station.Finish(visit, new { collectedMl, endedAt = TimeProvider.System.GetUtcNow(), outcome = collectedMl is > 0 ? "completed" : "abandoned" })).Status);
        var after = await station.Eligibility(donor);
        Assert.Equal(collectedMl == 0 ? "" : "INTERVAL_WB_WB", string.Join(' ', SomeStation.Rules(after))); // once, whatever came of it
        Assert.Equal(collectedMl == 0, (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == donor).MaxBy(e => e.Version)!.Procedures.Single(p => p.Procedure == "whole-blood").Windows.Any(w => w.From <= Today && !(w.To < Today)));
    }

    [Fact]
    public async Task That_a_collection_was_left_closes_the_donors_dates_for_whoever_books_and_is_told_once()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("collecting", donor);
        async Task<DonorEligibilityChanged[]> Told() => [.. (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == donor)];
        Task Look() => service.App.Services.GetServices<IHostedService>().OfType<AnnounceLeft>().Single().LookNow(TestContext.Current.CancellationToken);
        await Look();
        var before = (await Told()).Length;
        await service.Database.Execute("update donor.visit set opened_at = now() - interval '26 hours', started_at = now() - interval '25 hours' where id = @visit", new { visit });
        await Task.WhenAll(Look(), Look(), Look());
        var told = (await Told()).MaxBy(e => e.Version)!;
        Assert.Equal(before + 1, (await Told()).Length);
        Assert.DoesNotContain(told.Procedures.Single(p => p.Procedure == "whole-blood").Windows, w => w.From <= Today && !(w.To < Today));
        Assert.Equal(await service.Database.Scalar<long>("select version from donor.donor where id = @donor", new { donor }), told.Version);
        await Look();
        Assert.Equal(before + 1, (await Told()).Length);
    }

    [Fact]
    public async Task An_apheresis_that_was_abandoned_after_a_unit_is_a_donation_and_its_interval_runs()
    {
        var station = new SomeStation(service);
        var (donor, visit) = (await station.Donor(), Guid.Empty);
        visit = await station.VisitAt("consulted", donor);
        await station.Physician.Post($"/v1/visits/{visit}/pretest", new { haemoglobin = new { method = "meter", valueGl = 140 }, bloodGroup = "O+", altPass = true, hbsagPass = true, hematocrit = 0.42, plateletCount = 220 });
        Assert.Equal("collecting", (await station.Start(visit, (await station.Dins())[0], change: b => { b["procedure"] = "apheresis-platelets"; b.Remove("nominalMl"); b["treatmentUnits"] = 2; })).Text("status"));
        Assert.Equal("collected", (await station.Finish(visit, new { treatmentUnits = 1, endedAt = TimeProvider.System.GetUtcNow(), outcome = "abandoned" })).Text("status"));
        var collected = Assert.Single(await service.Published<DonationCollected>(), e => e.VisitId == visit);
        Assert.Equal((1, "abandoned"), (collected.TreatmentUnits, collected.Outcome));
        Assert.Contains("INTERVAL_PLT_PLT", SomeStation.Rules(await station.Eligibility(donor, "?procedure=apheresis-platelets")));
    }

    [Fact]
    public async Task Skin_and_arms_that_nobody_looked_at_are_said_when_the_needle_goes_in()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("hygiene-done");
        Assert.Equal("vitals-taken", (await station.Registrar.Post($"/v1/visits/{visit}/vitals", new { temperatureC = 36.6, systolic = 120, diastolic = 80, pulse = 72, weightKg = 65.0 })).Text("status"));
        Assert.Equal("consulted", (await station.Consult(visit)).Text("status"));
        Assert.Equal("cleared", (await station.Physician.Post($"/v1/visits/{visit}/pretest", SomeStation.GoodPretest)).Text("status"));
        var started = await station.Start(visit, (await station.Dins())[0]);
        foreach (var answer in new[] { started, await station.Client.Get($"/v1/visits/{visit}") })
            Assert.Equal(["EXAM_JAUNDICE not-judged", "EXAM_SKIN not-judged", "EXAM_LIMBS not-judged", "EXAM_PUNCTURE_SITES not-judged"], answer["reasons"].EnumerateArray().Select(r => $"{r.GetProperty("rule").GetString()} {r.GetProperty("code").GetString()}"));
        // Where somebody did, nothing is left to say.
        Assert.Equal(0, (await station.Client.Get($"/v1/visits/{await station.VisitAt("collecting")}"))["reasons"].GetArrayLength());
    }

    [Theory]
    [InlineData(null, null, "collecting", "PLATELETS_AFTER not-judged")]
    [InlineData(null, 100, "collecting", "")]
    [InlineData(null, 99, "refused", "")]
    [InlineData(100, null, "collecting", "")]
    [InlineData(100, 99, "refused", "")]
    public async Task The_platelets_that_will_be_left_are_judged_and_where_nobody_says_them_that_is_said(int? atPretest, int? atStart, string outcome, string reasons)
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("consulted");
        var pretest = await station.Physician.Post($"/v1/visits/{visit}/pretest", new { haemoglobin = new { method = "meter", valueGl = 140 }, bloodGroup = "O+", altPass = true, hbsagPass = true, hematocrit = 0.42, plateletCount = 220, plateletCountAfter = atPretest });
        Assert.Equal(("cleared", 0), (pretest.Text("status"), pretest["reasons"].GetArrayLength()));
        var din = (await station.Dins())[0];
        Task<Answer> Start(int? left, string procedure = "apheresis-platelets") => station.Start(visit, din, change: b =>
        {
            (b["procedure"], b["plateletCountAfter"]) = (procedure, left);
            if (procedure == "apheresis-platelets") { b.Remove("nominalMl"); b["treatmentUnits"] = 2; }
        });
        Assert.Equal((422, "invalid_value"), Seen(await Start(100, "whole-blood")));
        Assert.Equal((422, "invalid_value"), Seen(await Start(0)));
        Assert.Equal((422, "invalid_value"), Seen(await Start(5001)));
        var before = (await station.Client.Get($"/v1/visits/{visit}")).Body.ToString();
        var started = await Start(atStart);
        if (outcome == "refused")
        {
            Assert.Equal((409, "procedure_closed", "/plateletCountAfter"), (started.Status, started.Code, started["errors"][0].GetProperty("pointer").GetString()));
            Assert.StartsWith("PLATELETS_AFTER", started["errors"][0].GetProperty("detail").GetString());
            Assert.Equal(before, (await station.Client.Get($"/v1/visits/{visit}")).Body.ToString());
            // With a smaller plan more is left.
            started = await Start(100);
        }
        Assert.Equal((200, "collecting"), (started.Status, started.Text("status")));
        var read = await station.Client.Get($"/v1/visits/{visit}");
        foreach (var answer in new[] { started, read })
            Assert.Equal(reasons, string.Join(' ', answer["reasons"].EnumerateArray().Select(r => $"{r.GetProperty("rule").GetString()} {r.GetProperty("code").GetString()}")));
        var decisions = await station.Scalar<Guid[]>("select array_agg(id) from donor.decision where visit_id = @visit and step = 'collection/start'", new { visit });
        Assert.Equal(atStart is null ? 1 : 2, decisions.Length);
        foreach (var decision in decisions) Assert.True((await station.Client.Post($"/v1/decisions/{decision}/rerun"))["same"].GetBoolean());
    }

    [Fact]
    public async Task Platelets_are_given_in_treatment_units()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("consulted");
        Assert.Equal("cleared", (await station.Physician.Post($"/v1/visits/{visit}/pretest", new { haemoglobin = new { method = "meter", valueGl = 140 }, bloodGroup = "B-", altPass = true, hbsagPass = true, hematocrit = 0.42, plateletCount = 250 })).Text("status"));
        var din = (await station.Dins())[0];
        var body = SomeStation.StartBody(din);
        body.Remove("nominalMl");
        (body["procedure"], body["treatmentUnits"]) = ("apheresis-platelets", 3);
        Assert.Equal((422, "volume_not_allowed"), Seen(await station.Phlebotomist.Post($"/v1/visits/{visit}/collection/start", body, Some.Key())));
        body["treatmentUnits"] = 2;
        Assert.Equal(200, (await station.Phlebotomist.Post($"/v1/visits/{visit}/collection/start", body, Some.Key())).Status);
        Assert.Equal(200, (await station.Finish(visit, new { endedAt = TimeProvider.System.GetUtcNow(), outcome = "completed" })).Status);
        var collected = Assert.Single(await service.Published<DonationCollected>(), e => e.Din == din);
        Assert.Equal(("apheresis-platelets", (int?)2, (int?)null), (collected.Procedure, collected.TreatmentUnits, collected.NominalMl));
    }

    [Theory]
    [InlineData(200, "")]
    [InlineData(201, "plasma-over-limit")]
    public async Task Plasma_beside_platelets_is_limited_when_planned_and_held_when_taken(int plasmaMl, string deviations)
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("consulted", donor);
        Assert.Equal("cleared", (await station.Physician.Post($"/v1/visits/{visit}/pretest", new { haemoglobin = new { method = "meter", valueGl = 140 }, bloodGroup = "B-", altPass = true, hbsagPass = true, hematocrit = 0.42, plateletCount = 250 })).Text("status"));
        var din = (await station.Dins())[0];
        Task<Answer> Start(string procedure, int? units, int? planned) => station.Start(visit, din, change: b =>
        {
            b["procedure"] = procedure;
            if (units is not null) b.Remove("nominalMl");
            (b["treatmentUnits"], b["plasmaMl"]) = (units, planned);
        });
        Assert.Equal((422, "volume_not_allowed"), Seen(await Start("apheresis-platelets", 1, 201)));
        Assert.Equal((422, "volume_not_allowed"), Seen(await Start("apheresis-platelets", 2, 100)));
        Assert.Equal((422, "volume_not_allowed"), Seen(await Start("whole-blood", null, 100)));
        Assert.Equal((422, "invalid_value"), Seen(await Start("apheresis-platelets", 1, 0)));
        Assert.Equal(200, (await Start("apheresis-platelets", 1, 200)).Status);
        var endedAt = TimeProvider.System.GetUtcNow();
        Assert.Equal((422, "invalid_value"), Seen(await station.Finish(visit, new { endedAt, outcome = "completed", plasmaMl })));
        Assert.Equal((422, "invalid_value"), Seen(await station.Finish(visit, new { endedAt, outcome = "completed", plasmaMl, collectedMl = plasmaMl })));
        Assert.Equal(200, (await station.Finish(visit, new { endedAt, outcome = "completed", plasmaMl, collectedMl = 250 + plasmaMl })).Status);
        var collected = Assert.Single(await service.Published<DonationCollected>(), e => e.Din == din);
        Assert.Equal((1, 250 + plasmaMl, deviations), (collected.TreatmentUnits!.Value, collected.CollectedMl!.Value, string.Join(",", collected.Deviations)));
        // A correction of something else leaves what was found of the plasma.
        Assert.Equal(201, (await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "measured-again", values = new { collectedMl = 260 + plasmaMl } })).Status);
        Assert.Equal(deviations, string.Join(",", Assert.Single(await service.Published<DonationCorrected>(), e => e.Din == din).After.Deviations));
    }

    [Fact]
    public async Task Whole_blood_has_no_plasma_beside_it()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("collecting");
        Assert.Equal((422, "invalid_value"), Seen(await station.Finish(visit, new { collectedMl = 400, plasmaMl = 100, endedAt = TimeProvider.System.GetUtcNow(), outcome = "completed" })));
        Assert.Equal("collecting", (await station.Client.Get($"/v1/visits/{visit}")).Text("status"));
    }

    [Fact]
    public async Task What_came_while_the_needle_was_in_withdraws_the_donation()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("collecting", donor);
        Assert.Equal(200, (await station.Client.Post($"/v1/donors/{donor}/late-information", new { })).Status);
        var din = (await station.Finish(visit)).Text("din");
        Assert.Single(await service.Published<DonationWithdrawn>(), e => e.Din == din);
    }
}
