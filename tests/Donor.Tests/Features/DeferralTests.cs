using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Donors.Tests.Features;

public sealed class DeferralTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;
    private static DateOnly Today => Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    [Fact]
    public async Task The_station_is_told_every_reason_with_its_rule_and_the_first_good_day()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var good = await station.Eligibility(donor, "?procedure=whole-blood&volumeMl=400");
        Assert.Equal((true, Today.ToString("O"), 0), (good["eligible"].GetBoolean(), good.Text("eligibleFrom"), good["reasons"].GetArrayLength()));
        Assert.Equal("""{"code":"cn-gb18467-2011","version":"1"}""", good["ruleSet"].ToString());

        var deferral = await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T10", from = Today.AddDays(-2), note = "感冒" });
        Assert.Equal((201, Today.AddDays(5).ToString("O"), "active"), (deferral.Status, deferral.Text("until"), deferral.Text("status")));
        Assert.Equal(200, (await station.Client.Get(deferral.Response.Headers.Location!.ToString())).Status);
        var no = await station.Eligibility(donor);
        Assert.Equal((false, Today.AddDays(5).ToString("O")), (no["eligible"].GetBoolean(), no.Text("eligibleFrom")));
        var reason = Assert.Single(no["reasons"].EnumerateArray());
        Assert.Equal(("deferral", "T10", "GB 18467-2011 ch. 6", "Upper respiratory infection, recovered: 7 days", Today.AddDays(5).ToString("O")),
            (reason.GetProperty("code").GetString(), reason.GetProperty("rule").GetString(), reason.GetProperty("clause").GetString(), reason.GetProperty("message").GetString(), reason.GetProperty("until").GetString()));
        Assert.True((await station.Eligibility(donor, $"?asOf={Today.AddDays(5):O}"))["eligible"].GetBoolean());

        var windows = (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == donor).MaxBy(e => e.Version)!;
        Assert.DoesNotContain(windows.Procedures.SelectMany(p => p.Windows), w => w.From <= Today && Today <= w.To);
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.outbox where key = @key and (payload::text ~ 'T10(?!:)' or payload::text like '%感冒%')", new { key = donor.ToString() }));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.deferral where deferral::text ~ 'T10(?!:)'"));
    }

    [Fact]
    public async Task That_the_interval_is_not_over_is_recorded_to_its_end_and_looks_to_an_app_like_the_interval()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        Task<Answer> Defer() => station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T33", from = Today });
        Assert.Equal((422, "invalid_value"), await Defer() is var none ? (none.Status, none.Code) : default);
        await station.Backfill(donor, Shanghai.StartOf(Today.AddDays(-10)).AddHours(9), (await station.Dins())[0]);
        var before = (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == donor).MaxBy(e => e.Version)!;
        var deferral = await Defer();
        Assert.Equal((201, Today.AddDays(-10).AddMonths(3).ToString("O")), (deferral.Status, deferral.Text("until")));
        Assert.Equal(["INTERVAL_WB_WB"], SomeStation.Rules(await station.Eligibility(donor)));
        var after = (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == donor).MaxBy(e => e.Version)!;
        Assert.Equal(JsonSerializer.Serialize(before.Procedures), JsonSerializer.Serialize(after.Procedures));
        Assert.DoesNotContain(await service.Published<DonationWithdrawn>(), e => e.DonorId == donor);
    }

    [Fact]
    public async Task An_app_is_told_nothing_that_tells_a_cold_from_a_reactive_test()
    {
        var (station, app) = (new SomeStation(service), service.As(Roles.App, Some.Id()));
        async Task<Guid> Donor() => (await app.Post("/v1/donors", new { name = "乙测试", document = new { kind = "resident-id", number = SomeStation.ResidentId(new(1994, 4, 4)) }, phone = "13900000003", consents = new[] { "registration" } })).Id;
        var (cold, reactive) = (await Donor(), await Donor());
        Assert.Equal("""{"eligible":true,"category":null,"eligibleFrom":null}""", (await app.Get($"/v1/donors/{cold}/eligibility")).Body.ToString());
        await station.Client.Post($"/v1/donors/{cold}/deferrals", new { code = "T10", from = Today });
        await service.Deliver(new DonorDeferralRequired { Key = "A999926999001", Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = Some.Id(), DonorId = reactive, Din = "A999926999001", DeferralCode = "P22", Certainty = "confirmed" });
        foreach (var days in new[] { 0, 1, 7, 30, 365 })
        {
            var answers = new[] { await app.Get($"/v1/donors/{cold}/eligibility?asOf={Today.AddDays(days):O}"), await app.Get($"/v1/donors/{reactive}/eligibility?asOf={Today.AddDays(days):O}") };
            Assert.All(answers, a => Assert.Equal("""{"eligible":false,"category":"ask-station","eligibleFrom":null}""", a.Body.ToString()));
        }
    }

    [Fact]
    public async Task An_app_is_told_interval_and_age_with_their_dates_and_asks_a_year_ahead_at_most()
    {
        var (station, app) = (new SomeStation(service), service.As(Roles.App, Some.Id()));
        async Task<Guid> Donor(DateOnly born) => (await app.Post("/v1/donors", new { name = "乙测试", document = new { kind = "resident-id", number = SomeStation.ResidentId(born) }, phone = "13900000003", consents = new[] { "registration" } })).Id;
        var young = await Donor(Today.AddYears(-18).AddDays(10));
        Assert.Equal($$"""{"eligible":false,"category":"age","eligibleFrom":"{{Today.AddDays(10):O}}"}""", (await app.Get($"/v1/donors/{young}/eligibility")).Body.ToString());
        var given = await Donor(new(1994, 4, 4));
        await station.VisitAt("completed", given);
        Assert.Equal($$"""{"eligible":false,"category":"interval","eligibleFrom":"{{Today.AddMonths(6):O}}"}""", (await app.Get($"/v1/donors/{given}/eligibility")).Body.ToString());
        foreach (var query in new[] { $"asOf={Today.AddYears(1).AddDays(1):O}", $"asOf={Today.AddDays(-1):O}", "procedure=plasma", "volumeMl=401", "procedure=apheresis-platelets&volumeMl=200" })
            Assert.Equal(422, (await app.Get($"/v1/donors/{given}/eligibility?{query}")).Status);
        Assert.Equal((400, "malformed_request"), ((await app.Get($"/v1/donors/{given}/eligibility?asOf=2026-02-30")) is var bad ? (bad.Status, bad.Code) : default));
    }

    [Fact]
    public async Task A_deferral_names_a_rule_and_lies_not_in_the_future()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        foreach (var (body, code) in new (object, string)[]
        {
            (new { code = "T99", from = Today }, "deferral_code_unknown"), (new { code = "WEIGHT_MALE", from = Today }, "deferral_code_unknown"), (new { code = "T01", from = Today.AddDays(1) }, "invalid_value"),
            (new { code = "T01", from = Today, note = new string('长', 81) }, "invalid_value"),
        })
        {
            var answer = await station.Client.Post($"/v1/donors/{donor}/deferrals", body);
            Assert.Equal((422, code), (answer.Status, answer.Code));
        }
        Assert.Equal(404, (await station.Client.Post($"/v1/donors/{Some.OldId()}/deferrals", new { code = "T01", from = Today })).Status);
        Assert.Equal(0, (await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].GetArrayLength());
    }

    [Fact]
    public async Task A_physician_lifts_what_is_temporary_once_and_the_windows_follow()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var deferral = (await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T04", from = Today.AddDays(-3) })).Id;
        Assert.Equal("staff_required", (await station.Client.Post($"/v1/deferrals/{deferral}/lift", new { reason = "复查合格" })).Code);
        Assert.Equal("staff_function_required", (await station.Registrar.Post($"/v1/deferrals/{deferral}/lift", new { reason = "复查合格" })).Code);
        Assert.Equal(400, (await station.Physician.Post($"/v1/deferrals/{deferral}/lift")).Status);
        var lifted = await station.Physician.Post($"/v1/deferrals/{deferral}/lift", new { reason = "复查合格" });
        Assert.Equal((200, "lifted"), (lifted.Status, lifted.Text("status")));
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.False((await station.Eligibility(donor, $"?asOf={Today.AddDays(-1):O}"))["eligible"].GetBoolean()); // the past stays what it was
        var windows = (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == donor).MaxBy(e => e.Version)!;
        Assert.Contains(windows.Procedures[0].Windows, w => w.From == Today);
        Assert.Equal((409, "deferral_not_active"), ((await station.Physician.Post($"/v1/deferrals/{deferral}/lift", new { reason = "再次" })) is var again ? (again.Status, again.Code) : default));
        Assert.Equal(404, (await station.Physician.Post($"/v1/deferrals/{Some.OldId()}/lift", new { reason = "x" })).Status);
    }

    [Fact]
    public async Task What_a_test_says_holds_at_once_without_end_once_and_only_reentry_ends_it()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var required = new DonorDeferralRequired { EventId = Some.Id(), Key = "A999926999002", Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = Some.Id(), DonorId = donor, Din = "A999926999002", DeferralCode = "a-code-nobody-knows", Certainty = "provisional" };
        await service.Deliver(required, required, required with { EventId = Some.Id() }); // the same message, and an older replay
        var deferral = Assert.Single((await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].EnumerateArray());
        Assert.Equal(("provisional", "test", null), (deferral.GetProperty("certainty").GetString(), deferral.GetProperty("origin").GetString(), SomeStation.Date(deferral.GetProperty("until"))));
        var lift = await station.Physician.Post($"/v1/deferrals/{deferral.GetProperty("id").GetGuid()}/lift", new { reason = "复查" });
        Assert.Equal((409, "reentry_required"), (lift.Status, lift.Code));
        var eligibility = await station.Eligibility(donor);
        Assert.Equal(("a-code-nobody-knows", (string?)null), (SomeStation.Rules(eligibility).Single(), SomeStation.Date(eligibility["eligibleFrom"])));
        Assert.Equal(2, (await service.Published<DonorEligibilityChanged>()).Count(e => e.DonorId == donor));
        Assert.Equal(0, await service.Database.Scalar<int>("select count(*) from donor.parked_message where key = 'A999926999002'"));

        var permanent = (await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "P07", from = Today })).Id;
        Assert.Equal("reentry_required", (await station.Physician.Post($"/v1/deferrals/{permanent}/lift", new { reason = "x" })).Code);
    }

    [Fact]
    public async Task Late_information_withdraws_what_was_given_and_defers_until_a_physician_looked()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var past = (await station.Dins())[0];
        Assert.Equal("completed", (await station.Backfill(donor, TimeProvider.System.GetUtcNow().AddYears(-2), past)).Text("status"));
        var visit = await station.VisitAt("completed", donor);
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din");
        var late = await new SomeStation(service).Client.Post($"/v1/donors/{donor}/late-information", new { code = "T10", note = "次日发热" }, Some.Key());
        Assert.Equal((200, din), (late.Status, Assert.Single(late["dins"].EnumerateArray()).GetString()));
        var withdrawn = Assert.Single(await service.Published<DonationWithdrawn>(), e => e.DonorId == donor); // what was recorded afterwards is historic
        Assert.Equal((din, "late-information", (Guid?)station.Id), (withdrawn.Din, withdrawn.HoldKind, withdrawn.StationId));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.outbox where key = @key and (payload::text ~ 'T10(?!:)' or payload::text like '%发热%')", new { key = donor.ToString() }));
        var deferral = (await station.Client.Get($"/v1/deferrals/{late["deferralId"].GetGuid()}"));
        Assert.Equal(("provisional", null, "次日发热"), (deferral.Text("certainty"), SomeStation.Date(deferral["until"]), deferral.Text("note")));
        Assert.Equal("lifted", (await station.Physician.Post($"/v1/deferrals/{deferral.Id}/lift", new { reason = "评估无碍" })).Text("status"));
        Assert.Equal("deferral_code_unknown", (await station.Client.Post($"/v1/donors/{donor}/late-information", new { code = "X" })).Code);
        Assert.Equal(403, (await service.As(Roles.App, Some.Id()).Post($"/v1/donors/{donor}/late-information")).Status);
    }

    [Fact]
    public async Task A_deferral_that_began_before_a_donation_withdraws_it()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        await station.VisitAt("completed", donor);
        await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T01", from = Today.AddDays(-30) }); // over before
        Assert.DoesNotContain(await service.Published<DonationWithdrawn>(), e => e.DonorId == donor);
        await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T14", from = Today.AddDays(-30) });
        Assert.Single(await service.Published<DonationWithdrawn>(), e => e.DonorId == donor);
    }

    [Fact]
    public async Task Eight_things_about_one_donor_at_once_have_an_order_and_the_last_windows_know_all()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var answers = await Task.WhenAll(new[] { "T01", "T02", "T03", "T04", "T05", "T09", "T10", "T14" }.Select(code => station.Client.Post($"/v1/donors/{donor}/deferrals", new { code, from = Today })));
        Assert.All(answers, a => Assert.Equal(201, a.Status));
        var announced = (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == donor).ToList();
        Assert.Equal([2, 3, 4, 5, 6, 7, 8, 9, 10], announced.Select(e => e.Version));
        Assert.Contains(announced[^1].Procedures[0].Windows, w => w.From == Today.AddYears(1)); // T14, whichever was last
        Assert.DoesNotContain(announced[^1].Procedures[0].Windows, w => w.From > Today && w.From < Today.AddYears(1));
    }
}
