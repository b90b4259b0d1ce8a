namespace BloodPlatform.SystemTests;

/// <summary>What one service does because of what another knows, through the public API.</summary>
[Collection(OnePlatform.Name)]
public sealed class JourneyTests(RunningPlatform platform)
{
    [Fact]
    public async Task A_donor_with_a_booking_gets_no_second_one_before_the_interval_is_over()
    {
        var drive = await LiveDrive.Begin(platform, "second-booking", numbers: 1);
        var donor = await drive.Api.Once("second-booking-donor", "station", "/v1/donors", platform.SomePerson().Registration);
        await drive.Book("second-booking", donor);
        var other = await LiveDrive.Begin(platform, "second-booking-other", numbers: 1, drive.Api);
        var refused = await drive.Api.Refusal("station", "/v1/appointments", new { driveId = other.Id, donorId = donor, slotStartsAt = other.Slot, channel = "hotline" }, "second-booking-again");
        Assert.Equal((409, "already_booked"), ((int)refused["status"]!, (string?)refused["code"]));
    }

    [Fact]
    public async Task A_donor_who_gave_today_cannot_be_booked_again()
    {
        var drive = await LiveDrive.Begin(platform, "gave-today", numbers: 1);
        var (_, donor, _) = await drive.Donate("gave-today");
        var other = await LiveDrive.Begin(platform, "gave-today-other", numbers: 1, drive.Api);
        // Whichever comes first: his booking that was kept, or Donor's news that he may not.
        var refused = await drive.Api.Refusal("station", "/v1/appointments", new { driveId = other.Id, donorId = donor, slotStartsAt = other.Slot, channel = "hotline" }, "gave-today-again");
        Assert.Contains((string?)refused["code"], (string[])["already_booked", "not_eligible"]);
    }

    [Fact]
    public async Task Nothing_is_released_before_its_results_nor_by_one_person_nor_by_who_entered_them()
    {
        var drive = await LiveDrive.Begin(platform, "release", numbers: 1);
        var (part, _, din) = await drive.Donate("release", "B+");
        var refused = await drive.Api.Refusal("station", $"/v1/donations/{din}/release-signatures", new { }, "release-early", drive.Api.Credentials.With("release"));
        Assert.Equal((409, "not_releasable"), ((int)refused["status"]!, (string?)refused["code"]));
        Assert.Equal(9, refused["errors"]!.AsArray().Count(e => (string?)e!["code"] == "test_pending"));

        await drive.Test("release", din, part.Person.BloodGroup);
        Assert.Equal(202, (await drive.Sign("release", din, 0)).Status);
        Assert.Equal("same_signer", (string?)(await drive.Api.Refusal("station", $"/v1/donations/{din}/release-signatures", new { }, "release-again", drive.Api.Credentials.With("release")))["code"]);
        var released = await drive.Sign("release", din, 1);
        Assert.Equal(("available", 2), ((string?)released.Body["status"], (int)released.Body["signatures"]!));
    }

    [Fact]
    public async Task A_reactive_test_holds_the_bags_and_defers_the_donor_until_it_is_confirmed_or_lifted()
    {
        var drive = await LiveDrive.Begin(platform, "reactive", numbers: 1);
        var (part, donor, din) = await drive.Donate("reactive", "A+");
        await drive.Test("reactive", din, part.Person.BloodGroup, reactive: "syphilis");
        Assert.Contains("test", await drive.Holds(din));

        var inYears = $"/v1/donors/{donor}/eligibility?asOf={TimeProvider.System.GetUtcNow().AddYears(5):yyyy-MM-dd}"; // every interval is over by then
        await Eventually.True("the deferral", async () => !(bool)(await drive.Api.Get("station", inYears))["eligible"]!);
        var answer = await drive.Api.Get("station", inYears);
        Assert.Null((string?)answer["eligibleFrom"]);
        var deferral = (await drive.Api.List("station", $"/v1/donors/{donor}/deferrals")).Single();
        Assert.Equal(("provisional", "test", null), ((string?)deferral["certainty"], (string?)deferral["origin"], (string?)deferral["until"]));
        Assert.Equal("reentry_required", (string?)(await drive.Api.Refusal("station", $"/v1/deferrals/{deferral["id"]}/lift", new { reason = "误报" }, "reactive-lift", drive.Api.Credentials.With("physician")))["code"]);
    }

    [Fact]
    public async Task What_a_donor_tells_afterwards_holds_his_released_bags_and_keeps_them_from_orders()
    {
        var drive = await LiveDrive.Begin(platform, "late", numbers: 1);
        var (part, donor, din) = await drive.Donate("late", "AB-");
        await drive.Test("late", din, part.Person.BloodGroup);
        await drive.Sign("late", din, 0);
        await drive.Sign("late", din, 1);

        await drive.Api.Once("late-call", "station", $"/v1/donors/{donor}/late-information", new { code = "T10" }, keep: a => (string)a["deferralId"]!);
        await Eventually.True("the hold", async () => (await drive.Holds(din)).Contains("late-information"));

        var order = await drive.Api.Once("late-order", "hospital", "/v1/orders", new
        {
            component = "red-cells-suspended", bloodGroup = "AB-", quantity = new { amount = 1000, unit = "bags" }, urgency = "emergency", neededBy = TimeProvider.System.GetUtcNow().AddDays(1), allowSubstitution = false,
        });
        Assert.DoesNotContain((await drive.Api.Get("hospital", $"/v1/orders/{order}"))["lines"]!.AsArray(), line => (string?)line!["din"] == din);
        await drive.Api.Once("late-cancel", "hospital", $"/v1/orders/{order}/cancel", new { });
    }

    [Fact]
    public async Task From_a_patient_the_trace_leads_to_the_donor_and_to_his_other_donations()
    {
        var drive = await LiveDrive.Begin(platform, "trace", numbers: 1);
        var api = drive.Api;
        var (part, donor, din) = await drive.Donate("trace", "B-");
        // He gave in 2022 too, and that is recorded only now.
        var block = await api.Once("trace-old-dins", "station", "/v1/din-blocks", new { count = 1, year = 2022 });
        var old = (string)(await api.Get("station", $"/v1/din-blocks/{block}"))["first"]!;
        await new Visit(api, null, "血站一楼采血区", await api.Get("station", "/v1/questionnaires/current"), Now: false).Play(part with { Key = "trace-old" }, donor, null, old, new DateTimeOffset(2022, 6, 14, 9, 0, 0, TimeSpan.FromHours(8)));

        await drive.Test("trace", din, part.Person.BloodGroup);
        await drive.Sign("trace", din, 0);
        await drive.Sign("trace", din, 1);
        var order = await api.Once("trace-order", "hospital", "/v1/orders", new
        {
            component = "red-cells-suspended", bloodGroup = "B-", quantity = new { amount = 1, unit = "bags" }, urgency = "urgent", neededBy = TimeProvider.System.GetUtcNow().AddDays(1), allowSubstitution = false,
        });
        var unit = (string)(await api.Get("hospital", $"/v1/orders/{order}"))["lines"]!.AsArray().Single()!["unitId"]!;
        await api.Once("trace-issue", "station", $"/v1/orders/{order}/issue", new { }, api.Credentials.With("issue"), "issued");
        await api.Once("trace-receive", "hospital", $"/v1/orders/{order}/receive", new { }, expect: "received");
        var transfusion = (await api.Send(HttpMethod.Post, "hospital", $"/v1/units/{unit}/transfusion", new { patientReference = "P-trace", transfusedAt = TimeProvider.System.GetUtcNow(), outcome = "no-reaction" }, "trace-transfusion")).Body;
        Assert.Empty(transfusion["alarms"]!.AsArray());

        var hit = (await api.Send(HttpMethod.Post, "station", "/v1/traces/search", new { patientReference = "P-trace", hospitalId = api.Credentials.Organisations["hospital"] })).Body["items"]!.AsArray().Single()!;
        Assert.Equal((din, unit), ((string?)hit["din"], (string?)hit["unitId"]));
        var trace = await api.Get("station", $"/v1/traces/{din}");
        Assert.Equal(donor, (string?)trace["donation"]!["donorId"]);
        await Eventually.True("both donations", async () => (await api.List("station", $"/v1/donations?donorId={donor}")).Count == 2);
        var others = await api.List("station", $"/v1/donations?donorId={donor}");
        Assert.Equal([old, din], others.Select(d => (string)d["din"]!).Order(StringComparer.Ordinal));
        Assert.Equal("historic", (string?)others.Single(d => (string?)d["din"] == old)["status"]);
    }
}
