using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Donors.Tests.Features;

/// <summary>What a station's own software says it collected (mirrored mode).</summary>
public sealed class ReportedCollectionTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private static DonationReported Report(SomeStation station, string din, Guid donor, Func<DonationReported, DonationReported>? but = null)
    {
        var start = Now.AddHours(-3);
        var e = new DonationReported
        {
            Key = din, Version = 1, OccurredAt = start, StationId = station.Id, ReportId = Some.Id(), Din = din, DonorId = donor, Procedure = "whole-blood", NominalMl = 400, CollectedMl = 395, Outcome = "completed",
            Bag = new("B-400", "L1", new DateOnly(2099, 1, 1), "CPDA-1"), Deviations = [], Restrictions = ["platelets"], BloodGroup = "A+", StartedAt = start, EndedAt = start.AddMinutes(7), Backfilled = false,
        };
        return but is null ? e : but(e);
    }

    private async Task<DonationCollected?> Collected(string din) => (await service.Published<DonationCollected>()).SingleOrDefault(e => e.Din == din);

    private async Task<string?> Refused(DonationReported report) => (await service.Published<DonationReportRefused>()).SingleOrDefault(e => e.ReportId == report.ReportId)?.Code;

    /// <summary>A donor whose document a station saw, and whom it sent home.</summary>
    private static async Task<Guid> Seen(SomeStation station)
    {
        var donor = await station.Donor();
        var visit = await station.Open(donor);
        Assert.Equal(200, (await station.Registrar.Post($"/v1/visits/{visit.Id}/abandon", new { })).Status);
        return donor;
    }

    [Fact]
    public async Task It_is_a_donation_that_counts_for_his_dates_and_is_announced_once()
    {
        var station = new SomeStation(service);
        var donor = await Seen(station);
        var report = Report(station, (await station.Dins())[0], donor);
        await service.Deliver(report);
        await service.Deliver(report with { EventId = Some.Id() });

        var said = await Collected(report.Din);
        Assert.NotNull(said);
        Assert.Null(await Refused(report));
        Assert.Equal((donor, report.ReportId, 395, true, station.Id), (said.DonorId, said.VisitId!.Value, said.CollectedMl!.Value, said.FirstTime, said.StationId!.Value));
        Assert.Equal((0, "platelets"), (said.Deviations.Length, string.Join(' ', said.Restrictions)));
        Assert.Single(await service.Published<VisitOpened>(), e => e.VisitId == report.ReportId);
        Assert.Single(await service.Published<VisitCompleted>(), e => e.VisitId == report.ReportId);
        Assert.Equal([report.Din], (await station.Client.Get($"/v1/donors/{donor}/donations")).Body.EnumerateArray().Select(d => d.GetProperty("din").GetString()));
        var eligibility = await station.Eligibility(donor);
        Assert.Equal((false, $"{Shanghai.DateOf(report.StartedAt).AddMonths(6):yyyy-MM-dd}"), (eligibility["eligible"].GetBoolean(), eligibility.Text("eligibleFrom")));
        Assert.DoesNotContain(await service.Published<DonationWithdrawn>(), e => e.Din == report.Din);
    }

    [Fact]
    public async Task What_deviates_or_forbade_it_is_recorded_and_holds_the_blood()
    {
        var station = new SomeStation(service);
        var (strange, early) = (await station.Donor(), await Seen(station));
        var dins = await station.Dins(3);
        await service.Deliver(Report(station, dins[0], strange, e => e with { CollectedMl = 460, Bag = e.Bag with { ExpiresOn = new DateOnly(2020, 1, 1) }, Deviations = ["tube-broken"] }));
        Assert.Equal(["tube-broken", "volume-out-of-tolerance", "bag-expired", "identity-not-seen"], (await Collected(dins[0]))!.Deviations);

        await service.Deliver(Report(station, dins[1], early, e => e with { StartedAt = e.StartedAt.AddDays(-30), EndedAt = e.EndedAt.AddDays(-30) }));
        await service.Deliver(Report(station, dins[2], early));
        Assert.Equal((0, "age-or-interval"), ((await Collected(dins[1]))!.Deviations.Length, string.Join(' ', (await Collected(dins[2]))!.Deviations)));
        Assert.DoesNotContain(await service.Published<DonationWithdrawn>(), e => e.Din == dins[2]);
    }

    [Fact]
    public async Task Of_a_donor_who_was_deferred_it_is_withdrawn_without_a_reason()
    {
        var station = new SomeStation(service);
        var donor = await Seen(station);
        var dins = await station.Dins(2);
        Assert.Equal(201, (await station.Physician.Post($"/v1/donors/{donor}/deferrals", new { code = "P07", from = "2026-01-01" })).Status);
        await service.Deliver(Report(station, dins[0], donor));
        Assert.Single(await service.Published<DonationWithdrawn>(), e => e.Din == dins[0]);
        Assert.Empty((await Collected(dins[0]))!.Deviations);
        await service.Deliver(Report(station, dins[1], donor, e => e with { StartedAt = e.StartedAt.AddYears(-2), EndedAt = e.EndedAt.AddYears(-2), Backfilled = true }));
        Assert.DoesNotContain(await service.Published<DonationWithdrawn>(), e => e.Din == dins[1]);
    }

    [Fact]
    public async Task What_can_be_nobodys_donation_is_refused_with_its_reason_and_leaves_nothing()
    {
        var station = new SomeStation(service);
        var donor = await Seen(station);
        var dins = await station.Dins(4);
        await service.Deliver(Report(station, dins[0], donor));
        var appointment = Some.Id();
        DonationReported[] reports =
        [
            Report(station, dins[1], Some.Id()), Report(station, dins[0], await Seen(station)), Report(station, dins[2], donor, e => e with { DriveId = Some.Id() }), Report(station, dins[3], donor, e => e with { AppointmentId = appointment }),
        ];
        foreach (var report in reports) await service.Deliver(report);
        Assert.Equal("donor_unknown din_used drive_unknown appointment_mismatch", $"{await Refused(reports[0])} {await Refused(reports[1])} {await Refused(reports[2])} {await Refused(reports[3])}");
        Assert.Equal(0, await station.Scalar<long>("select (select count(*) from donor.visit where id = any(@ids)) + (select count(*) from donor.donation where visit_id = any(@ids))", new { ids = reports.Select(r => r.ReportId).ToArray() }));
        Assert.Equal(donor, (await Collected(dins[0]))!.DonorId);
    }

    [Fact]
    public async Task A_merged_donors_report_counts_for_who_he_is_and_at_a_drive_of_the_station()
    {
        var station = new SomeStation(service);
        var (survivor, absorbed) = (await Seen(station), await Seen(station));
        Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor, absorbed, reason = "同一人" })).Status);
        var (drive, din) = (await station.Drive(), (await station.Dins())[0]);
        await service.Deliver(Report(station, din, absorbed, e => e with { DriveId = drive }));
        Assert.Equal((absorbed, drive), (await Collected(din)) is { } c ? (c.DonorId, c.DriveId!.Value) : default);
        Assert.Equal([din], (await station.Client.Get($"/v1/donors/{survivor}/donations")).Body.EnumerateArray().Select(d => d.GetProperty("din").GetString()));
        Assert.False((await station.Eligibility(survivor))["eligible"].GetBoolean());
    }

    [Fact]
    public async Task A_reported_collection_is_corrected_and_voided_like_any_other()
    {
        var station = new SomeStation(service);
        var donor = await Seen(station);
        var report = Report(station, (await station.Dins())[0], donor);
        await service.Deliver(report);
        var view = await station.Client.Get($"/v1/visits/{report.ReportId}");
        Assert.Equal(("completed", "reported", 395), (view.Text("status"), view["identityCheck"].GetProperty("method").GetString(), view["collectedMl"].GetInt32()));
        Assert.Equal(201, (await station.Quality.Post($"/v1/visits/{report.ReportId}/corrections", new { reasonCode = "measured-again", values = new { collectedMl = 300 } })) is var ok ? ok.Status : 0);
        Assert.Equal(["volume-out-of-tolerance"], Assert.Single(await service.Published<DonationCorrected>(), e => e.Din == report.Din).After.Deviations);
        Assert.Equal(201, (await service.As(Roles.Station, station.Id, "Q2", "quality").Post($"/v1/visits/{report.ReportId}/corrections", new { reasonCode = "never-collected" })).Status);
        Assert.Single(await service.Published<DonationVoided>(), e => e.Din == report.Din);
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.Equal(200, (await station.Quality.Post($"/v1/donors/{donor}/export", new { reason = "他要求" })).Status);
    }
}
