using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Contracts.Inventory;

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
}
