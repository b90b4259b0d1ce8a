using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Stock;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Inventory.Tests.Features;

/// <summary>A station that keeps its own software and tells what it does.</summary>
public sealed class MirroredTests(InventoryService inventory) : IAsyncLifetime
{
    private readonly ServiceUnderTest service = inventory.Service;
    private readonly Station station = new(inventory.Service);

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public async ValueTask InitializeAsync() => await service.Seal("donor");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<Answer> Mode(string mode, Guid? of = null, HttpClient? by = null, params string[] facilities) => (by ?? service.As(Roles.Admin)).Post("/v1/station-modes", new { stationId = of ?? station.Id, mode, facilities });

    private HttpClient Authority(string districts)
    {
        var http = service.As(Roles.Authority);
        http.DefaultRequestHeaders.Authorization = new("Bearer", service.Tokens.Client(Roles.Authority, null, districts: districts));
        return http;
    }

    private static Dictionary<string, object?> Collection(string din, Guid? donorId = null, Action<Dictionary<string, object?>>? but = null)
    {
        var start = Now.AddHours(-2);
        var body = new Dictionary<string, object?>
        {
            ["din"] = din, ["donorId"] = donorId ?? Some.Id(), ["procedure"] = "whole-blood", ["nominalMl"] = 400, ["collectedMl"] = 396, ["outcome"] = "completed",
            ["bag"] = new { catalogue = "B-400", lot = "L1", expiresOn = "2030-01-01", preservative = "CPDA-1" }, ["startedAt"] = start, ["endedAt"] = start.AddMinutes(7),
        };
        but?.Invoke(body);
        return body;
    }

    private Task<Answer> Report(Dictionary<string, object?> body) => station.Client.Post("/v1/donations", body);

    /// <summary>As Donor answers a report: the same collection, with a donor who is known.</summary>
    private async Task Answered(string din) =>
        await service.Deliver((await service.Published<DonationReported>()).Last(e => e.Din == din) is var e
            ? station.Collection(din, e.DonorId, c => c with { VisitId = e.ReportId, NominalMl = e.NominalMl, CollectedMl = e.CollectedMl, StartedAt = e.StartedAt, EndedAt = e.EndedAt, Backfilled = e.Backfilled, Restrictions = e.Restrictions, Deviations = e.Deviations }) : null!);

    [Fact]
    public async Task A_report_is_a_donation_when_Donor_has_said_whose_it_is_and_the_same_report_is_one()
    {
        var din = (await station.Dins(1))[0];
        Assert.Equal((409, "station_not_mirrored"), (await Report(Collection(din))) is var early ? (early.Status, early.Code) : default);
        Assert.Equal(201, (await Mode("mirrored")).Status);
        var body = Collection(din);
        var made = await Report(body);
        Assert.Equal((201, "reported"), (made.Status, made.Text("status")));
        Assert.Equal(404, (await station.Donation(din)).Status);
        Assert.Equal((made.Id, 201), (await Report(body)) is var again ? (again.Id, again.Status) : default);
        Assert.Equal((409, "donation_reported"), (await Report(Collection(din))) is var other ? (other.Status, other.Code) : default);
        var told = Assert.Single(await service.Published<DonationReported>(), e => e.Din == din);
        Assert.Equal((made.Id, (Guid)body["donorId"]!, 396, station.Id), (told.ReportId, told.DonorId, told.CollectedMl!.Value, told.StationId!.Value));

        await Answered(din);
        Assert.Equal((200, "quarantine"), (await station.Donation(din)) is var there ? (there.Status, there.Text("status")) : default);
        Assert.Equal("collected", (await station.Client.Get($"/v1/donation-reports/{made.Id}")).Text("status"));
        Assert.Equal(404, (await new Station(service).Client.Get($"/v1/donation-reports/{made.Id}")).Status);
        Assert.Equal((201, "collected"), (await Report(body)) is var late ? (late.Status, late.Text("status")) : default);

        Assert.Equal(201, (await Mode("workflow")).Status);
        Assert.Equal((409, "station_not_mirrored"), (await Report(body)) is var no ? (no.Status, no.Code) : default);
    }

    [Fact]
    public async Task A_refused_report_is_no_donation_and_may_be_reported_anew()
    {
        await Mode("mirrored");
        var din = (await station.Dins(1))[0];
        var first = await Report(Collection(din));
        await service.Deliver(new DonationReportRefused { Key = first.Id.ToString(), Version = 1, OccurredAt = Now, StationId = station.Id, ReportId = first.Id, Din = din, Code = "donor_unknown" });
        Assert.Equal(("refused", "donor_unknown"), (await station.Client.Get("/v1/donation-reports?status=refused"))["items"][0] is var r ? (r.GetProperty("status").GetString(), r.GetProperty("refusal").GetString()) : default);
        Assert.Equal(404, (await station.Donation(din)).Status);
        var second = await Report(Collection(din));
        Assert.NotEqual(first.Id, second.Id);
        await Answered(din);
        Assert.Equal("collected", (await station.Client.Get($"/v1/donation-reports/{second.Id}")).Text("status"));
        Assert.Equal("refused", (await station.Client.Get($"/v1/donation-reports/{first.Id}")).Text("status"));
    }

    [Fact]
    public async Task Eight_who_tell_the_same_at_once_tell_it_once()
    {
        await Mode("mirrored");
        var din = (await station.Dins(1))[0];
        var body = Collection(din);
        var reports = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Report(body)));
        Assert.All(reports, r => Assert.Equal((201, reports[0].Id), (r.Status, r.Id)));
        Assert.Single(await service.Published<DonationReported>(), e => e.Din == din);

        await Answered(din);
        var bag = Bag(din);
        var pushed = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Push(bag)));
        Assert.Single(pushed.Select(p => p["items"][0].GetProperty("id").GetGuid()).Distinct());
        Assert.Equal(1, (await station.Donation(din))["units"].GetArrayLength());

        var (at, hospital) = (Now, Some.Id());
        var moved = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Move(new { din, productCode = "D0002", kind = "issued", at, hospitalId = hospital })));
        Assert.All(moved, m => Assert.Equal((1, 0), (m["accepted"].GetInt32(), m["rejected"].GetInt32())));
        Assert.Single(await service.Published<UnitIssued>(), e => e.Din == din);
    }

    [Fact]
    public async Task What_is_another_stations_can_neither_be_told_of_nor_read()
    {
        var din = await Reported();
        await Push(Bag(din));
        var other = new Station(service);
        await Mode("mirrored", of: other.Id);
        Assert.Equal((422, "din_unknown"), (await other.Client.Post("/v1/donations", Collection(din))) is var reported ? (reported.Status, reported.Code) : default);
        Assert.Equal(["din_unknown"], Codes(await other.Client.Post("/v1/units", new { rows = new[] { Bag(din, "plasma-fresh-frozen") } })));
        Assert.Equal(["unit_unknown"], Codes(await other.Client.Post("/v1/unit-movements", new { rows = new[] { new { din, productCode = "D0002", kind = "discarded", at = Now, reasonCode = "broken" } } })));
        Assert.Equal("quarantine", await Of(din));
        var file = await Finished("unit-movements", await File("unit-movements", "din,product_code,kind,at", $"{din},D0099,received,{At(Now)}"));
        Assert.NotEqual(200, (await other.Client.Get($"/v1/imports/unit-movements/{file.Id}")).Status);
        Assert.Equal(0, (await other.Client.Get("/v1/donation-reports"))["items"].GetArrayLength());
    }

    [Fact]
    public async Task A_number_that_was_used_at_the_platform_meanwhile_answers_no_report()
    {
        await Mode("mirrored");
        var din = (await station.Dins(1))[0];
        var report = await Report(Collection(din));
        await service.Deliver(station.Collection(din));
        Assert.Equal("reported", (await station.Client.Get($"/v1/donation-reports/{report.Id}")).Text("status"));
        await service.Deliver(new DonationReportRefused { Key = report.Id.ToString(), Version = 1, OccurredAt = Now, StationId = station.Id, ReportId = report.Id, Din = din, Code = "din_used" });
        Assert.Equal(("refused", 200), ((await station.Client.Get($"/v1/donation-reports/{report.Id}")).Text("status"), (await station.Donation(din)).Status));
        Assert.Equal((409, "donation_reported"), (await Report(Collection(din))) is var no ? (no.Status, no.Code) : default);
    }

    [Fact]
    public async Task Results_may_come_before_Donor_has_answered_and_count_when_it_has()
    {
        await Mode("mirrored");
        var din = (await station.Dins(1))[0];
        await Report(Collection(din));
        Assert.Equal(9, (await station.Run(Station.Rows(din, reactive: "hbsag")))["accepted"].GetInt32());
        Assert.DoesNotContain(await service.Published<DonorDeferralRequired>(), e => e.Din == din);
        await Answered(din);
        Assert.Contains("test", (await station.Donation(din))["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()));
        Assert.Contains(await service.Published<DonorDeferralRequired>(), e => e.Din == din);
    }

    [Fact]
    public async Task Of_many_rows_each_is_answered_for_itself()
    {
        await Mode("mirrored");
        var dins = await station.Dins(4);
        var strange = (await new Station(service).Dins(1))[0];
        var same = Collection(dins[0]);
        var answer = await station.Client.Post("/v1/donation-reports", new
        {
            rows = new[]
            {
                same, same, Collection(dins[1], but: c => c["nominalMl"] = 500), Collection(dins[1], but: c => c["endedAt"] = Now.AddHours(1)), Collection(strange), Collection("A99992600000X"),
                Collection(dins[2], but: c => { c["outcome"] = "abandoned"; c["collectedMl"] = 0; }), Collection(dins[3], but: c => c["bag"] = new { catalogue = "B", lot = "L", expiresOn = "2030-01-01", preservative = "WATER" }),
                Collection(dins[3], but: c => { c["procedure"] = "apheresis-platelets"; c["nominalMl"] = null; c["treatmentUnits"] = 1; }),
            },
        });
        Assert.True(answer.Status == 200, answer.ToString());
        Assert.Equal(["accepted", "accepted", "invalid_value /rows/2/nominalMl", "performed_in_future /rows/3/endedAt", "din_unknown /rows/4/din", "din_invalid /rows/5/din", "invalid_value /rows/6/collectedMl", "invalid_value /rows/7/bag/preservative", "accepted"],
            answer["items"].EnumerateArray().Select(i => i.GetProperty("status").GetString() == "accepted" ? "accepted" : $"{i.GetProperty("code").GetString()} {i.GetProperty("errors")[0].GetProperty("pointer").GetString()}"));
        Assert.Equal(answer["items"][0].GetProperty("id").GetGuid(), answer["items"][1].GetProperty("id").GetGuid());
        Assert.Equal(2, (await service.Published<DonationReported>()).Count(e => dins.Contains(e.Din)));
    }

    [Fact]
    public async Task A_station_numbers_its_own_donations_only_under_its_own_facility()
    {
        const string Own = "Z9876";
        var din = Own + "26" + "000017";
        await Mode("mirrored");
        Assert.Equal((422, "din_unknown"), (await Report(Collection(din))) is var unknown ? (unknown.Status, unknown.Code) : default);
        Assert.Equal((422, "invalid_value"), (await Mode("mirrored", facilities: "A9999")) is var ours ? (ours.Status, ours.Code) : default);
        Assert.Equal(201, (await Mode("mirrored", facilities: Own)).Status);
        Assert.Equal((409, "facility_taken"), (await Mode("mirrored", of: Some.Id(), facilities: Own)) is var taken ? (taken.Status, taken.Code) : default);
        Assert.Equal(201, (await Report(Collection(din))).Status);
        Assert.Equal(9, (await station.Run(Station.Rows(din)))["accepted"].GetInt32());
        await Answered(din);
        Assert.Equal(200, (await station.Donation(din)).Status);
    }

    [Fact]
    public async Task Its_authority_or_the_operator_says_how_a_station_works_and_nobody_else()
    {
        var registered = new OrganisationRegistered { Key = station.Id.ToString(), Version = 1, OccurredAt = Now, OrganisationId = station.Id, Name = "测试血站", Kind = "blood-station", District = "440703", Path = [station.Id], Status = "active" };
        await service.Deliver(registered);
        await service.Deliver(registered with { Key = "u", OrganisationId = Some.Id(), Kind = "university" });
        Assert.Equal(403, (await Mode("mirrored", by: station.Client)).Status);
        Assert.Equal((409, "not_yet_visible"), (await Mode("mirrored", by: Authority("440600"))) is var strange ? (strange.Status, strange.Code) : default); // as a fresh id that nobody knows
        Assert.Equal(201, (await Mode("mirrored", by: Authority("440700"))).Status);
        Assert.Equal(201, (await Report(Collection((await station.Dins(1))[0]))).Status);
        Assert.Equal(["mirrored"], (await station.Client.Get("/v1/station-modes")).Body.EnumerateArray().Select(m => m.GetProperty("mode").GetString()));
        Assert.Equal(0, (await new Station(service).Client.Get("/v1/station-modes")).Body.GetArrayLength());
    }

    /// <summary>A reported donation that Donor has answered.</summary>
    private async Task<string> Reported(Action<Dictionary<string, object?>>? but = null)
    {
        await Mode("mirrored");
        var din = (await station.Dins(1))[0];
        Assert.Equal(201, (await Report(Collection(din, but: but))).Status);
        await Answered(din);
        return din;
    }

    private Task<Answer> Push(params object[] rows) => station.Client.Post("/v1/units", new { rows });

    private Task<Answer> Move(params object[] rows) => station.Client.Post("/v1/unit-movements", new { rows });

    private static Dictionary<string, object?> Bag(string din, string component = "red-cells-suspended", Action<Dictionary<string, object?>>? but = null)
    {
        var bag = new Dictionary<string, object?> { ["din"] = din, ["component"] = component, ["producedAt"] = Now.AddHours(-1) };
        but?.Invoke(bag);
        return bag;
    }

    private static string[] Codes(Answer answer) => [.. answer["items"].EnumerateArray().Select(i => i.GetProperty("code").GetString() ?? i.GetProperty("status").GetString()!)];

    private async Task<string> Of(string din, string component = "red-cells-suspended") => await station.Client.Get($"/v1/units/{await station.UnitOf(din, component)}") is var u
        ? $"{u.Text("status")} {string.Join(' ', u["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()))}".Trim() : "";

    private async Task Release(string din)
    {
        Assert.Equal(9, (await station.Run(Station.Rows(din)))["accepted"].GetInt32());
        await service.Seal("donor");
        Assert.Equal(202, (await station.Sign(din, station.ReleaserA)).Status);
        var second = await station.Sign(din, station.ReleaserB);
        Assert.True(second.Status == 200, second.ToString());
    }

    [Fact]
    public async Task Pushed_bags_are_quarantine_until_they_are_released_here_and_no_bag_is_two()
    {
        var din = await Reported();
        var (red, plasma) = (Bag(din), Bag(din, "plasma-fresh-frozen", b => { b["component"] = null; b["productCode"] = "D0006"; b["volumeMl"] = 190; }));
        var pushed = await Push(red, plasma);
        Assert.True(pushed.Status == 200, pushed.ToString());
        Assert.Equal((2, "quarantine", "quarantine"), (pushed["accepted"].GetInt32(), await Of(din), await Of(din, "plasma-fresh-frozen")));
        var again = await Push(red, plasma);
        Assert.Equal(pushed["items"].EnumerateArray().Select(i => i.GetProperty("id").GetGuid()), again["items"].EnumerateArray().Select(i => i.GetProperty("id").GetGuid()));
        Assert.Equal(["unit_exists"], Codes(await Push(Bag(din, but: b => b["volumeMl"] = 111))));
        Assert.Equal(2, (await station.Donation(din))["units"].GetArrayLength());
        await Release(din);
        Assert.Equal(("available", "available"), (await Of(din), await Of(din, "plasma-fresh-frozen")));
    }

    [Fact]
    public async Task The_rules_bind_a_pushed_bag()
    {
        var din = await Reported(c => c["restrictions"] = new[] { "plasma-fresh-frozen" });
        var other = await Reported();
        var (pending, strange) = ((await station.Dins(1))[0], (await new Station(service).Dins(1))[0]);
        Assert.Equal(201, (await Report(Collection(pending))).Status);
        Assert.Equal(["component_restricted", "recipe_not_applicable", "volume_exceeds_donation", "volume_exceeds_donation", "accepted", "volume_exceeds_donation", "performed_in_future", "invalid_value", "invalid_value", "donation_unanswered", "din_unknown", "din_invalid"], Codes(await Push(
            Bag(din, "plasma-fresh-frozen"), Bag(din, "platelets-apheresis"), Bag(din, but: b => b["volumeMl"] = 900), Bag(din, but: b => b["contentU"] = 2.5), Bag(other, but: b => b["contentU"] = 1.5), Bag(other, but: b => { b["division"] = "B0"; b["contentU"] = 1; }),
            Bag(din, but: b => b["producedAt"] = Now.AddMinutes(2)), Bag(din, but: b => b["productCode"] = "D0006"), Bag(din, "no-such"), Bag(pending), Bag(strange), Bag("nonsense"))));
        Assert.Equal(0, (await station.Donation(din))["units"].GetArrayLength());
    }

    [Fact]
    public async Task A_pushed_bag_lives_no_longer_than_it_may_and_a_shorter_life_stands()
    {
        var (shorter, longer) = (await Reported(), await Reported());
        var day = Now.AddDays(5);
        var pushed = await Push(Bag(shorter, but: b => b["expiresAt"] = day), Bag(longer, but: b => b["expiresAt"] = Now.AddYears(2)));
        Assert.Equal((2, JsonValueKind.Null, "shortened"), (pushed["accepted"].GetInt32(), pushed["items"][0].GetProperty("errors").ValueKind, pushed["items"][1].GetProperty("errors")[0].GetProperty("code").GetString()));
        async Task<DateTimeOffset> Expiry(string din) => (await station.Client.Get($"/v1/units/{await station.UnitOf(din)}"))["expiresAt"].GetDateTimeOffset();
        Assert.Equal(day, await Expiry(shorter), TimeSpan.FromMilliseconds(1));
        Assert.Equal(Shanghai.DateOf(Now.AddHours(-2)).AddDays(35), Shanghai.DateOf(await Expiry(longer)));
    }

    [Fact]
    public async Task A_label_that_says_another_group_and_a_bag_that_nobody_saw_at_the_release_are_held()
    {
        var din = await Reported();
        await Push(Bag(din));
        await Release(din);
        await Push(Bag(din, "plasma-fresh-frozen", b => b["bloodGroup"] = "A+"));
        Assert.Equal(("available", "quarantine mirror"), (await Of(din), await Of(din, "plasma-fresh-frozen")));
        var hold = (await station.Client.Get($"/v1/units/{await station.UnitOf(din, "plasma-fresh-frozen")}"))["holds"][0].GetProperty("id").GetGuid();
        Assert.Equal(200, (await station.Lift(hold, "seen")).Status);
        Assert.Equal("available", await Of(din, "plasma-fresh-frozen"));

        var other = await Reported();
        await station.Run(Station.Rows(other));
        await Push(Bag(other, but: b => b["bloodGroup"] = "B+"));
        Assert.Equal("quarantine mirror", await Of(other));
    }

    [Fact]
    public async Task What_the_station_did_is_recorded_also_where_it_should_not_have_been_and_then_says_so()
    {
        var (good, early, held) = (await Reported(), await Reported(), await Reported());
        foreach (var din in new[] { good, early, held }) await Push(Bag(din));
        await Release(good);
        await Release(held);
        await station.Client.Post($"/v1/units/{await station.UnitOf(held)}/hold", new { kind = "recall" });
        var hospital = Some.Id();
        object Row(string din, string kind, DateTimeOffset at, Guid? to = null, string? reason = null) => new { din, productCode = "D0002", kind, at, hospitalId = to, reasonCode = reason };
        var (first, second) = (Now.AddMinutes(-20), Now.AddMinutes(-10));
        var moved = await Move(Row(good, "issued", first, hospital), Row(good, "received", second), Row(early, "issued", first, hospital), Row(held, "issued", first, hospital), Row(good, "issued", first, hospital));
        Assert.True(moved.Status == 200, moved.ToString());
        Assert.Equal(["accepted", "accepted", "accepted not-released", "accepted held", "accepted"], moved["items"].EnumerateArray().Select(i => $"{i.GetProperty("status").GetString()} {string.Join(' ', i.GetProperty("alarms").EnumerateArray().Select(a => a.GetString()))}".Trim()));
        Assert.Equal(("received", "issued", "issued recall"), (await Of(good), await Of(early), await Of(held)));
        Assert.Equal(3, (await service.Published<UnitIssued>()).Count(e => e.HospitalId == hospital && e.OrderId is null));
        Assert.Equal(5, (await Move(Row(good, "issued", first, hospital), Row(good, "received", second), Row(early, "issued", first, hospital), Row(held, "issued", first, hospital), Row(good, "issued", first, hospital)))["accepted"].GetInt32());
        Assert.Equal(3, (await service.Published<UnitIssued>()).Count(e => e.HospitalId == hospital));

        // One of them left before its group was known: stocks are watched all the same.
        await service.App.Services.GetServices<IHostedService>().OfType<WatchStock>().Single().LookNow(TestContext.Current.CancellationToken);

        // The hospital that has it tells the rest, though it never ordered it here.
        var given = await service.As(Roles.Hospital, hospital).Post($"/v1/units/{await station.UnitOf(good)}/transfusion", new { patientReference = "P-1", transfusedAt = Now, outcome = "no-reaction" });
        Assert.True(given.Status == 201, given.ToString());
        Assert.Equal(404, (await service.As(Roles.Hospital, Some.Id()).Post($"/v1/units/{await station.UnitOf(early)}/transfusion", new { patientReference = "P-1", transfusedAt = Now, outcome = "no-reaction" })) is var no && no.Status == 409 ? 404 : no.Status);
        Assert.Equal(["accepted", "accepted", "unit_state", "unit_unknown", "invalid_value", "invalid_value", "invalid_value"], Codes(await Move(
            Row(early, "returned", second, reason: "not-used"), Row(early, "discarded", second, reason: "not-used"), Row(good, "returned", second, reason: "not-used"), new { din = good, productCode = "D0099", kind = "received", at = second },
            Row(held, "returned", second, reason: "because"), Row(held, "issued", second), Row(held, "transfused", second))));
        Assert.Equal(("transfused", "discarded"), (await Of(good), await Of(early)));
    }

    [Fact]
    public async Task A_bag_that_left_without_an_order_is_taken_back_and_discarded_by_the_calls_for_that()
    {
        var (back, gone) = (await Reported(), await Reported());
        await Push(Bag(back), Bag(gone));
        var hospital = Some.Id();
        foreach (var din in new[] { back, gone }) Assert.Equal(1, (await Move(new { din, productCode = "D0002", kind = "issued", at = Now, hospitalId = hospital }))["accepted"].GetInt32());
        var returned = await station.Issuer.Post($"/v1/units/{await station.UnitOf(back)}/return", new { reasonCode = "not-used" });
        Assert.Equal((200, "returned"), (returned.Status, await Of(back)));
        var discarded = await service.As(Roles.Hospital, hospital).Post($"/v1/units/{await station.UnitOf(gone)}/discard", new { reasonCode = "broken" });
        Assert.Equal((200, "discarded"), (discarded.Status, await Of(gone)));
    }

    [Fact]
    public async Task A_bag_that_left_under_a_recall_is_asked_for_where_it_went()
    {
        var din = await Reported();
        await Push(Bag(din));
        await Release(din);
        var recall = await station.Quality.Post("/v1/recalls", new { scope = new { dins = new[] { din } }, cause = "bag-defect", dryRun = false }, Some.Key());
        Assert.True(recall.Status is 200 or 201, recall.ToString());
        var hospital = Some.Id();
        await Move(new { din, productCode = "D0002", kind = "issued", at = Now, hospitalId = hospital });
        Assert.Equal([din], (await service.As(Roles.Hospital, hospital).Get("/v1/hospital-tasks"))["items"].EnumerateArray().Select(t => t.GetProperty("din").GetString()));
    }

    [Fact]
    public async Task A_promised_bag_that_left_otherwise_stays_promised_and_is_held()
    {
        var din = await Reported();
        await Push(Bag(din));
        await Release(din);
        var hospital = service.As(Roles.Hospital, Some.Id());
        var order = await hospital.Post("/v1/orders", Station.Order(station.Id));
        Assert.Equal("allocated", order.Text("status"));
        var moved = await Move(new { din, productCode = "D0002", kind = "issued", at = Now, hospitalId = Some.Id() });
        Assert.Equal("promised", moved["items"][0].GetProperty("alarms")[0].GetString());
        Assert.Equal("reserved mirror", await Of(din));
        Assert.Equal((409, "not_issuable"), (await station.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key())) is var no ? (no.Status, no.Code) : default);
    }

    private async Task<Answer> File(string kind, params string[] lines)
    {
        using var content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        content.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse("text/csv");
        var response = await station.Client.PostAsync($"/v1/imports/{kind}", content);
        var text = await response.Content.ReadAsStringAsync();
        return new((int)response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement, response);
    }

    private async Task<Answer> Finished(string kind, Answer started)
    {
        Assert.True(started.Status == 202, started.ToString());
        await Eventually.That(async () => (await station.Client.Get($"/v1/imports/{kind}/{started.Id}")).Text("state") == "succeeded", 60);
        return await station.Client.Get($"/v1/imports/{kind}/{started.Id}");
    }

    private static string[] Refused(Answer import) =>
        [.. import["items"].EnumerateArray().Select(i => $"{i.GetProperty("line").GetInt32()} {i.GetProperty("code").GetString()} {string.Join(' ', i.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("pointer").GetString()))}".TrimEnd())];

    private static string At(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_days_work_comes_as_files_and_bad_rows_are_named_by_line_and_column()
    {
        var dins = await station.Dins(3);
        string Given(string din, string ml = "400", string lot = "L1") => $"{din},{Some.Id()},whole-blood,completed,{ml},396,B-400,{lot},2030-01-01,CPDA-1,{At(Now.AddHours(-2))},{At(Now.AddHours(-2).AddMinutes(7))},,";
        const string Donations = "din,donor_id,procedure,outcome,nominal_ml,collected_ml,bag_catalogue,bag_lot,bag_expires_on,bag_preservative,started_at,ended_at,restrictions,backfilled";
        Assert.Equal((409, "station_not_mirrored"), (await File("donations", Donations, Given(dins[0]))) is var early ? (early.Status, early.Code) : default);
        await Mode("mirrored");
        Assert.Equal((422, "import_unreadable"), (await File("donations", "din,donor", Given(dins[0]))) is var heading ? (heading.Status, heading.Code) : default);
        string[] file = [Donations, Given(dins[0]), Given(dins[1], "many"), Given(dins[1], lot: ""), Given("A99992600000X"), Given(dins[2])];
        var started = await File("donations", file);
        var import = await Finished("donations", started);
        Assert.Equal((2, 3), (import["accepted"].GetInt32(), import["rejected"].GetInt32()));
        Assert.Equal(["3 invalid_value nominal_ml", "4 invalid_value bag_lot", "5 din_invalid din"], Refused(import));
        Assert.Equal(started.Id, (await File("donations", file)).Id);
        Assert.Equal(2, (await service.Published<DonationReported>()).Count(e => dins.Contains(e.Din)));

        // The bags come while Donor has not answered for one of the donations.
        await Answered(dins[0]);
        var units = await File("units", "din,component,produced_at,volume_ml", $"{dins[0]},red-cells-suspended,{At(Now.AddHours(-1))},", $"{dins[2]},red-cells-suspended,{At(Now.AddHours(-1))},", $"{dins[1]},red-cells-suspended,{At(Now.AddHours(-1))},", $"{dins[0]},plasma-fresh-frozen,{At(Now.AddHours(-1))},-3");
        await Eventually.That(async () => (await station.Donation(dins[0]))["units"].GetArrayLength() == 1, 60);
        await Answered(dins[2]);
        var made = await Finished("units", units);
        Assert.Equal(["4 din_unknown din", "5 invalid_value volume_ml"], Refused(made));
        Assert.Equal("quarantine", await Of(dins[2]));

        await Release(dins[0]);
        var moved = await Finished("unit-movements", await File("unit-movements", "din,product_code,kind,at,hospital_id", $"{dins[0]},D0002,issued,{At(Now.AddMinutes(-3))},{Some.Id()}", $"{dins[0]},D0002,received,{At(Now.AddMinutes(-1))},"));
        Assert.Equal((2, 0, "received"), (moved["accepted"].GetInt32(), moved["rejected"].GetInt32(), await Of(dins[0])));
        Assert.Equal(0, await service.Database.Scalar<long>($"select count(*) from inventory.mirror_import_row r join inventory.mirror_import i on i.id = r.import_id where i.station_id = '{station.Id}' and r.content is not null"));
    }

    [Fact]
    public async Task A_count_may_come_as_a_file()
    {
        var (there, lost) = (await station.Released(), await station.Released());
        var at = Uri.EscapeDataString(Now.ToString("O"));
        var count = await File($"stock-snapshots?takenAt={at}", "din,product_code,status,held,expires_at", $"{there},D0002,available,,", $"{there},D0006,,maybe,", $"{lost},D0002,,,2026-13-01", $"{lost},D0006,,,");
        Assert.True(count.Status == 200, count.ToString());
        Assert.Equal(["3 held", "4 expires_at"], count["items"].EnumerateArray().Select(i => $"{i.GetProperty("index").GetInt32()} {i.GetProperty("errors")[0].GetProperty("pointer").GetString()}"));
        Assert.Equal("unreadable:2", string.Join(' ', count["counts"].EnumerateObject().Select(c => $"{c.Name}:{c.Value.GetInt32()}")));
        Assert.Equal(409, (await File($"stock-snapshots?takenAt={at}", "din,product_code", $"{there},D0002")).Status);
    }
}
