using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;
using Npgsql;

namespace BloodPlatform.Donors.Tests.Features;

/// <summary>A visit was recorded under the wrong donor: nothing that came of it is lifted by one person, or stays with him unseen.</summary>
public sealed class WrongDonorTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;
    private static DateOnly Today => Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    private static (int, string?) Seen(Answer answer) => (answer.Status, answer.Code);

    private async Task Reactive(Guid donor, string din, string code = "TEST_REACTIVE", string certainty = "provisional", Guid? id = null) => await service.Deliver(new DonorDeferralRequired
    {
        Key = donor.ToString(), Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = id ?? Some.Id(), DonorId = donor, Din = din, DeferralCode = code, Certainty = certainty,
    });

    private static string[] Deferrals(JsonElement correction) => [.. correction.GetProperty("deferrals").EnumerateArray().Select(d => $"{d.GetProperty("code").GetString()} {d.GetProperty("origin").GetString()} {d.GetProperty("status").GetString()}")];

    private static async Task<string[]> Standing(SomeStation station, Guid donor) =>
        [.. (await station.Client.Get($"/v1/donors/{donor}/deferrals"))["items"].EnumerateArray().Select(d => $"{d.GetProperty("code").GetString()} {d.GetProperty("status").GetString()}").Order(StringComparer.Ordinal)];

    private async Task<string> Certainties(Guid donor) => await new SomeStation(service).Scalar<string>("select coalesce(string_agg(certainty, ' ' order by id), '') from donor.deferral where donor_id = @donor", new { donor }) ?? "";

    private HttpClient Other(SomeStation station, string number = "P9", string function = "physician") => service.As(Roles.Station, station.Id, number, function);

    [Fact]
    public async Task What_a_test_of_anothers_blood_found_holds_until_a_second_person_signs_and_what_is_from_elsewhere_stays()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var visit = await station.VisitAt("completed", donor);
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din")!;
        await Reactive(donor, din);
        await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T14", from = Today });

        var voided = await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor" });
        Assert.Equal((201, "voided", "sign"), (voided.Status, voided.Text("kind"), Assert.Single(voided["allowedActions"].EnumerateArray()).GetString()));
        Assert.Equal(["TEST_REACTIVE test active"], Deferrals(voided.Body));
        Assert.Equal(["T14 active", "TEST_REACTIVE active"], await Standing(station, donor)); // one person lifts nothing
        Assert.Contains("TEST_REACTIVE", SomeStation.Rules(await station.Eligibility(donor)));

        var sign = $"/v1/visits/{visit}/corrections/{voided.Id}/sign";
        Assert.Equal((403, "staff_required"), Seen(await station.Client.Post(sign)));
        Assert.Equal((403, "staff_function_required"), Seen(await Other(station, "Q9", "quality").Post(sign)));
        Assert.Equal((409, "second_person_required"), Seen(await service.As(Roles.Station, station.Id, "Q1", "quality", "physician").Post(sign))); // who voided it
        Assert.Equal((409, "second_person_required"), Seen(await station.Physician.Post(sign))); // who saw the donor that day
        Assert.Equal((404, "not_found"), Seen(await Other(new SomeStation(service)).Post(sign)));
        Assert.Equal((404, "not_found"), Seen(await Other(station).Post($"/v1/visits/{visit}/corrections/{Some.OldId()}/sign")));
        Assert.Equal(["T14 active", "TEST_REACTIVE active"], await Standing(station, donor));

        var signed = await Other(station).Post(sign);
        Assert.Equal((200, 0), (signed.Status, signed["allowedActions"].GetArrayLength()));
        Assert.Equal(["TEST_REACTIVE test entered-in-error"], Deferrals(signed.Body));
        Assert.Equal(["T14 active", "TEST_REACTIVE entered-in-error"], await Standing(station, donor)); // never deleted, and what is his own stays
        Assert.Equal(["T14"], SomeStation.Rules(await station.Eligibility(donor)));
        Assert.Equal(signed.Body.ToString(), (await station.Client.Get($"/v1/visits/{visit}/corrections/{voided.Id}")).Body.ToString());
        Assert.Equal((409, "deferral_not_active"), Seen(await Other(station, "P8").Post(sign)));
        Assert.Equal(1, await station.Scalar<int>("select count(*) from donor.audit where action = 'visit.void-sign' and resource = @r", new { r = $"visits/{visit}" }));

        // The laboratory says more after the signature: kept with the same finding, and he stays free.
        await Reactive(donor, din, certainty: "confirmed");
        Assert.Equal(["T14 active", "TEST_REACTIVE entered-in-error"], await Standing(station, donor));
        Assert.Equal(["T14"], SomeStation.Rules(await station.Eligibility(donor)));

        await using var login = new NpgsqlConnection(service.Database.Service("donor"));
        await login.OpenAsync(TestContext.Current.CancellationToken);
        await using var rewrite = new NpgsqlCommand("delete from donor.visit_void_signature", login);
        Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => rewrite.ExecuteNonQueryAsync())).SqlState);
    }

    // r: provisional result, c: it is confirmed, v: void, n: void that names the true donor, s: signature, t: signature that names him.
    [Theory]
    [InlineData("rcns")]
    [InlineData("crns")]
    [InlineData("rncs")]
    [InlineData("rnsc")]
    [InlineData("nrcs")]
    [InlineData("nrsc")]
    [InlineData("nsrc")]
    [InlineData("nscr")]
    [InlineData("rcvt")]
    [InlineData("vrtc")]
    [InlineData("vtrc")]
    [InlineData("vsrct")]
    public async Task In_whatever_order_results_voiding_and_signature_come_the_true_donor_alone_is_deferred_in_the_end(string order)
    {
        var station = new SomeStation(service);
        var (donor, truly) = (await station.Donor(), await station.Donor());
        var visit = await station.VisitAt("completed", donor);
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din")!;
        var (first, second, correction) = (Some.Id(), Some.Id(), Guid.Empty);
        foreach (var step in order)
            switch (step)
            {
                case 'r': await Reactive(donor, din, id: first); break;
                case 'c': await Reactive(donor, din, certainty: "confirmed", id: second); break;
                case 'v' or 'n': correction = (await station.Quality.Post($"/v1/visits/{visit}/corrections", step == 'v' ? new { reasonCode = "wrong-donor" } : new { reasonCode = "wrong-donor", trueDonorId = truly })).Id; break;
                default: Assert.Equal(200, (await Other(station).Post($"/v1/visits/{visit}/corrections/{correction}/sign", step == 's' ? null : new { trueDonorId = truly })).Status); break;
            }
        foreach (var (id, certainty) in new[] { (first, "provisional"), (second, "confirmed") }) await Reactive(donor, din, certainty: certainty, id: id); // an older replay

        await Eventually.That(async () => await Certainties(truly) == "confirmed");
        Assert.Equal(["TEST_REACTIVE active"], await Standing(station, truly));
        Assert.Equal(["TEST_REACTIVE entered-in-error"], await Standing(station, donor));
        Assert.False((await station.Eligibility(truly, $"?asOf={Today.AddYears(2):yyyy-MM-dd}"))["eligible"].GetBoolean());
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        var seen = (await station.Client.Get($"/v1/visits/{visit}/corrections/{correction}"));
        Assert.Equal((truly, 0), (seen["trueDonorId"].GetGuid(), seen["allowedActions"].GetArrayLength()));
        Assert.Equal(["TEST_REACTIVE test entered-in-error"], Deferrals(seen.Body));
    }

    [Fact]
    public async Task A_result_after_the_signature_defers_nobody_while_nobody_is_named_and_is_kept_for_who_is_named_later()
    {
        var station = new SomeStation(service);
        var (donor, truly) = (await station.Donor(), await station.Donor());
        var visit = await station.VisitAt("completed", donor);
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din")!;
        var sign = $"/v1/visits/{visit}/corrections/{(await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor" })).Id}/sign";
        Assert.Equal((404, "not_found"), Seen(await Other(station).Post(sign, new { trueDonorId = Some.OldId() })));
        Assert.Equal((422, "invalid_value"), Seen(await Other(station).Post(sign, new { trueDonorId = donor })));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.visit_void_signature s join donor.visit_void w on w.id = s.void_id where w.visit_id = @visit", new { visit }));
        Assert.Equal(200, (await Other(station).Post(sign)).Status);

        await Reactive(donor, din);
        Assert.Equal(["TEST_REACTIVE entered-in-error"], await Standing(station, donor));
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.Equal((409, "deferral_not_active"), Seen(await Other(station).Post(sign)));

        Assert.Equal((409, "second_person_required"), Seen(await service.As(Roles.Station, station.Id, "Q1", "quality", "physician").Post(sign, new { trueDonorId = truly }))); // who voided it
        Assert.Equal(truly, (await Other(station, "P8").Post(sign, new { trueDonorId = truly }))["trueDonorId"].GetGuid());
        await Eventually.That(async () => (await Standing(station, truly)).Length == 1);
        Assert.Equal(["TEST_REACTIVE active"], await Standing(station, truly));
        Assert.Equal((422, "invalid_value"), Seen(await Other(station).Post(sign, new { trueDonorId = await station.Donor() }))); // named once
        Assert.Equal(["TEST_REACTIVE entered-in-error"], await Standing(station, donor));
    }

    [Fact]
    public async Task The_true_donor_is_deferred_at_once_and_what_he_gave_since_is_withdrawn()
    {
        var station = new SomeStation(service);
        var (donor, truly) = (await station.Donor(), await station.Donor());
        var visit = await station.VisitAt("completed", donor);
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din")!;
        await station.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "vasovagal", severity = "severe" });
        await Reactive(donor, din);
        var own = (await station.Client.Get($"/v1/visits/{await station.VisitAt("completed", truly)}")).Text("din");
        Assert.Equal((422, "invalid_value"), Seen(await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "recorded-twice", trueDonorId = truly })));
        Assert.Equal((422, "invalid_value"), Seen(await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor", trueDonorId = donor })));
        Assert.Equal((404, "not_found"), Seen(await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor", trueDonorId = Some.OldId() })));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.visit_void where visit_id = @visit", new { visit }));

        var voided = await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor", trueDonorId = truly, note = "腕带拿错" });
        Assert.Equal((201, truly), (voided.Status, voided["trueDonorId"].GetGuid()));
        await Eventually.That(async () => (await Standing(station, truly)).Length > 0);
        Assert.Equal(["TEST_REACTIVE active"], await Standing(station, truly));
        Assert.Equal(["TEST_REACTIVE active"], await Standing(station, donor));
        Assert.Contains(await service.Published<DonationWithdrawn>(), e => e.Din == own && e.DonorId == truly);
        var windows = (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == truly).MaxBy(e => e.Version)!;
        Assert.All(windows.Procedures, p => Assert.DoesNotContain(p.Windows, w => w.To is null || w.To > Today));

        Assert.Equal(200, (await Other(station).Post($"/v1/visits/{visit}/corrections/{voided.Id}/sign")).Status);
        Assert.Equal(["TEST_REACTIVE active"], await Standing(station, truly));
        Assert.Equal(["TEST_REACTIVE entered-in-error"], await Standing(station, donor));

        // What comes later reaches him too, each finding once.
        await Reactive(donor, din, certainty: "confirmed");
        await Eventually.That(async () => await Certainties(truly) == "confirmed");
        await Reactive(donor, din, "OTHER_FINDING");
        await Eventually.That(async () => (await Standing(station, truly)).Length == 2);
        Assert.Equal(["OTHER_FINDING entered-in-error", "TEST_REACTIVE entered-in-error"], await Standing(station, donor));
        Assert.Equal(0, await station.Scalar<int>("select count(*) from donor.visit_void w where w::text like '%腕带%'"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_collected_under_another_name_counts_for_who_truly_gave_it_from_when_he_is_named(bool namedLater)
    {
        var station = new SomeStation(service);
        var old = Today.AddYears(-57); // above what a first-time donor may be
        var (donor, truly, aged) = (await station.Donor(), await station.Donor(), await station.Donor(old));
        await station.Client.Post($"/v1/donors/{truly}/deferrals", new { code = "T14", from = Today.AddYears(1) }); // reaches nothing that he gave
        var visit = await station.VisitAt("completed", donor);
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din")!;
        Assert.True((await station.Eligibility(truly))["eligible"].GetBoolean());

        var correction = await station.Quality.Post($"/v1/visits/{visit}/corrections", namedLater ? new { reasonCode = "wrong-donor" } : new { reasonCode = "wrong-donor", trueDonorId = truly });
        Assert.Equal(201, correction.Status);
        if (namedLater)
        {
            Assert.True((await station.Eligibility(truly))["eligible"].GetBoolean());
            Assert.Equal(200, (await Other(station).Post($"/v1/visits/{visit}/corrections/{correction.Id}/sign", new { trueDonorId = truly })).Status);
        }

        // At once, by the answer; whoever books is told; who it was recorded under is free.
        var refused = await station.Eligibility(truly);
        Assert.Equal((false, Today.AddMonths(6).ToString("yyyy-MM-dd", null)), (refused["eligible"].GetBoolean(), refused.Text("eligibleFrom")));
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        await Eventually.That(async () => (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == truly).MaxBy(e => e.Version)?.Procedures.Single(p => p.Procedure == "whole-blood").Windows is { } windows
            && windows.All(w => w.From >= Today.AddMonths(6) || w.To <= Today));
        Assert.Equal((200, "deferred"), (await station.Open(truly)) is var turned ? (turned.Status is 200 or 201 ? 200 : turned.Status, turned.Text("status")) : default);

        // It stands to nobody's credit, in his list and on his card as in Recognition, and the word of one person makes nobody a repeat donor.
        Assert.Equal(0, (await station.Client.Get($"/v1/donors/{truly}/donations")).Body.GetArrayLength());
        Assert.Equal(0, (await station.Client.Get($"/v1/donors/{truly}/card"))["donations"].GetInt32());
        var second = await station.VisitAt("completed");
        Assert.Equal(201, (await station.Quality.Post($"/v1/visits/{second}/corrections", new { reasonCode = "wrong-donor", trueDonorId = aged })).Status);
        Assert.False((await station.Eligibility(aged, $"?asOf={Today.AddMonths(7):yyyy-MM-dd}"))["eligible"].GetBoolean());

        // What reaches what he gave before reaches this bag, wherever it may be; and the record of it keeps his record.
        Assert.DoesNotContain(await service.Published<DonationWithdrawn>(), e => e.Din == din);
        Assert.Equal([din], (await station.Client.Post($"/v1/donors/{truly}/late-information", new { }))["dins"].EnumerateArray().Select(d => d.GetString()));
        Assert.Equal(truly, Assert.Single(await service.Published<DonationWithdrawn>(), e => e.Din == din).DonorId);
        Assert.Equal(("restricted", Today.AddYears(10).ToString("yyyy-MM-dd", null)), (await station.Client.Post($"/v1/donors/{aged}/erasure")) is var erased ? (erased.Text("outcome"), erased.Text("retainUntil")) : default);
    }

    [Fact]
    public async Task A_deferral_that_stood_before_reaches_the_bag_that_turns_out_to_be_his_once()
    {
        var station = new SomeStation(service);
        var (donor, truly) = (await station.Donor(), await station.Donor());
        await station.Client.Post($"/v1/donors/{truly}/deferrals", new { code = "P01", from = Today.AddDays(-3) });
        var visit = await station.VisitAt("completed", donor);
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din")!;
        Assert.Equal(201, (await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor", trueDonorId = truly })).Status);
        await Eventually.That(async () => (await service.Published<DonationWithdrawn>()).Any(e => e.Din == din));
        await Reactive(donor, din); // a finding of its own
        await Eventually.That(async () => (await Standing(station, truly)).Length == 2);
        await Reactive(donor, din, certainty: "confirmed"); // the same: the job runs again and finds nothing new
        await Eventually.That(async () => await station.Scalar<int>("select count(*) from donor.deferral where donor_id = @truly and certainty = 'confirmed'", new { truly }) == 1);
        Assert.Equal([truly, truly], (await service.Published<DonationWithdrawn>()).Where(e => e.Din == din).Select(e => e.DonorId));
    }

    [Fact]
    public async Task Who_came_again_after_his_erasure_waits_for_what_turns_out_to_have_been_his_too()
    {
        var station = new SomeStation(service);
        var number = SomeStation.ResidentId(SomeStation.Adult);
        async Task<Guid> Register() => (await station.Client.Post("/v1/donors", new { name = "甲测试", document = new { kind = "resident-id", number }, phone = "13900000001", consents = new[] { "registration" } })).Id;
        var truly = await Register();
        await station.Client.Post($"/v1/donors/{truly}/deferrals", new { code = "T01", from = Today.AddDays(-300) }); // what keeps his record
        var visit = await station.VisitAt("completed");
        Assert.Equal("restricted", (await station.Client.Post($"/v1/donors/{truly}/erasure")).Text("outcome"));
        var again = await Register();
        Assert.True((await station.Eligibility(again))["eligible"].GetBoolean());
        Assert.Equal(201, (await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor", trueDonorId = truly })).Status);
        await Eventually.That(async () => !(await station.Eligibility(again))["eligible"].GetBoolean());
        Assert.Equal(Today.AddMonths(6).ToString("yyyy-MM-dd", null), (await station.Eligibility(again)).Text("eligibleFrom"));
    }

    [Fact]
    public async Task Who_was_turned_away_was_another_and_the_one_it_was_recorded_under_may_give_again()
    {
        var station = new SomeStation(service);
        var (donor, truly) = (await station.Donor(), await station.Donor());
        var visit = (await station.Open(donor)).Id;
        Assert.Equal((409, "nothing_collected"), Seen(await Other(station).Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor" }))); // it goes on
        Assert.Equal("deferred", (await station.Physician.Post($"/v1/visits/{visit}/defer", new { code = "P22" })).Text("status"));
        Assert.Equal((409, "nothing_collected"), Seen(await Other(station).Post($"/v1/visits/{visit}/corrections", new { reasonCode = "never-collected" })));
        Assert.Equal((409, "second_person_required"), Seen(await station.Physician.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor" })));

        var voided = await Other(station).Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor", trueDonorId = truly });
        Assert.Equal((201, JsonValueKind.Null, JsonValueKind.Null), (voided.Status, voided["din"].ValueKind, voided["before"].ValueKind));
        Assert.Equal(["P22 visit active"], Deferrals(voided.Body));
        Assert.Equal(voided.Body.ToString(), Assert.Single((await station.Client.Get($"/v1/visits/{visit}/corrections")).Body.EnumerateArray()).ToString());
        Assert.Equal((409, "donation_voided"), Seen(await Other(station, "P8").Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor" })));
        Assert.True((await station.Client.Get($"/v1/visits/{visit}"))["voided"].GetBoolean());
        await Eventually.That(async () => (await Standing(station, truly)).Length == 1);
        Assert.False((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.Equal(200, (await Other(station, "P8").Post($"/v1/visits/{visit}/corrections/{voided.Id}/sign")).Status);
        Assert.True((await station.Eligibility(donor))["eligible"].GetBoolean());
        Assert.False((await station.Eligibility(truly))["eligible"].GetBoolean());
    }

    [Fact]
    public async Task A_reaction_of_anothers_visit_ends_giving_for_him_and_not_for_who_it_was_recorded_under()
    {
        var station = new SomeStation(service);
        var (old, next) = (Today.AddYears(-57), $"?asOf={Today.AddDays(1):yyyy-MM-dd}"); // the day itself is still open
        var (donor, truly) = (await station.Donor(old), await station.Donor(old));
        // Given three years ago at 54, so that the first age limit is not what stands against either.
        await station.Backfill(donor, TimeProvider.System.GetUtcNow().AddMonths(-36), (await station.Dins())[0]);
        await station.Backfill(truly, TimeProvider.System.GetUtcNow().AddMonths(-36), (await station.Dins())[0]);
        Assert.True((await station.Eligibility(truly, next))["eligible"].GetBoolean());
        var visit = (await station.Open(donor)).Id;
        await station.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "vasovagal", severity = "mild" });
        await station.Registrar.Post($"/v1/visits/{visit}/abandon");
        Assert.False((await station.Eligibility(donor, next))["eligible"].GetBoolean());

        var voided = await Other(station).Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor", trueDonorId = truly });
        Assert.Equal(201, voided.Status);
        Assert.False((await station.Eligibility(truly, next))["eligible"].GetBoolean());
        Assert.False((await station.Eligibility(donor, next))["eligible"].GetBoolean());
        Assert.Equal(200, (await Other(station, "P8").Post($"/v1/visits/{visit}/corrections/{voided.Id}/sign")).Status);
        Assert.True((await station.Eligibility(donor, next))["eligible"].GetBoolean());
        var windows = (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == donor).MaxBy(e => e.Version)!;
        Assert.Contains(windows.Procedures.Single(p => p.Procedure == "whole-blood").Windows, w => w.From <= Today && (w.To is null || w.To > Today.AddDays(1)));
    }

    [Fact]
    public async Task Another_donation_becomes_his_first_when_the_first_is_void_or_moves()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var now = TimeProvider.System.GetUtcNow();
        var dins = await station.Dins(3);
        var visits = new List<Guid>();
        foreach (var (months, i) in new[] { 30, 20, 10 }.Select((m, i) => (m, i))) visits.Add((await station.Backfill(donor, now.AddMonths(-months), dins[i])).Id);
        Assert.Equal([true, false, false], (await service.Published<DonationCollected>()).Where(e => e.DonorId == donor).Select(e => e.FirstTime));
        async Task<string[]> Said() => [.. (await service.Published<DonationFirstTimeChanged>()).Where(e => e.DonorId == donor).Select(e => $"{Array.IndexOf(dins, e.Din)} {e.FirstTime}")];

        await station.Physician.Post($"/v1/visits/{visits[2]}/corrections", new { reasonCode = "wrong-donor" });
        Assert.Empty(await Said());
        Assert.Equal(201, (await station.Physician.Post($"/v1/visits/{visits[0]}/corrections", new { reasonCode = "entered-wrong", values = new { startedAt = now.AddMonths(-15), endedAt = now.AddMonths(-15).AddMinutes(7) } })).Status);
        Assert.Equal(["0 False", "1 True"], await Said());
        Assert.Equal(201, (await station.Physician.Post($"/v1/visits/{visits[1]}/corrections", new { reasonCode = "wrong-donor" })).Status);
        Assert.Equal(["0 False", "1 True", "0 True"], await Said()); // of the void one nothing is said
        Assert.Equal(201, (await station.Physician.Post($"/v1/visits/{visits[0]}/corrections", new { reasonCode = "never-collected" })) is var last ? last.Status == 409 ? (await Other(station).Post($"/v1/visits/{visits[0]}/corrections", new { reasonCode = "never-collected" })).Status : last.Status : 0);
        Assert.Equal(3, (await Said()).Length); // none is left
    }
}
