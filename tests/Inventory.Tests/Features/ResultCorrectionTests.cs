using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class ResultCorrectionTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;

    private static string[] Holds(Answer donation) => [.. donation["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()!)];

    private static string Conclusion(Answer donation, string test) => donation["conclusions"].GetProperty(test).GetString()!;

    private static HttpClient Second(Station station) => station.As("L2", "laboratory");

    private static Task<Answer> Correct(HttpClient by, Answer run, int row, string outcome, string? value = null, string reason = "transcription") =>
        by.Post($"/v1/test-runs/{run.Id}/corrections", new { rowIndex = row, outcome, value, reasonCode = reason });

    [Fact]
    public async Task A_correction_is_a_new_row_and_both_are_seen()
    {
        var station = new Station(service);
        var din = await station.Collected();
        var run = await station.Run([Station.Row(din, "hbsag"), Station.Row(din, "anti-hcv", "invalid")]);
        Assert.Equal("pending", Conclusion(await station.Donation(din), "anti-hcv"));
        var corrected = await Correct(Second(station), run, 1, "non-reactive");
        Assert.Equal((201, 2, 1), (corrected.Status, corrected["index"].GetInt32(), corrected["corrects"].GetInt32()));
        Assert.Equal("non-reactive", Conclusion(await station.Donation(din), "anti-hcv"));

        var rows = (await station.Client.Get($"/v1/test-runs/{run.Id}"))["rows"];
        Assert.Equal(["non-reactive", "invalid", "non-reactive"], rows.EnumerateArray().Select(r => r.GetProperty("outcome").GetString()));
        Assert.Equal((2, "L1"), (rows[1].GetProperty("correctedBy").GetInt32(), rows[1].GetProperty("staffNumber").GetString()));
        Assert.Equal((1, "L2", "transcription"), (rows[2].GetProperty("corrects").GetInt32(), rows[2].GetProperty("staffNumber").GetString(), rows[2].GetProperty("reasonCode").GetString()));
        var traced = (await station.Client.Get($"/v1/traces/{din}"))["tests"].EnumerateArray().Single(t => t.GetProperty("reasonCode").ValueKind == JsonValueKind.String);
        Assert.Equal((1, "L2"), (traced.GetProperty("corrects").GetInt32(), traced.GetProperty("staffNumber").GetString()));
    }

    [Fact]
    public async Task Nobody_corrects_what_he_recorded_and_one_correction_of_a_row_stands()
    {
        var station = new Station(service);
        var din = await station.Collected();
        var run = await station.Run([Station.Row(din, "abo-rhd", value: "A+")]);
        Assert.Equal("own_result", (await Correct(station.Laboratory, run, 0, "non-reactive", "B+")).Code);
        Assert.Equal("staff_function_required", (await Correct(station.Quality, run, 0, "non-reactive", "B+")).Code);
        Assert.Equal(404, (await Correct(Second(new Station(service)), run, 0, "non-reactive", "B+")).Status);
        foreach (var (row, outcome, value, reason) in new[] { (1, "non-reactive", "B+", "transcription"), (0, "non-reactive", "C+", "transcription"), (0, "perhaps", "B+", "transcription"), (0, "non-reactive", "B+", "mood"), (0, "non-reactive", "A+", "transcription") })
            Assert.Equal(422, (await Correct(Second(station), run, row, outcome, value, reason)).Status);
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from inventory.test_result where din = @din", new { din }));

        Assert.Equal(201, (await Correct(Second(station), run, 0, "non-reactive", "B+")).Status);
        Assert.Equal("result_corrected", (await Correct(station.As("L3", "laboratory"), run, 0, "non-reactive", "O+")).Code);
        Assert.Equal("own_result", (await Correct(Second(station), run, 1, "non-reactive", "O+")).Code);
        Assert.Equal(201, (await Correct(station.As("L3", "laboratory"), run, 1, "non-reactive", "O+")).Status);
        Assert.Equal("O+", (await station.Donation(din))["bloodGroup"].GetString());
    }

    [Fact]
    public async Task Of_many_corrections_of_a_row_at_once_one_stands()
    {
        var station = new Station(service);
        var din = await station.Collected();
        var run = await station.Run([Station.Row(din, "hbsag", "invalid"), Station.Row(din, "syphilis", "invalid")]);
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(n => Correct(station.As($"L{n + 2}", "laboratory"), run, n % 2, "non-reactive")));
        Assert.Equal(2, answers.Count(a => a.Status == 201));
        Assert.Equal(4, answers.Count(a => a.Code == "result_corrected"));
        Assert.Equal([2, 3], (await station.Client.Get($"/v1/test-runs/{run.Id}"))["rows"].EnumerateArray().Where(r => r.GetProperty("corrects").ValueKind == JsonValueKind.Number).Select(r => r.GetProperty("index").GetInt32()));
    }

    [Theory]
    [InlineData("hbsag", "reactive", null, null)]
    [InlineData("alt", "non-reactive", "51", "20")]
    public async Task What_was_reactive_is_not_cleared_by_a_correction(string test, string outcome, string? wrong, string? right)
    {
        var station = new Station(service);
        var din = await station.Releasable();
        var run = await station.Run([Station.Row(din, test, outcome, wrong)]);
        Assert.Equal(201, (await Correct(Second(station), run, 0, "non-reactive", right)).Status);
        Assert.Equal(201, (await Correct(station.As("L3", "laboratory"), run, 1, "invalid", right, "wrong-sample")).Status);
        Assert.Equal("reactive", Conclusion(await station.Donation(din), test));
        Assert.Equal("not_releasable", (await station.Sign(din, station.ReleaserA)).Code);
        Assert.Equal(["test"], Holds(await station.Donation(din)));
    }

    [Fact]
    public async Task A_correction_to_reactive_holds_everything_defers_and_looks_back_as_a_row_does()
    {
        var station = new Station(service);
        var donor = Some.Id();
        var earlier = await station.Released(donor);
        var din = await station.Collected(donor);
        var run = await station.Run(Station.Rows(din));
        await station.Components(din);
        Assert.Equal(201, (await Correct(Second(station), run, 2, "reactive")).Status);
        var donation = await station.Donation(din);
        Assert.Equal("reactive", Conclusion(donation, "hbsag"));
        Assert.Equal(["test"], Holds(donation));
        Assert.All(donation["units"].EnumerateArray(), u => Assert.Equal(1, u.GetProperty("holds").GetArrayLength()));
        Assert.Equal(["lookback"], Holds(await station.Donation(earlier)));
        Assert.Equal((donor, "P22"), Assert.Single(await service.Published<DonorDeferralRequired>(), d => d.Din == din) is var d ? (d.DonorId, d.DeferralCode) : default);
        Assert.Equal([true, false], (await service.Published<DonationTested>()).Where(t => t.Din == din).Select(t => t.Qualified));
    }

    [Fact]
    public async Task A_mistyped_group_is_no_history_any_more_and_the_bags_in_quarantine_follow()
    {
        var station = new Station(service);
        var donor = Some.Id();
        var first = await station.Collected(donor);
        var run = await station.Run(Station.Rows(first, "O+"));
        await station.Components(first);
        var next = await station.Tested(donor, "A+"); // right, and held against the wrong one
        Assert.Equal(("inconclusive", "test"), (Conclusion(await station.Donation(next), "abo-rhd"), Assert.Single(Holds(await station.Donation(next)))));

        Assert.Equal(201, (await Correct(Second(station), run, 0, "non-reactive", "A+")).Status);
        var corrected = await station.Donation(first);
        Assert.Equal(("non-reactive", "A+"), (Conclusion(corrected, "abo-rhd"), corrected["bloodGroup"].GetString()));
        Assert.All(corrected["units"].EnumerateArray(), u => Assert.Equal("A+", u.GetProperty("bloodGroup").GetString()));
        Assert.Empty(Holds(corrected));
        var cleared = await station.Donation(next);
        Assert.Equal(("non-reactive", "A+", "test"), (Conclusion(cleared, "abo-rhd"), cleared["bloodGroup"].GetString(), Assert.Single(Holds(cleared)))); // the hold is for people
        Assert.Equal("A+", await service.Database.Scalar<string>("select blood_group from inventory.donor_safety where donor_id = @donor", new { donor }));
        Assert.Empty((await station.Donation(await station.Tested(donor, "A+")))["holds"].EnumerateArray());
    }

    [Fact]
    public async Task A_group_that_an_earlier_donation_says_too_is_not_forgotten()
    {
        var station = new Station(service);
        var donor = Some.Id();
        await station.Tested(donor, "O+");
        var din = await station.Collected(donor);
        var run = await station.Run(Station.Rows(din, "O+"));
        Assert.Equal(201, (await Correct(Second(station), run, 0, "non-reactive", "A+")).Status);
        var donation = await station.Donation(din);
        Assert.Equal(("inconclusive", JsonValueKind.Null, "test"), (Conclusion(donation, "abo-rhd"), donation["bloodGroup"].ValueKind, Assert.Single(Holds(donation))));
    }

    [Fact]
    public async Task A_released_donation_whose_group_was_wrong_is_held_with_its_bags()
    {
        var station = new Station(service);
        var din = await station.Collected();
        var run = await station.Run(Station.Rows(din, "O+"));
        await station.Components(din);
        await service.Seal("donor");
        await station.Sign(din, station.ReleaserA);
        Assert.Equal(200, (await station.Sign(din, station.ReleaserB)).Status);
        Assert.Equal(201, (await Correct(Second(station), run, 0, "non-reactive", "A+")).Status);
        var donation = await station.Donation(din);
        Assert.Equal(["quality"], Holds(donation));
        Assert.All(donation["units"].EnumerateArray(), u => Assert.Equal(("O+", "quality"), (u.GetProperty("bloodGroup").GetString(), u.GetProperty("holds")[0].GetProperty("kind").GetString()))); // as the label says
        Assert.Equal("waiting", (await service.As(Roles.Hospital, Some.Id()).Post("/v1/orders", Station.Order(station.Id, "O+")))["status"].GetString());
    }

    [Fact]
    public async Task A_correction_that_changes_no_conclusion_holds_nothing()
    {
        var station = new Station(service);
        var din = await station.Collected();
        var run = await station.Run(Station.Rows(din, alt: "20"));
        await station.Components(din);
        await service.Seal("donor");
        await station.Sign(din, station.ReleaserA);
        await station.Sign(din, station.ReleaserB);
        Assert.Equal(201, (await Correct(Second(station), run, 1, "non-reactive", "21", "wrong-value")).Status);
        Assert.Empty(Holds(await station.Donation(din)));
    }

    [Fact]
    public async Task Who_corrected_a_result_does_not_release_it_and_what_was_signed_before_is_looked_at_again()
    {
        var station = new Station(service);
        var din = await station.Collected();
        var run = await station.Run(Station.Rows(din, "O+"));
        await station.Components(din);
        await service.Seal("donor");
        var both = station.As("R3", "laboratory", "release");
        Assert.Equal(202, (await station.Sign(din, both)).Status);
        Assert.Equal(201, (await Correct(both, run, 0, "non-reactive", "A+")).Status);
        Assert.Equal(["quality"], Holds(await station.Donation(din)));
        Assert.Equal("entered_results", (await station.Sign(din, both)).Code);
        await station.Lift((await station.Donation(din))["holds"][0].GetProperty("id").GetGuid(), "label printed again");
        Assert.Equal(202, (await station.Sign(din, station.ReleaserA)).Status); // the corrector's signature does not count
        Assert.Equal(200, (await station.Sign(din, station.ReleaserB)).Status);
    }
}
