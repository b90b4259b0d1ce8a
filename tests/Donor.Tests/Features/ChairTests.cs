using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Donors.Tests.Features;

/// <summary>What happens between the door and the rest besides the steps: signing, deferring, leaving, reacting, thanks.</summary>
public sealed class ChairTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;
    private static DateOnly Today => Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    private static (int, string?) Seen(Answer answer) => (answer.Status, answer.Code);

    [Fact]
    public async Task What_was_signed_is_recorded_with_its_version_and_where_the_sheet_lies_stays_sealed()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("checked-in");
        foreach (var signature in new object[] { new { method = "quill" }, new { method = "screen", reference = new string('长', 81) }, new { method = "screen", signedAt = TimeProvider.System.GetUtcNow().AddHours(1) }, new { method = "screen", signedAt = TimeProvider.System.GetUtcNow().AddDays(-2) } })
            Assert.Equal(422, (await station.Registrar.Post($"/v1/visits/{visit}/consent", new { accepted = true, signature })).Status);
        Assert.Equal((422, "questionnaire_unknown"), Seen(await station.Registrar.Post($"/v1/visits/{visit}/consent", new { accepted = true, form = new { code = "cn-donor-health", version = "0" } })));
        var old = await station.Registrar.Post($"/v1/visits/{visit}/consent", new { accepted = true, form = new { code = "cn-donor-health", version = "1+cn-epidemic-2021.1" } }); // was asked until 2023
        Assert.Equal((422, "questionnaire_unknown", "/form/version"), (old.Status, old.Code, old["errors"][0].GetProperty("pointer").GetString()));
        Assert.Equal("checked-in", (await station.Client.Get($"/v1/visits/{visit}")).Text("status"));
        var consented = await station.Registrar.Post($"/v1/visits/{visit}/consent", new { accepted = true, signature = new { method = "screen", reference = "归档柜A-17" } });
        Assert.Equal(("consented", "cn-donor-health", "screen"), (consented.Text("status"), consented["signed"].GetProperty("consent").GetProperty("code").GetString(), consented["signed"].GetProperty("consent").GetProperty("method").GetString()));
        await station.Registrar.Post($"/v1/visits/{visit}/hygiene", new { handsWashed = true });
        await station.Registrar.Post($"/v1/visits/{visit}/vitals", SomeStation.GoodVitals);
        var consulted = await station.Consult(visit);
        Assert.Equal(["consent", "questionnaire"], consulted["signed"].EnumerateObject().Select(f => f.Name).Order());
        Assert.Equal("paper", consulted["signed"].GetProperty("questionnaire").GetProperty("method").GetString());
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.visit where visit::text like '%归档柜%'"));
    }

    [Theory]
    [InlineData("checked-in")]
    [InlineData("consented")]
    [InlineData("hygiene-done")]
    [InlineData("vitals-taken")]
    [InlineData("consulted")]
    [InlineData("cleared")]
    public async Task A_physician_defers_at_any_step_before_the_needle_for_as_long_as_the_rules_say(string status)
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt(status, donor);
        var before = (await station.Client.Get($"/v1/visits/{visit}")).Body.ToString();
        Assert.Equal((403, "staff_function_required"), Seen(await station.Registrar.Post($"/v1/visits/{visit}/defer", new { code = "T03" })));
        Assert.Equal((422, "deferral_code_unknown"), Seen(await station.Physician.Post($"/v1/visits/{visit}/defer", new { code = "SYSTOLIC" })));
        Assert.Equal((422, "invalid_value"), Seen(await station.Physician.Post($"/v1/visits/{visit}/defer", new { code = "T03", from = Today.AddDays(1) })));
        Assert.Equal((422, "invalid_value"), Seen(await station.Physician.Post($"/v1/visits/{visit}/defer", new { code = "T03", from = Today.AddMonths(-4) })));
        Assert.Equal(404, (await new SomeStation(service).Physician.Post($"/v1/visits/{visit}/defer", new { code = "T03" })).Status);
        Assert.Equal(before, (await station.Client.Get($"/v1/visits/{visit}")).Body.ToString());

        var deferred = await station.Physician.Post($"/v1/visits/{visit}/defer", new { code = "T03", from = Today.AddDays(-10), note = "术后" });
        Assert.Equal((200, "deferred", "T03"), (deferred.Status, deferred.Text("status"), SomeStation.Rules(deferred).Single()));
        Assert.Equal(Today.AddDays(-10).AddMonths(3).ToString("O"), Assert.Single((await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].EnumerateArray()).GetProperty("until").GetString());
        Assert.Single(await service.Published<VisitDeferred>(), e => e.VisitId == visit);
        Assert.Equal((409, "step_out_of_order"), Seen(await station.Physician.Post($"/v1/visits/{visit}/defer", new { code = "T03" })));
        Assert.Equal((409, "step_out_of_order"), Seen(await station.Client.Post($"/v1/visits/{visit}/abandon")));
    }

    [Fact]
    public async Task Once_the_needle_is_in_nobody_defers_and_nobody_goes()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("collecting");
        Assert.Equal((409, "step_out_of_order"), Seen(await station.Physician.Post($"/v1/visits/{visit}/defer", new { code = "T03" })));
        Assert.Equal((409, "step_out_of_order"), Seen(await station.Client.Post($"/v1/visits/{visit}/abandon")));
    }

    [Theory]
    [InlineData("checked-in")]
    [InlineData("consulted")]
    [InlineData("cleared")]
    public async Task Who_goes_and_who_withdraws_privately_cannot_be_told_apart(string status)
    {
        var station = new SomeStation(service);
        var (open, secret) = (await station.VisitAt(status), await station.VisitAt(status));
        async Task<string> Left(Guid visit, string how)
        {
            var answer = await station.Client.Post($"/v1/visits/{visit}/{how}");
            Assert.Equal((200, "abandoned"), (answer.Status, answer.Text("status")));
            var donor = answer["donorId"].GetGuid();
            var row = await station.Scalar<string>("select (to_jsonb(v) - 'id' - 'donor_id' - 'opened_at' - 'last_at' - 'signed' - 'external_asked_at')::text from donor.visit v where id = @visit", new { visit });
            var events = await service.Database.Query<string>("select type from donor.outbox where key = @key order by position", new { key = donor.ToString() });
            var steps = string.Join(' ', answer["steps"].EnumerateArray().Select(s => s.GetProperty("step").GetString()));
            return string.Join('|', row, string.Join(' ', events), steps, string.Join(' ', answer["allowedActions"].EnumerateArray().Select(a => a.GetString())));
        }
        Assert.Equal(await Left(open, "abandon"), await Left(secret, "private-withdrawal"));
    }

    [Fact]
    public async Task What_was_not_scanned_is_said_and_not_passed_over()
    {
        var station = new SomeStation(service);
        async Task<string> Scanned(bool bag, bool tubes)
        {
            var (visit, din) = (await station.VisitAt("cleared"), (await station.Dins())[0]);
            Assert.Equal(JsonValueKind.Null, (await station.Client.Get($"/v1/visits/{visit}"))["scanned"].ValueKind);
            var started = await station.Start(visit, din, change: body => { if (bag) body["bagScan"] = din; if (tubes) body["sampleTubeScans"] = new[] { din, din }; });
            Assert.Equal("collecting", started.Text("status"));
            await station.Finish(visit);
            return string.Join(' ', (await station.Client.Get($"/v1/visits/{visit}"))["scanned"].EnumerateArray().Select(s => s.GetString()));
        }
        Assert.Equal(("", "bag", "tubes", "bag tubes"), (await Scanned(false, false), await Scanned(true, false), await Scanned(false, true), await Scanned(true, true)));
    }

    // 400 ml and a full bag; a needle that drew nothing; one of which nobody knows what it drew.
    [Theory]
    [InlineData("completed", 400)]
    [InlineData("abandoned", 0)]
    [InlineData("abandoned", null)]
    public async Task Of_who_withdraws_privately_in_the_chair_nothing_is_kept_once_the_needle_is_out(string outcome, int? collectedMl)
    {
        var station = new SomeStation(service);
        var (open, secret) = (await station.VisitAt("collecting"), await station.VisitAt("collecting"));
        async Task<string> Row(Guid visit) => (await station.Scalar<string>("select (to_jsonb(v) - 'id' - 'donor_id' - 'din' - 'opened_at' - 'last_at' - 'started_at' - 'ended_at' - 'signed' - 'external_asked_at')::text from donor.visit v where id = @visit", new { visit }))!;
        var before = await station.Client.Get($"/v1/visits/{secret}");
        var withdrawn = await station.Client.Post($"/v1/visits/{secret}/private-withdrawal");
        Assert.Equal((before.Response.Headers.ETag!.Tag, before.Body.ToString()), (withdrawn.Response.Headers.ETag!.Tag, withdrawn.Body.ToString()));
        Assert.Equal((await Row(open)).Replace("false", "", StringComparison.Ordinal), (await Row(secret)).Replace("true", "", StringComparison.Ordinal).Replace("false", "", StringComparison.Ordinal));
        foreach (var visit in new[] { open, secret }) Assert.Equal(200, (await station.Finish(visit, new { collectedMl, endedAt = TimeProvider.System.GetUtcNow(), outcome })).Status);
        Assert.Equal(await Row(open), await Row(secret));
        if (outcome != "completed") return;

        // Told afterwards the visit does not change either.
        before = await station.Client.Get($"/v1/visits/{open}");
        withdrawn = await station.Client.Post($"/v1/visits/{open}/private-withdrawal");
        Assert.Equal((before.Response.Headers.ETag!.Tag, before.Body.ToString()), (withdrawn.Response.Headers.ETag!.Tag, withdrawn.Body.ToString()));
        Assert.Single(await service.Published<DonationWithdrawn>(), e => e.Din == before.Text("din"));
        Assert.Equal(await Row(open), await Row(secret));
    }

    [Fact]
    public async Task Aspirin_keeps_from_platelets_and_lets_whole_blood_be_given_without_them()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("vitals-taken", donor);
        var took = (await station.GoodAnswers()).ToDictionary(a => a.Key, a => a.Key == "aspirin" ? "yes" : a.Value);
        Assert.Equal("consulted", (await station.Consult(visit, took)).Text("status"));
        Assert.Contains("T20", SomeStation.Rules(await station.Eligibility(donor, "?procedure=apheresis-platelets")));
        Assert.True((await station.Eligibility(donor, "?procedure=whole-blood"))["eligible"].GetBoolean());
        Assert.Equal("cleared", (await station.Physician.Post($"/v1/visits/{visit}/pretest", SomeStation.GoodPretest)).Text("status"));
        Assert.Equal("collecting", (await station.Start(visit, (await station.Dins())[0])).Text("status"));
        await station.Finish(visit);
        var collected = Assert.Single(await service.Published<DonationCollected>(), e => e.VisitId == visit);
        Assert.Equal(["platelets"], collected.Restrictions);
        Assert.Empty(collected.Deviations);

        var drive = await station.Drive(procedures: "apheresis-platelets");
        var platelets = await station.Consult(await station.VisitAt("vitals-taken", driveId: drive), took);
        Assert.Equal(("deferred", "T20"), (platelets.Text("status"), SomeStation.Rules(platelets).Single()));
        var other = await station.VisitAt("vitals-taken");
        Assert.Equal(("deferred", "T14"), (await station.Consult(other, took.ToDictionary(a => a.Key, a => a.Key == "tattoo" ? "yes" : a.Value)) is var both ? (both.Text("status"), SomeStation.Rules(both).Single(r => r == "T14")) : default));
    }

    [Fact]
    public async Task Rest_is_recorded_beside_the_rule_and_thanks_go_to_who_agreed_to_be_written_to()
    {
        var station = new SomeStation(service);
        async Task<(Guid Donor, Guid Visit)> Given(params string[] consents)
        {
            var donor = (await station.Client.Post("/v1/donors", new { name = "丙测试", document = new { kind = "resident-id", number = SomeStation.ResidentId(SomeStation.Adult) }, phone = "13900000004", consents })).Id;
            return (donor, await station.VisitAt("completed", donor));
        }
        var (willing, visit) = await Given("registration", "contact");
        var view = await station.Client.Get($"/v1/visits/{visit}");
        Assert.Equal(600, view["restMinimumSeconds"].GetInt32());
        Assert.InRange(view["restSeconds"].GetInt32(), 0, 60);
        var thanks = Assert.Single(await service.Published<ContactRequested>(), e => e.DonorId == willing);
        Assert.Equal(("thanks", "thanks-donation", visit, view.Text("din"), willing.ToString()), (thanks.Purpose, thanks.TemplateCode, thanks.References.VisitId, thanks.References.Din, thanks.Key));
        Assert.True(thanks.NotBefore < thanks.NotAfter);

        var (unwilling, _) = await Given("registration");
        Assert.DoesNotContain(await service.Published<ContactRequested>(), e => e.DonorId == unwilling);
        var past = (await station.Client.Post("/v1/donors", new { name = "丙测试", document = new { kind = "resident-id", number = SomeStation.ResidentId(SomeStation.Adult) }, phone = "13900000004", consents = new[] { "registration", "contact" } })).Id;
        Assert.Equal("completed", (await station.Backfill(past, TimeProvider.System.GetUtcNow().AddYears(-1), (await station.Dins())[0])).Text("status"));
        Assert.DoesNotContain(await service.Published<ContactRequested>(), e => e.DonorId == past); // a year late
    }

    [Theory]
    [InlineData("checked-in")]
    [InlineData("deferred")]
    [InlineData("completed")]
    public async Task A_reaction_is_recorded_at_any_time_with_the_care_given(string status)
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt(status == "completed" ? status : "checked-in");
        if (status == "deferred") await station.Physician.Post($"/v1/visits/{visit}/defer", new { code = "T32" });
        Assert.Equal((422, "invalid_value"), Seen(await station.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "vasovagal", severity = "mild", care = new[] { "observed", "singing" } })));
        Assert.Equal((422, "invalid_value"), Seen(await station.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "hunger", severity = "mild" })));
        var reaction = await station.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "vasovagal-delayed", severity = "severe", care = new[] { "laid-down", "sent-to-hospital" } });
        Assert.Equal(201, reaction.Status);
        var listed = Assert.Single((await station.Client.Get($"/v1/visits/{visit}/reactions")).Body.EnumerateArray());
        Assert.Equal(["laid-down", "sent-to-hospital"], listed.GetProperty("care").EnumerateArray().Select(c => c.GetString()));
        Assert.Equal(404, (await new SomeStation(service).Client.Get($"/v1/visits/{visit}/reactions")).Status);
        Assert.Single(await service.Published<DonorReactionRecorded>(), e => e.VisitId == visit);
    }
}
