using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Donors.Tests.Features;

public sealed class CorrectionTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;
    private static DateOnly Today => Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    private static (int, string?) Seen(Answer answer) => (answer.Status, answer.Code);

    private static object Weighed(int ml, string reasonCode = "measured-again") => new { reasonCode, values = new { collectedMl = ml } };

    [Fact]
    public async Task A_second_person_corrects_what_was_weighed_and_what_was_recorded_stays()
    {
        var station = new SomeStation(service);
        var (donor, drive) = (await station.Donor(), await station.Drive());
        var visit = await station.VisitAt("completed", donor, drive);
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din");
        var correction = await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "measured-again", values = new { collectedMl = 350 }, note = "复秤" });
        Assert.Equal((201, 1, "corrected"), (correction.Status, correction["number"].GetInt32(), correction.Text("kind")));
        Assert.Equal((400, 350), (correction["before"].GetProperty("collectedMl").GetInt32(), correction["after"].GetProperty("collectedMl").GetInt32()));
        Assert.Equal(correction.Body.ToString(), (await station.Client.Get(correction.Response.Headers.Location!.ToString())).Body.ToString());

        var said = Assert.Single(await service.Published<DonationCorrected>(), e => e.Din == din);
        Assert.Equal((donor, drive, 1, "measured-again", 400, 350, station.Id), (said.DonorId, said.DriveId, said.Number, said.ReasonCode, said.Before.CollectedMl, said.After.CollectedMl, said.StationId));
        Assert.Equal(["volume-out-of-tolerance"], said.After.Deviations);
        Assert.Equal(400, await station.Scalar<int>("select collected_ml from donor.donation where din = @din", new { din }));
        Assert.Equal(400, await station.Scalar<int>("select collected_ml from donor.visit where din = @din", new { din }));
        Assert.Equal(350, (await station.Client.Get($"/v1/visits/{visit}"))["collectedMl"].GetInt32());
        Assert.Equal(350, Assert.Single((await station.Client.Get($"/v1/visits?driveId={drive}"))["items"].EnumerateArray()).GetProperty("collectedMl").GetInt32());
        Assert.Equal(350, Assert.Single((await station.Client.Get($"/v1/donors/{donor}/donations")).Body.EnumerateArray()).GetProperty("collectedMl").GetInt32());
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.donation_correction c where c::text like '%复秤%'"));

        // And again, by yet another person, of what stands now.
        Assert.Equal((409, "second_person_required"), Seen(await station.Quality.Post($"/v1/visits/{visit}/corrections", Weighed(380))));
        var second = await station.Physician.Post($"/v1/visits/{visit}/corrections", Weighed(380));
        Assert.Equal((201, 2, 350), (second.Status, second["number"].GetInt32(), second["before"].GetProperty("collectedMl").GetInt32()));
        Assert.Equal(2, (await station.Client.Get($"/v1/visits/{visit}/corrections")).Body.GetArrayLength());
    }

    [Fact]
    public async Task Dates_follow_a_corrected_start_and_a_void_donation_counts_for_nothing()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var past = TimeProvider.System.GetUtcNow().AddMonths(-7);
        var done = await station.Backfill(donor, past, (await station.Dins())[0]);
        var visit = done.Id;
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        var moved = await station.Physician.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "entered-wrong", values = new { startedAt = past.AddMonths(2), endedAt = past.AddMonths(2).AddMinutes(7) } });
        Assert.Equal(201, moved.Status);
        Assert.Contains("INTERVAL_WB_WB", SomeStation.Rules(await station.Eligibility(donor)));
        var windows = (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == donor).MaxBy(e => e.Version)!;
        Assert.DoesNotContain(windows.Procedures.Single(p => p.Procedure == "whole-blood").Windows, w => w.From <= Today && (w.To is null || Today <= w.To));

        Assert.Equal(201, (await service.As(Roles.Station, station.Id, "Q2", "quality").Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor" })).Status);
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.Empty((await station.Client.Get($"/v1/donors/{donor}/donations")).Body.EnumerateArray());
        var view = await station.Client.Get($"/v1/visits/{visit}");
        Assert.True(view["voided"].GetBoolean());
        Assert.DoesNotContain("corrections", view["allowedActions"].EnumerateArray().Select(a => a.GetString()));
        var voided = Assert.Single(await service.Published<DonationVoided>(), e => e.DonorId == donor);
        Assert.Equal((2, "wrong-donor", true), (voided.Number, voided.ReasonCode, voided.Backfilled));
        Assert.Equal((409, "donation_voided"), Seen(await station.Physician.Post($"/v1/visits/{visit}/corrections", Weighed(310))));
    }

    [Fact]
    public async Task What_cannot_be_corrected_is_refused_and_nothing_is_written()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("collected");
        Task<Answer> Try(object body, HttpClient? by = null) => (by ?? station.Quality).Post($"/v1/visits/{visit}/corrections", body);
        Assert.Equal((403, "staff_required"), Seen(await Try(Weighed(390), station.Client)));
        Assert.Equal((403, "staff_function_required"), Seen(await Try(Weighed(390), station.Phlebotomist)));
        Assert.Equal((422, "invalid_value"), Seen(await Try(new { reasonCode = "because", values = new { collectedMl = 390 } })));
        Assert.Equal((422, "invalid_value"), Seen(await Try(new { reasonCode = "entered-wrong" })));
        Assert.Equal((422, "invalid_value"), Seen(await Try(new { reasonCode = "wrong-donor", values = new { collectedMl = 390 } })));
        Assert.Equal((422, "invalid_value"), Seen(await Try(new { reasonCode = "entered-wrong", values = new { collectedMl = 2001 } })));
        Assert.Equal((422, "invalid_value"), Seen(await Try(new { reasonCode = "entered-wrong", values = new { arm = "third" } })));
        Assert.Equal((422, "invalid_value"), Seen(await Try(new { reasonCode = "entered-wrong", values = new { outcome = "fine" } })));
        Assert.Equal((422, "invalid_value"), Seen(await Try(new { reasonCode = "entered-wrong", values = new { bag = new { catalogue = "B", lot = "L", expiresOn = "2099-01-01", preservative = "WATER" } } })));
        Assert.Equal((422, "invalid_value"), Seen(await Try(new { reasonCode = "measured-again", values = new { collectedMl = 390 }, note = new string('长', 81) })));
        Assert.Equal((422, "volume_not_allowed"), Seen(await Try(new { reasonCode = "entered-wrong", values = new { nominalMl = 250 } })));
        Assert.Equal((422, "nothing_corrected"), Seen(await Try(Weighed(400))));
        Assert.Equal((422, "time_out_of_order"), Seen(await Try(new { reasonCode = "entered-wrong", values = new { endedAt = "2020-01-01T00:00:00Z" } })));
        Assert.Equal((400, "malformed_request"), Seen(await Try(new { reasonCode = "entered-wrong", values = new { collectedMl = "much" } })));
        Assert.Equal((404, "not_found"), Seen(await new SomeStation(service).Quality.Post($"/v1/visits/{visit}/corrections", Weighed(390))));
        Assert.Equal((409, "nothing_collected"), Seen(await station.Quality.Post($"/v1/visits/{await station.VisitAt("collecting")}/corrections", Weighed(390))));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.donation_correction c join donor.donation d on d.din = c.din where d.visit_id = @visit", new { visit }));
        // Who drew the blood is no second person, whatever his functions.
        Assert.Equal((409, "second_person_required"), Seen(await Try(Weighed(390), service.As(Roles.Station, station.Id, "B1", "phlebotomist", "quality"))));
    }

    [Fact]
    public async Task Corrections_at_once_follow_each_other_and_a_twin_is_one()
    {
        var station = new SomeStation(service);
        var visit = await station.VisitAt("completed");
        var key = Some.Key();
        var twins = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => station.Quality.Post($"/v1/visits/{visit}/corrections", Weighed(390), key)));
        Assert.All(twins, t => Assert.Equal(201, t.Status));
        Assert.Single(twins.Select(t => t.Id).Distinct());

        var raced = await Task.WhenAll(Enumerable.Range(0, 6).Select(n => service.As(Roles.Station, station.Id, $"Q{n + 10}", "quality").Post($"/v1/visits/{visit}/corrections", Weighed(380 + n))));
        Assert.All(raced, r => Assert.Equal(201, r.Status));
        var made = await service.Published<DonationCorrected>();
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din");
        var ours = made.Where(e => e.Din == din).OrderBy(e => e.Number).ToList();
        Assert.Equal(Enumerable.Range(1, 7), ours.Select(e => e.Number));
        Assert.Equal(ours.SkipLast(1).Select(e => e.After.CollectedMl), ours.Skip(1).Select(e => e.Before.CollectedMl)); // each begins where the last one ended

        var voids = await Task.WhenAll(Enumerable.Range(0, 4).Select(n => service.As(Roles.Station, station.Id, $"Q{n + 20}", "quality").Post($"/v1/visits/{visit}/corrections", new { reasonCode = "recorded-twice" })));
        Assert.Equal(1, voids.Count(v => v.Status == 201));
        Assert.All(voids.Where(v => v.Status != 201), v => Assert.Equal((409, "donation_voided"), Seen(v)));
    }
}
