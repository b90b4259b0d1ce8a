using System.Text.Json;
using System.Text.Json.Nodes;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Donors.Features.RuleSets;
using BloodPlatform.Donors.Rules;
using Microsoft.Extensions.DependencyInjection;

namespace BloodPlatform.Donors.Tests.Features;

/// <summary>What the authority publishes changes everybody's answers, so these tests have a service of their own, each.</summary>
public sealed class RuleSetTests : IAsyncLifetime
{
    private ServiceUnderTest service = null!;
    private static DateOnly Today => Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    private HttpClient Authority => service.As(Roles.Authority);

    public async ValueTask InitializeAsync()
    {
        service = await ServiceUnderTest.Start("donor", Program.Create, null, null, null, null, true, "--Platform:Jobs:Share=1");
        await Eventually.That(async () => (await service.Published<RuleSetPublished>()).Count == 2);
        // The release's own versions judge everybody too: a job of theirs that came late would do a test's work before its own.
        await Eventually.That(() => service.Database.Scalar<bool>("select not exists (select from donor.job where state in ('queued', 'running'))"));
    }

    public async ValueTask DisposeAsync() => await service.DisposeAsync();

    /// <summary>The base of the release as a request, changed.</summary>
    private static JsonObject Base(string version, DateOnly from, Action<JsonObject>? change = null)
    {
        var document = JsonNode.Parse(RuleBook.ReleaseDocuments.First().Text)!.AsObject();
        (document["version"], document["validFrom"]) = (version, from.ToString("O"));
        change?.Invoke(document);
        return document;
    }

    private static JsonObject RowOf(JsonObject document, string code) => document["rules"]!.AsArray().Select(r => r!.AsObject()).Single(r => (string?)r["code"] == code);

    private static JsonObject Overlay(string version, DateOnly from, DateOnly to, params object[] rules) => JsonSerializer.SerializeToNode(new
    {
        kind = "overlay", version, validFrom = from, validTo = to, zh = "测试防控要求", en = "An epidemic profile for tests", sources = new { test = "an order for tests" }, rules,
        limits = new { donorsPerSlot = 4 },
        questions = new[] { new { code = "fever-area", defersOn = "yes", deferral = "E77", zh = "最近10天内到过疫区吗？", en = "In the last 10 days, a stay in the area?" } },
    }, Json.Options)!.AsObject();

    private static object Area => new { code = "E77", kind = "deferral", category = "deferral", clause = "test order 1", source = "test", confidence = "low", days = 10, zh = "到过疫区后10天", en = "A stay in the area: 10 days" };

    private async Task<Answer> JobOf(Answer published)
    {
        var id = published["jobId"].GetGuid();
        await Eventually.That(async () => (await Authority.Get($"/v1/donor-jobs/{id}")).Text("state") is "succeeded" or "failed");
        return await Authority.Get($"/v1/donor-jobs/{id}");
    }

    [Fact]
    public async Task The_release_is_published_and_read_with_every_clause()
    {
        var list = await service.As(Roles.Station, Some.Id()).Get("/v1/rule-sets");
        Assert.Equal(["cn-epidemic-2021 overlay over", "cn-gb18467-2011 base in-force"], list["items"].EnumerateArray().Select(i => $"{i.GetProperty("code").GetString()} {i.GetProperty("kind").GetString()} {i.GetProperty("versions")[0].GetProperty("status").GetString()}"));
        var one = await Authority.Get("/v1/rule-sets/cn-gb18467-2011");
        Assert.Equal("1", one["versions"][0].GetProperty("version").GetString());
        var version = await Authority.Get("/v1/rule-sets/cn-gb18467-2011/versions/1");
        var rows = version["document"].GetProperty("rules").EnumerateArray().ToArray();
        Assert.True(rows.Length > 100);
        Assert.All(rows, r => Assert.True(r.GetProperty("clause").GetString()!.Length > 0 && r.GetProperty("confidence").GetString() is "high" or "medium" or "low"));
        Assert.Equal(404, (await Authority.Get("/v1/rule-sets/cn-gb18467-2011/versions/2")).Status);
        Assert.Equal(404, (await Authority.Get("/v1/rule-sets/nowhere")).Status);
        Assert.Equal(403, (await service.As(Roles.Station, Some.Id()).Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("2", Today))).Status);
        Assert.Equal(403, (await service.As(Roles.App, Some.Id()).Get("/v1/rule-sets")).Status);
    }

    [Fact]
    public async Task A_new_version_decides_at_once_and_only_donors_whose_dates_changed_are_announced()
    {
        var station = new SomeStation(service);
        var (gave, never) = (await station.Donor(), await station.Donor());
        await station.VisitAt("completed", gave);
        Assert.Equal(Today.AddMonths(6).ToString("O"), (await station.Eligibility(gave)).Text("eligibleFrom"));
        var before = (await service.Published<DonorEligibilityChanged>()).Count;

        // The interval grows from tomorrow on: who gave is touched, who never did is not.
        var published = await Authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("2", Today.AddDays(1), d => RowOf(d, "INTERVAL_WB_WB")["months"] = 8));
        Assert.True(published.Status == 201, published.ToString());
        Assert.Equal(("/v1/rule-sets/cn-gb18467-2011/versions/2", "upcoming", "\"3\""), (published.Response.Headers.Location!.ToString(), published.Text("status"), published.Response.Headers.ETag!.Tag));
        var told = await station.Eligibility(gave); // no replica decides by the old one
        Assert.Equal((Today.AddMonths(8).ToString("O"), "1"), (told.Text("eligibleFrom"), told["ruleSet"].GetProperty("version").GetString()));
        Assert.Equal("2", (await station.Eligibility(gave, $"?asOf={Today.AddDays(1):O}"))["ruleSet"].GetProperty("version").GetString());
        Assert.Equal(Today.AddMonths(8).ToString("O"), told["reasons"][0].GetProperty("until").GetString());

        var job = await JobOf(published);
        Assert.Equal(("succeeded", 2, 1), (job.Text("state"), job["result"].GetProperty("examined").GetInt32(), job["result"].GetProperty("changed").GetInt32()));
        Assert.Equal((2, 2), (job["progress"].GetProperty("done").GetInt32(), job["progress"].GetProperty("total").GetInt32()));
        var after = await service.Published<DonorEligibilityChanged>();
        Assert.Equal(before + 1, after.Count);
        var windows = after.MaxBy(e => e.EventId)!;
        Assert.Equal((gave, Today.AddMonths(8)), (windows.DonorId, windows.Procedures.Single(p => p.Procedure == "whole-blood").Windows[^1].From));
        Assert.Equal(await station.Scalar<long>("select version from donor.donor where id = @gave", new { gave }), windows.Version);
        Assert.Equal(3, (await service.Published<RuleSetPublished>()).Count);

        // Again, and nothing is left to say.
        var again = await Authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("3", Today.AddYears(1), d => RowOf(d, "INTERVAL_WB_WB")["months"] = 8));
        Assert.Equal(0, (await JobOf(again))["result"].GetProperty("changed").GetInt32());
        Assert.NotEqual(Guid.Empty, never);
    }

    [Fact]
    public async Task A_shorter_interval_moves_the_day_of_the_reminder_whatever_else_stands_against_giving()
    {
        var station = new SomeStation(service);
        async Task<Guid> Gave(string reminders, int months, string? deferral = null)
        {
            var donor = await station.Donor();
            Assert.Equal(200, (await station.Client.Put($"/v1/donors/{donor}/contact-preferences", new { reminders, channels = new[] { "sms" } }, "\"0\"")).Status);
            Assert.Equal("completed", (await station.Backfill(donor, Shanghai.StartOf(Today.AddMonths(-months)).AddHours(9), (await station.Dins())[0])).Text("status"));
            if (deferral is not null) Assert.Equal(201, (await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = deferral, from = Today })).Status);
            return donor;
        }
        Task<DateOnly> Next(Guid donor) => station.Scalar<DateOnly>("select next_on from donor.contact_preference where donor_id = @donor", new { donor });
        var (waits, over, ill, series, absorbed) = (await Gave("every-time", 1), await Gave("once", 5), await Gave("once", 5, "P01"), await Gave("monthly", 5), await Gave("every-time", 2));
        var survivor = await station.Donor();
        Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor, absorbed, reason = "同一人" })).Status);
        await service.Database.Execute("update donor.contact_preference set next_on = @next where donor_id = @series", new { series, next = Today.AddDays(20) });

        await JobOf(await Authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("2", Today, d => RowOf(d, "INTERVAL_WB_WB")["months"] = 4)));
        Assert.Equal((Today.AddMonths(-1).AddMonths(4), Today.AddDays(1), Today.AddDays(1), Today.AddDays(20), Today.AddMonths(-2).AddMonths(4)), (await Next(waits), await Next(over), await Next(ill), await Next(series), await Next(absorbed)));
    }

    [Fact]
    public async Task Another_replica_that_heard_of_nothing_decides_by_the_new_version()
    {
        await using var replica = await ServiceUnderTest.Start("donor", Program.Create, null, service.Database, service.Tokens, null, false);
        try
        {
            var (station, elsewhere) = (new SomeStation(service), new SomeStation(replica));
            var donor = await elsewhere.Donor(new DateOnly(Today.Year - 19, 1, 1));
            Assert.True((await elsewhere.Eligibility(donor))["eligible"].GetBoolean());
            Assert.Equal(201, (await Authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("2", Today, d => RowOf(d, "AGE_MIN")["atLeast"] = 25))).Status);
            Assert.Equal(["AGE_MIN"], SomeStation.Rules(await elsewhere.Eligibility(donor)));
            var visit = await elsewhere.Open(donor);
            Assert.Equal(("deferred", "2"), (visit.Text("status"), visit["ruleSet"].GetProperty("version").GetString()));
            Assert.NotNull(station);
        }
        finally { await replica.Stop(); }
    }

    [Fact]
    public async Task An_epidemic_profile_asks_more_defers_longer_and_ends_by_itself()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var infection = JsonNode.Parse(JsonSerializer.Serialize(new { code = "T31-infection", kind = "deferral", category = "deferral", clause = "test order 1", source = "test", confidence = "low", months = 6, zh = "六个月", en = "6 months" }))!;
        var published = await Authority.Post("/v1/rule-sets/cn-test-fever/versions", Overlay("1", Today, Today.AddDays(30), Area, infection));
        Assert.True(published.Status == 201, published.ToString());
        Assert.Equal(4, (await service.Published<RuleSetPublished>())[^1].DonorsPerSlot);

        var asked = await station.Client.Get("/v1/questionnaires/current");
        Assert.Equal("1+cn-test-fever.1", asked.Text("version"));
        Assert.Contains("fever-area", asked["questions"].EnumerateArray().Select(q => q.GetProperty("code").GetString()));
        Assert.Equal("1+cn-test-fever.1", (await station.Eligibility(donor))["ruleSet"].GetProperty("version").GetString());
        Assert.Equal("1", (await station.Eligibility(donor, $"?asOf={Today.AddDays(31):O}"))["ruleSet"].GetProperty("version").GetString());
        Assert.Equal(Today.AddMonths(6).ToString("O"), (await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T31-infection", from = Today })).Text("until"));

        // The paper of yesterday is not today's.
        var other = await station.Donor();
        var visit = await station.VisitAt("vitals-taken", other);
        var answers = await station.GoodAnswers();
        async Task<Answer> Consult(string version, Dictionary<string, string> given) => await station.Physician.Post($"/v1/visits/{visit}/consultation", new { questionnaire = new { code = "cn-donor-health", version }, answers = given, fitToDonate = true });
        Assert.Equal("questionnaire_unknown", (await Consult("1", answers)).Code);
        Assert.Equal("answers_missing", (await Consult("1+cn-test-fever.1", answers.Where(a => a.Key != "fever-area").ToDictionary())).Code);
        var deferred = await Consult("1+cn-test-fever.1", answers.Select(a => a.Key == "fever-area" ? KeyValuePair.Create("fever-area", "yes") : a).ToDictionary());
        Assert.Equal(("deferred", "E77", Today.AddDays(10).ToString("O")), (deferred.Text("status"), deferred["reasons"][0].GetProperty("rule").GetString(), deferred["reasons"][0].GetProperty("until").GetString()));
    }

    [Fact]
    public async Task A_decision_is_made_again_byte_for_byte_whatever_was_published_since()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("vitals-taken");
        var pale = await station.VisitAt("consulted");
        var deferred = await station.Physician.Post($"/v1/visits/{pale}/pretest", new { haemoglobin = new { method = "meter", valueGl = 119 }, bloodGroup = "O+", altPass = true, hbsagPass = true });
        Assert.Equal("deferred", deferred.Text("status"));
        Assert.Equal(201, (await Authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("2", Today, d => { RowOf(d, "HB_MALE")["atLeast"] = 110; RowOf(d, "AGE_MIN")["atLeast"] = 60; RowOf(d, "AGE_MAX_FIRST")["atMost"] = 60; }))).Status);

        var decisions = (await station.Client.Get($"/v1/visits/{pale}/decisions")).Body.EnumerateArray().ToArray();
        Assert.Equal(["open", "vitals", "consultation", "pretest"], decisions.Select(d => d.GetProperty("step").GetString()));
        foreach (var id in decisions.Select(d => d.GetProperty("id").GetGuid()).Concat((await station.Client.Get($"/v1/visits/{visit}/decisions")).Body.EnumerateArray().Select(d => d.GetProperty("id").GetGuid())))
        {
            var again = await station.Client.Post($"/v1/decisions/{id}/rerun");
            Assert.Equal((200, true, "1"), (again.Status, again["same"].GetBoolean(), again["ruleSet"].GetProperty("version").GetString()));
        }
        var pretest = decisions[^1].GetProperty("id").GetGuid();
        Assert.Equal("HB_MALE", (await station.Client.Post($"/v1/decisions/{pretest}/rerun"))["reasons"][0].GetProperty("rule").GetString());
        var authority = await Authority.Post($"/v1/decisions/{pretest}/rerun");
        Assert.Equal((true, JsonValueKind.Null), (authority["same"].GetBoolean(), authority["reasons"].ValueKind));
        Assert.Equal(404, (await new SomeStation(service).Client.Post($"/v1/decisions/{pretest}/rerun")).Status);
        Assert.Equal(404, (await Authority.Post($"/v1/decisions/{Some.OldId()}/rerun")).Status);

        // Sealed: neither the value nor the rule lies open; and what was tampered with is not the same any more.
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.decision where decision::text ~ 'HB_MALE|haemoglobin'"));
        await service.Database.Execute("update donor.decision set outcome = (select outcome from donor.decision where visit_id = @pale and step = 'open') where id = @pretest", new { pale, pretest });
        Assert.False((await station.Client.Post($"/v1/decisions/{pretest}/rerun"))["same"].GetBoolean());
    }

    [Fact]
    public async Task A_draft_says_whom_it_would_touch_and_changes_nothing()
    {
        var station = new SomeStation(service);
        var (young, old) = (await station.Donor(new DateOnly(Today.Year - 19, 1, 1)), await station.Donor());
        var drive = await station.Drive();
        Task Book(Guid appointment, Guid donor, int days, long version = 1) => service.Deliver(new AppointmentBooked
        {
            Key = appointment.ToString(), Version = version, OccurredAt = TimeProvider.System.GetUtcNow(), AppointmentId = appointment, DonorId = donor, DriveId = drive, SlotStartsAt = TimeProvider.System.GetUtcNow().AddDays(days),
            Procedure = "whole-blood", Channel = "app", Backfilled = false,
        });
        var (falls, stays, past, cancelled, moved) = (Some.Id(), Some.Id(), Some.Id(), Some.Id(), Some.Id());
        await Book(falls, young, 20); await Book(stays, old, 20); await Book(past, young, -20); await Book(cancelled, young, 20); await Book(moved, young, -30);
        await service.Deliver(
            new AppointmentCancelled { Key = cancelled.ToString(), Version = 2, OccurredAt = TimeProvider.System.GetUtcNow(), AppointmentId = cancelled, DonorId = young, DriveId = drive, SlotStartsAt = TimeProvider.System.GetUtcNow().AddDays(20), Procedure = "whole-blood", Channel = "app", Backfilled = false, ReasonCode = "donor" },
            new AppointmentMoved { Key = moved.ToString(), Version = 2, OccurredAt = TimeProvider.System.GetUtcNow(), AppointmentId = moved, DonorId = young, DriveId = drive, SlotStartsAt = TimeProvider.System.GetUtcNow().AddDays(30), PreviousSlotStartsAt = TimeProvider.System.GetUtcNow().AddDays(-30), Procedure = "whole-blood", Channel = "app", Backfilled = false });
        await Book(moved, young, -30, 1); // again, and late: the newer place stands
        async Task<string> State() => await station.Scalar<string>("select (select count(*) from donor.outbox) || '/' || (select count(*) from donor.rule_set) || '/' || (select string_agg(version::text, ',' order by id) from donor.donor)");
        var before = await State();

        var answer = await Authority.Post("/v1/rule-sets/cn-gb18467-2011/simulate", Base("2", Today.AddDays(10), d => RowOf(d, "AGE_MIN")["atLeast"] = 25), Some.Key());
        Assert.True(answer.Status == 200, answer.ToString());
        Assert.Equal((2, 1, 2), (answer["examined"].GetInt32(), answer["changed"].GetInt32(), answer["appointments"].GetInt32()));
        Assert.Equal(new[] { falls, moved }.Order(), answer["appointmentIds"].EnumerateArray().Select(a => a.GetGuid()).Order());
        Assert.Equal((0, 1), (answer["procedures"][0].GetProperty("opened").GetInt32(), answer["procedures"][0].GetProperty("closed").GetInt32())); // from the draft's first day on: today all is by the old one
        Assert.Equal(1, (await Authority.Post("/v1/rule-sets/cn-gb18467-2011/simulate", Base("2", Today, d => RowOf(d, "AGE_MIN")["atLeast"] = 25)))["procedures"][0].GetProperty("closed").GetInt32());
        Assert.Equal(0, (await Authority.Post("/v1/rule-sets/cn-gb18467-2011/simulate", Base("2", Today)))["changed"].GetInt32());
        Assert.Equal("rule_set_invalid", (await Authority.Post("/v1/rule-sets/cn-gb18467-2011/simulate", Base("2", new(2012, 7, 1)))).Code);
        Assert.Equal(before, await State());
        Assert.True((await station.Eligibility(young, $"?asOf={Today.AddDays(11):O}"))["eligible"].GetBoolean());
    }

    [Fact]
    public async Task What_two_seconds_do_not_suffice_for_goes_on_as_a_job_with_the_same_result()
    {
        var station = new SomeStation(service);
        for (var i = 0; i < 3; i++) await station.Donor(new DateOnly(Today.Year - 19 - (i * 20), 1, 1));
        var draft = JsonSerializer.Deserialize<RuleDocument>(Base("2", Today, d => { d["code"] = "cn-gb18467-2011"; RowOf(d, "AGE_MIN")["atLeast"] = 25; }), Json.Options)!;
        // As the request leaves it when its time is over: two donors looked at, one of them changed.
        var second = await service.Database.Scalar<Guid>("select id from donor.donor order by id offset 1 limit 1");
        var state = new Simulate.State(second, new(2, 1, [new("whole-blood", 0, 1), new("apheresis-platelets", 0, 1)], 0, []));
        await using var scope = service.App.Services.CreateAsyncScope();
        var id = await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(tx => Task.FromResult(tx.StartJob(Simulate.Kind, new Simulate.Order(JsonSerializer.Serialize(draft, Json.Options), state))), CancellationToken.None);
        await Eventually.That(async () => (await Authority.Get($"/v1/donor-jobs/{id}")).Text("state") is "succeeded" or "failed");
        var job = await Authority.Get($"/v1/donor-jobs/{id}");
        var direct = await Authority.Post("/v1/rule-sets/cn-gb18467-2011/simulate", Base("2", Today, d => RowOf(d, "AGE_MIN")["atLeast"] = 25));
        Assert.Equal(("succeeded", 3), (job.Text("state"), job["progress"].GetProperty("done").GetInt32()));
        Assert.Equal((3, 1), (direct["examined"].GetInt32(), direct["changed"].GetInt32()));
        Assert.True(JsonElement.DeepEquals(direct.Body, job["result"]), $"{direct} {job}");
    }

    [Fact]
    public async Task A_bad_document_is_refused_with_its_row_and_nothing_is_written()
    {
        var before = await service.Database.Scalar<string>("select (select count(*) from donor.rule_set) || '/' || (select count(*) from donor.job) || '/' || (select count(*) from donor.outbox)");
        foreach (var (change, pointer, code) in new (Action<JsonObject>, string, string)[]
        {
            (d => RowOf(d, "WEIGHT_MALE").Remove("source"), "/source", "missing"), (d => RowOf(d, "WEIGHT_MALE")["clause"] = "", "/clause", "missing"), (d => RowOf(d, "T01")["permanent"] = true, "", "contradiction"),
            (d => d["rules"]!.AsArray().Remove(RowOf(d, "HB_FEMALE")), "", "gap"), (d => RowOf(d, "WEIGHT_MALE")["source"] = "SY, hearsay", "/source", "unknown"), (d => RowOf(d, "INTERVAL_PLT_WB")["to"] = "apheresis-platelets", "", "overlap"),
        })
        {
            var refused = await Authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("2", Today, change), Some.Key());
            Assert.Equal((422, "rule_set_invalid"), (refused.Status, refused.Code));
            Assert.Contains(refused["errors"].EnumerateArray(), e => e.GetProperty("code").GetString() == code && System.Text.RegularExpressions.Regex.IsMatch(e.GetProperty("pointer").GetString()!, "^/rules/[0-9]+" + pointer));
        }
        foreach (var (from, to, pointer, code) in new (DateOnly, DateOnly, string, string)[] { (new(2012, 7, 2), new(2012, 7, 3), "/validFrom", "past"), (Today.AddDays(-1), Today, "/validFrom", "past"), (Today, DateOnly.MaxValue, "/validTo", "invalid") })
        {
            foreach (var (set, document) in new[] { ("cn-gb18467-2011", Base("2", from, d => d["validTo"] = to.ToString("O"))), ("cn-test-fever", Overlay("1", from, to, Area)) })
                foreach (var verb in new[] { "versions", "simulate" })
                {
                    var refused = await Authority.Post($"/v1/rule-sets/{set}/{verb}", document.DeepClone(), Some.Key());
                    Assert.Equal((422, "rule_set_invalid"), (refused.Status, refused.Code));
                    Assert.Contains(refused["errors"].EnumerateArray(), e => (e.GetProperty("pointer").GetString(), e.GetProperty("code").GetString()) == (pointer, code));
                }
        }
        Assert.Equal((422, "rule_set_invalid"), (await Authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("2", new(2012, 7, 1)))) is var early ? (early.Status, early.Code) : default);
        Assert.Equal((409, "rule_set_version_exists"), (await Authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("1", Today))) is var known ? (known.Status, known.Code) : default);
        Assert.Equal((422, "rule_set_invalid"), (await Authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("2", Today, d => d["rules"]!.AsArray().Add(null)))) is var hole ? (hole.Status, hole.Code) : default);
        foreach (var malformed in new Action<JsonObject>[] { d => d.Remove("version"), d => d["validFrom"] = "2026-02-30", d => RowOf(d, "T01")["days"] = "three", d => d["rules"] = "none", d => RowOf(d, "T01")["clause"] = null })
            Assert.Equal((400, "malformed_request"), (await Authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("2", Today, malformed))) is var bad ? (bad.Status, bad.Code) : default);
        Assert.Equal((422, "invalid_value"), (await Authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("2", Today, d => d["kind"] = "law"))) is var kind ? (kind.Status, kind.Code) : default);
        Assert.Equal(before, await service.Database.Scalar<string>("select (select count(*) from donor.rule_set) || '/' || (select count(*) from donor.job) || '/' || (select count(*) from donor.outbox)"));
    }

    [Fact]
    public async Task Of_two_who_publish_the_same_version_at_once_one_does()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Authority.Post("/v1/rule-sets/cn-gb18467-2011/versions", Base("2", Today.AddDays(i)))));
        Assert.Equal(1, answers.Count(a => a.Status == 201));
        Assert.All(answers.Where(a => a.Status != 201), a => Assert.Equal((409, "rule_set_version_exists"), (a.Status, a.Code)));
        Assert.Equal("1, 2, 3", await service.Database.Scalar<string>("select string_agg(position::text, ', ' order by position) from donor.rule_set"));
    }

    [Fact]
    public async Task A_physician_approves_a_shorter_platelet_interval_for_one_day()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var last = Shanghai.StartOf(Today.AddDays(-3)).AddHours(9);
        Assert.Equal("completed", (await station.Backfill(donor, last, (await station.Dins())[0], procedure: "apheresis-platelets")).Text("status"));
        async Task<bool> May(int days) => (await station.Eligibility(donor, $"?procedure=apheresis-platelets&asOf={Today.AddDays(days):O}"))["eligible"].GetBoolean();
        Task<Answer> Approve(int days, string rule = "INTERVAL_PLT_PLT_HLA") => station.Physician.Post($"/v1/donors/{donor}/interval-approvals", new { rule, on = Today.AddDays(days), reason = "HLA配型相合" });
        Assert.False(await May(5));
        Assert.Equal("staff_required", (await station.Client.Post($"/v1/donors/{donor}/interval-approvals", new { rule = "INTERVAL_PLT_PLT_HLA", on = Today, reason = "x" })).Code);
        Assert.Equal("staff_function_required", (await station.Registrar.Post($"/v1/donors/{donor}/interval-approvals", new { rule = "INTERVAL_PLT_PLT_HLA", on = Today, reason = "x" })).Code);
        Assert.Equal("interval_exception_unknown", (await Approve(5, "INTERVAL_PLT_PLT")).Code);
        Assert.Equal("invalid_value", (await Approve(-1)).Code);
        var approved = await Approve(5);
        var location = approved.Response.Headers.Location!.ToString();
        Assert.Equal((201, $"/v1/donors/{donor}/interval-approvals/{approved.Id}"), (approved.Status, location));
        Assert.Equal(approved.Body.ToString(), (await station.Client.Get(location)).Body.ToString());
        Assert.Equal((409, "interval_approved"), (await Approve(5)) is var twice ? (twice.Status, twice.Code) : default);
        Assert.Equal(201, (await Approve(3)).Status); // the sixth day after: even with approval too early
        Assert.True(await May(5));
        Assert.False(await May(3) || await May(4) || await May(6));
        Assert.True(await May(11));
        Assert.Contains((await service.Published<DonorEligibilityChanged>())[^1].Procedures.Single(p => p.Procedure == "apheresis-platelets").Windows, w => (w.From, w.To) == (Today.AddDays(5), Today.AddDays(5)));

        // And takes it back: the day is closed again, and may be approved anew.
        Task<Answer> Withdraw(HttpClient by, string at, object? body = null) => by.Post($"{at}/withdraw", body ?? new { reason = "受血者已转院" });
        Assert.Equal("staff_function_required", (await Withdraw(station.Registrar, location)).Code);
        Assert.Equal((422, "invalid_value"), await Withdraw(station.Physician, location, new { reason = "" }) is var empty ? (empty.Status, empty.Code) : default);
        Assert.Equal(404, (await Withdraw(station.Physician, $"/v1/donors/{await station.Donor()}/interval-approvals/{approved.Id}")).Status);
        Assert.True(await May(5));
        var withdrawn = await Withdraw(station.Physician, location);
        Assert.Equal((200, "withdrawn", "受血者已转院"), (withdrawn.Status, withdrawn.Text("status"), withdrawn.Text("withdrawReason")));
        Assert.Equal((409, "interval_approval_over"), await Withdraw(station.Physician, location) is var again ? (again.Status, again.Code) : default);
        Assert.False(await May(5));
        Assert.DoesNotContain((await service.Published<DonorEligibilityChanged>())[^1].Procedures.Single(p => p.Procedure == "apheresis-platelets").Windows, w => w.From == Today.AddDays(5));
        Assert.Equal(201, (await Approve(5)).Status);
        Assert.True(await May(5));
        var list = await station.Client.Get($"/v1/donors/{donor}/interval-approvals");
        Assert.Equal(["withdrawn", "active", "active"], list["items"].EnumerateArray().Select(i => i.GetProperty("status").GetString()));
        Assert.Equal((403, 404), ((await service.As(Roles.App, Some.Id()).Get(location)).Status, (await station.Client.Get($"/v1/donors/{Some.OldId()}/interval-approvals")).Status));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.interval_approval where interval_approval::text like '%受血者%'"));
    }
}
