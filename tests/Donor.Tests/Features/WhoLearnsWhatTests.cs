using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;
using Npgsql;

namespace BloodPlatform.Donors.Tests.Features;

/// <summary>
/// Every route by which a deferral could show to an app: two donors alike but for it are asked everything, and the answers must be the same. (Bookings and
/// results: Event.Tests; the feed: Partner.Tests.)
/// </summary>
[Collection("years ahead")] // a sweep of years ahead takes every restricted person with it
public sealed class WhoLearnsWhatTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private static readonly DateOnly Today = Shanghai.DateOf(TimeProvider.System.GetUtcNow());

    private async Task<(Guid Healthy, Guid Deferred, HttpClient App, SomeStation Station)> Two(bool donated = false)
    {
        var (station, app) = (new SomeStation(service), service.As(Roles.App, Some.Id()));
        var donors = new List<Guid>();
        for (var i = 0; i < 2; i++)
        {
            var made = await app.Post("/v1/donors", new { name = "甲测试", document = new { kind = "resident-id", number = SomeStation.ResidentId(SomeStation.Adult) }, phone = "13900000001", consents = new[] { "registration", "contact" } });
            Assert.Equal(201, made.Status);
            donors.Add(made.Id);
            if (donated) await station.VisitAt("completed", made.Id);
        }
        return (donors[0], donors[1], app, station);
    }

    private static string Seen(Answer answer, Guid donor) => $"{answer.Status} {answer.Response.Headers.ETag} {Without(answer.Body, donor)}";

    // What differs between any two donors: ids, hashes, instants, the masked number.
    private static string Without(JsonElement body, Guid donor) => System.Text.RegularExpressions.Regex.Replace(body.ToString().Replace(donor.ToString(), "", StringComparison.Ordinal),
        """(number|registeredAt|given|at|traceId|requestedAt|qr|din|collectedAt|driveId|id|setAt)":("[^"]*"|null)""", "", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(5));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_an_app_is_answered_does_not_change_when_its_donor_is_deferred_but_for_ask_station(bool donated)
    {
        var (healthy, deferred, app, station) = await Two(donated);
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{deferred}/deferrals", new { code = "T14", from = Today })).Status);
        await service.Deliver(new DonorDeferralRequired { Key = "d", Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = Some.Id(), DonorId = deferred, Din = Some.Key()[^13..], DeferralCode = "P22", Certainty = "provisional" });
        await station.Client.Post($"/v1/donors/{deferred}/late-information", new { note = "肝炎" });

        foreach (var path in new[] { "", "/donations", "/card", "/contact-preferences" })
            Assert.Equal(Seen(await app.Get($"/v1/donors/{healthy}{path}"), healthy), Seen(await app.Get($"/v1/donors/{deferred}{path}"), deferred));
        Assert.Equal(Seen(await app.Post($"/v1/donors/{healthy}/export"), healthy), Seen(await app.Post($"/v1/donors/{deferred}/export"), deferred));
        foreach (var path in new[] { "/deferrals", "/letters", "/full-reads", "/documents", "/erasure" })
            Assert.Equal((403, 403), ((await app.Get($"/v1/donors/{healthy}{path}")).Status, (await app.Get($"/v1/donors/{deferred}{path}")).Status));

        // Changes count alike: the tag an app gets is the next one, whatever happened to the donor between.
        var tags = new List<string>();
        foreach (var donor in new[] { healthy, deferred })
        {
            var tag = (await app.Get($"/v1/donors/{donor}")).Response.Headers.ETag!.Tag;
            var changed = await app.Patch($"/v1/donors/{donor}", new { bloodGroup = "B+" }, tag);
            Assert.Equal(200, changed.Status);
            tags.Add($"{tag} {changed.Response.Headers.ETag}");
        }
        Assert.Equal(tags[0], tags[1]);
        Assert.Equal(Seen(await app.Post($"/v1/donors/{healthy}/erasure"), healthy), Seen(await app.Post($"/v1/donors/{deferred}/erasure"), deferred));
    }

    [Fact]
    public async Task Every_medical_reason_looks_alike_on_every_day()
    {
        var (_, cold, app, station) = await Two();
        var (_, reactive, otherApp, _) = await Two();
        await station.Client.Post($"/v1/donors/{cold}/deferrals", new { code = "T10", from = Today });
        await service.Deliver(new DonorDeferralRequired { Key = "d", Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = Some.Id(), DonorId = reactive, Din = Some.Key()[^13..], DeferralCode = "P22", Certainty = "confirmed" });
        foreach (var days in new[] { 0, 1, 6, 7, 8, 30, 364 })
            foreach (var procedure in new[] { "whole-blood", "apheresis-platelets" })
            {
                var query = $"/eligibility?procedure={procedure}&asOf={Today.AddDays(days):yyyy-MM-dd}";
                var (one, other) = (await app.Get($"/v1/donors/{cold}{query}"), await otherApp.Get($"/v1/donors/{reactive}{query}"));
                Assert.Equal("""{"eligible":false,"category":"ask-station","eligibleFrom":null}""", one.Body.ToString());
                Assert.Equal(one.Body.ToString(), other.Body.ToString());
            }
        Assert.Equal(422, (await app.Get($"/v1/donors/{cold}/eligibility?asOf={Today.AddYears(1).AddDays(1):yyyy-MM-dd}")).Status);
    }

    [Fact]
    public async Task No_refusal_tells_an_app_that_its_donor_is_deferred_or_why()
    {
        var (healthy, cold, app, station) = await Two();
        var (_, reactive, otherApp, _) = await Two();
        await station.Client.Post($"/v1/donors/{cold}/deferrals", new { code = "T10", from = Today });
        await service.Deliver(new DonorDeferralRequired { Key = "d", Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = Some.Id(), DonorId = reactive, Din = Some.Key()[^13..], DeferralCode = "P22", Certainty = "confirmed" });
        async Task<List<string>> Refusals(Guid donor, HttpClient by) =>
        [
            .. new[]
            {
                await by.Get($"/v1/donors/{donor}/eligibility?procedure=magic"), await by.Get($"/v1/donors/{donor}/eligibility?volumeMl=250"), await by.Get($"/v1/donors/{donor}/eligibility?asOf=2020-01-01"),
                await by.Patch($"/v1/donors/{donor}", new { bloodGroup = "C+" }, "*"), await by.Patch($"/v1/donors/{donor}", new { bloodGroup = "A+" }, "\"99\""), await by.Put($"/v1/donors/{donor}/contact-preferences", new { reminders = "hourly", channels = Array.Empty<string>() }, "*"),
                await by.Get($"/v1/donors/{donor}/deferrals"), await by.Post($"/v1/donors/{donor}/deferrals", new { code = "T10", from = Today }), await by.Post($"/v1/donors/{donor}/late-information", new { }), await by.Get($"/v1/donors/{donor}/letters"),
                await by.Post("/v1/visits", new { donorId = donor, collectionPoint = "x", identityCheck = new { kind = "resident-id", method = "chip", outcome = "match" } }),
                await service.As(Roles.App, Some.Id()).Get($"/v1/donors/{donor}"), await service.As(Roles.App, Some.Id()).Get($"/v1/donors/{donor}/eligibility"),
            }.Select(a => { Assert.InRange(a.Status, 400, 499); return Seen(a, donor); }),
        ];
        var (one, two, three) = (await Refusals(healthy, app), await Refusals(cold, app), await Refusals(reactive, otherApp));
        Assert.Equal(one, two);
        Assert.Equal(one, three);
    }

    [Fact]
    public async Task Registering_who_is_known_or_was_erased_is_answered_alike_whatever_he_was_deferred_for()
    {
        var (station, app) = (new SomeStation(service), service.As(Roles.App, Some.Id()));
        var answers = new List<string>();
        foreach (var code in new[] { null, "T10", "P22" })
        {
            object body = new { name = "甲测试", document = new { kind = "resident-id", number = SomeStation.ResidentId(SomeStation.Adult) }, phone = "13900000001", consents = new[] { "registration" } };
            var donor = (await station.Client.Post("/v1/donors", body)).Id;
            if (code is not null) Assert.Equal(201, (await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code, from = Today })).Status);
            var (known, linked) = (await station.Client.Post("/v1/donors", body), await app.Post("/v1/donors", body));
            Assert.Equal((409, 202), (known.Status, linked.Status));
            await station.Client.Post($"/v1/donors/{donor}/erasure");
            var afresh = await app.Post("/v1/donors", body);
            Assert.Equal(201, afresh.Status);
            answers.Add(string.Join('|', Seen(known, donor), Seen(linked, donor), Seen(afresh, afresh.Id)));
        }
        Assert.Equal([answers[0], answers[0]], answers.Skip(1));
    }

    [Fact]
    public async Task The_answer_to_an_app_costs_the_same_round_trips_whatever_is_known()
    {
        var (healthy, deferred, app, station) = await Two(donated: true);
        await station.Client.Post($"/v1/donors/{deferred}/deferrals", new { code = "T14", from = Today });
        var settings = new NpgsqlConnectionStringBuilder(service.Database.Service("donor"));
        await using var line = new TcpProxy(settings.Host!, settings.Port);
        (settings.Port, settings.MaxPoolSize, settings.SslMode) = (line.Port, 4, SslMode.Disable);
        var counted = await ServiceUnderTest.Start("donor", Program.Create, database: service.Database, tokens: service.Tokens, migrate: false, settings: "--ConnectionStrings:Service=" + settings.ConnectionString);
        try
        {
            using var through = new HttpClient { BaseAddress = counted.Address };
            through.DefaultRequestHeaders.Authorization = app.DefaultRequestHeaders.Authorization;
            Task<int> Least(Guid donor, string path) => line.Least(async () => Assert.Equal(200, (await through.Get($"/v1/donors/{donor}{path}")).Status));
            foreach (var path in new[] { "/eligibility", "", "/donations", "/card" })
            {
                var (one, other) = (await Least(healthy, path), await Least(deferred, path));
                Assert.Equal((path, one), (path, other));
                Assert.InRange(one, 1, 3);
            }
        }
        finally { await counted.Stop(); }
    }

    [Fact]
    public async Task A_booking_service_is_told_stretches_without_reasons_and_without_their_number()
    {
        var (_, deferred, _, station) = await Two();
        await station.Client.Post($"/v1/donors/{deferred}/deferrals", new { code = "T14", from = Today });
        await station.Client.Post($"/v1/donors/{deferred}/deferrals", new { code = "T10", from = Today });
        var last = (await service.Published<DonorEligibilityChanged>()).Last(e => e.DonorId == deferred);
        var whole = last.Procedures.Single(p => p.Procedure == "whole-blood");
        Assert.Equal(Today, Assert.Single(whole.AskStation!).From);
        Assert.DoesNotContain("\"T1", JsonSerializer.Serialize(last, Json.Options), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replayed_answer_is_the_old_one_and_no_other_key_reads_it()
    {
        var (_, deferred, app, station) = await Two();
        var key = Some.Key();
        var first = await app.Post($"/v1/donors/{deferred}/export", new { }, key); // reads: the key is ignored, nothing is stored
        await station.Client.Post($"/v1/donors/{deferred}/deferrals", new { code = "T14", from = Today });
        var again = await app.Post($"/v1/donors/{deferred}/export", new { }, key);
        Assert.False(again.Response.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal(Seen(first, deferred), Seen(again, deferred));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from donor.idempotency where key = @key", new { key }));
    }

    [Fact]
    public async Task Reasons_reach_the_donor_through_a_person_of_the_station_and_nobody_else()
    {
        var (_, deferred, _, station) = await Two();
        await station.Client.Post($"/v1/donors/{deferred}/deferrals", new { code = "T14", from = Today });
        var path = $"/v1/donors/{deferred}/letters";
        foreach (var role in new[] { Roles.App, Roles.Organiser, Roles.Hospital, Roles.Authority, Roles.Admin }) Assert.Equal(403, (await service.As(role, role is Roles.Authority or Roles.Admin ? null : Some.Id()).Get(path)).Status);
        Assert.Equal("staff_required", (await station.Client.Get(path)).Code);
        var letter = Assert.Single((await station.Physician.Get(path))["items"].EnumerateArray());
        Assert.Contains(Today.AddYears(1).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), letter.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from donor.audit where action = 'donor.letters' and resource = @r", new { r = $"donors/{deferred}" }));
    }

    private static readonly string[] Causes = ["nothing", "counter", "result", "late", "register", "withdrawal"];

    private static readonly string[] InTheChair = ["leaves", "leaves-privately", "refuses", "too-soon", "fever", "answer", "pretest", "physician", "register", "expected"];

    /// <summary>What an app reads of what happened, what it could read of the reminder to come, and the tags it polls.</summary>
    private async Task<List<string>> Over(Guid donor, HttpClient app) =>
    [
        .. await Observed.By(Roles.App, service, donor),
        "next " + await service.Database.Scalar<string>("select coalesce(next_on::text, 'none') || ' ' || reminders from donor.contact_preference where donor_id = @donor", new { donor }),
        $"tags {(await app.Get($"/v1/donors/{donor}")).Response.Headers.ETag} {(await app.Get($"/v1/donors/{donor}/contact-preferences")).Response.Headers.ETag}",
    ];

    private async Task<Guid> Agreed(HttpClient app)
    {
        var made = await app.Post("/v1/donors", new { name = "甲测试", document = new { kind = "resident-id", number = SomeStation.ResidentId(SomeStation.Adult) }, phone = "13900000001", consents = new[] { "registration", "contact" } });
        Assert.Equal(200, (await app.Put($"/v1/donors/{made.Id}/contact-preferences", new { reminders = "every-time", channels = new[] { "sms" } }, "\"0\"")).Status);
        return made.Id;
    }

    [Fact]
    public async Task What_an_app_reads_of_a_donation_and_after_it_in_which_order_and_at_which_distance_is_the_same_whatever_turns_out()
    {
        var (station, app) = (new SomeStation(service), service.As(Roles.App, Some.Id()));
        async Task<List<string>> After(string cause)
        {
            var donor = await Agreed(app);
            if (cause == "register") await station.Client.Put($"/v1/external-checks/{donor}", new { outcome = "unavailable" });
            var visit = await station.VisitAt(cause == "withdrawal" ? "collecting" : "completed", donor);
            if (cause == "withdrawal")
            {
                Assert.Equal(200, (await station.Client.Post($"/v1/visits/{visit}/private-withdrawal")).Status);
                await station.Finish(visit);
                await station.Physician.Post($"/v1/visits/{visit}/complete");
            }
            var din = await service.Database.Scalar<string>("select din from donor.visit where id = @visit", new { visit });
            if (cause == "counter") Assert.Equal(201, (await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T14", from = Today })).Status);
            if (cause == "late") Assert.Equal(200, (await station.Client.Post($"/v1/donors/{donor}/late-information", new { note = "肝炎" })).Status);
            foreach (var certainty in cause == "result" ? new[] { "provisional", "confirmed" } : [])
                await service.Deliver(new DonorDeferralRequired { Key = din, Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), RequirementId = Some.Id(), DonorId = donor, Din = din, DeferralCode = "P22", Certainty = certainty });
            if (cause == "register")
            {
                await station.Client.Put($"/v1/external-checks/{donor}", new { outcome = "hit" });
                await Eventually.That(() => service.Database.Scalar<bool>("select external_check = 'hit' from donor.visit where id = @visit", new { visit }));
            }
            Assert.Equal(cause is "nothing" or "withdrawal" ? 0 : 1, await service.Database.Scalar<int>("select least(1, count(*))::int from donor.deferral where donor_id = @donor", new { donor }));
            Assert.Equal(cause is not ("nothing" or "result"), (await service.Published<DonationWithdrawn>()).Exists(e => e.DonorId == donor));
            return await Over(donor, app);
        }
        var healthy = await After(Causes[0]);
        Assert.Equal(["DonorRegistered", "DonationCollected", "ContactRequested", "next", "tags"], healthy.Select(e => e.Split(' ')[0]));
        Assert.Contains(Today.AddMonths(6).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), healthy[3], StringComparison.Ordinal);
        foreach (var cause in Causes.Skip(1)) Assert.Equal((cause, string.Join('\n', healthy)), (cause, Observed.Alike(string.Join('\n', healthy), string.Join('\n', await After(cause)))));
    }

    [Fact]
    public async Task What_an_app_reads_of_who_leaves_without_giving_is_the_same_whether_he_was_deferred_or_changed_his_mind()
    {
        var (station, app) = (new SomeStation(service), service.As(Roles.App, Some.Id()));
        async Task<List<string>> After(string cause)
        {
            var donor = await Agreed(app);
            if (cause == "too-soon") await station.Backfill(donor, Shanghai.StartOf(Today.AddMonths(-1)).AddHours(10), (await station.Dins())[0]);
            if (cause == "register") await station.Client.Put($"/v1/external-checks/{donor}", new { outcome = "hit" });
            if (cause == "expected") await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T14", from = Today });
            var before = (await Observed.By(Roles.App, service, donor)).Count;
            var visit = await station.VisitAt(cause switch { "fever" => "hygiene-done", "answer" => "vitals-taken", "pretest" or "physician" or "leaves-privately" => "consulted", _ => "checked-in" }, donor);
            var answer = cause switch
            {
                "leaves" => await station.Client.Post($"/v1/visits/{visit}/abandon"),
                "leaves-privately" => await station.Client.Post($"/v1/visits/{visit}/private-withdrawal"),
                "refuses" => await station.Registrar.Post($"/v1/visits/{visit}/consent", new { accepted = false }),
                "fever" => await station.Registrar.Post($"/v1/visits/{visit}/vitals", new { temperatureC = 38.5, systolic = 120, diastolic = 80, pulse = 72, weightKg = 65.0 }),
                "answer" => await station.Consult(visit, fitToDonate: false),
                "pretest" => await station.Physician.Post($"/v1/visits/{visit}/pretest", new { haemoglobin = new { method = "meter", valueGl = 140 }, bloodGroup = "O+", altPass = true, hbsagPass = false }),
                "physician" => await station.Physician.Post($"/v1/visits/{visit}/defer", new { code = "T03" }),
                _ => await station.Client.Get($"/v1/visits/{visit}"),
            };
            Assert.Equal((200, cause.StartsWith("leaves", StringComparison.Ordinal) ? "abandoned" : "deferred"), (answer.Status, answer.Text("status")));
            return [$"{(await Observed.By(Roles.App, service, donor)).Count - before} more", .. (await Over(donor, app)).Where(e => cause != "too-soon" || e.StartsWith("DonorRegistered", StringComparison.Ordinal) || e.StartsWith("tags", StringComparison.Ordinal))];
        }
        var left = await After(InTheChair[0]);
        Assert.Equal(["0", "DonorRegistered", "next", "tags"], left.Select(e => e.Split(' ')[0]));
        foreach (var cause in InTheChair.Skip(1))
        {
            var expected = string.Join('\n', left.Where(e => cause != "too-soon" || !e.StartsWith("next", StringComparison.Ordinal)));
            Assert.Equal((cause, expected), (cause, Observed.Alike(expected, string.Join('\n', await After(cause)))));
        }
    }

    [Fact]
    public async Task Organisers_and_hospitals_read_nothing_that_this_service_says_of_a_donor()
    {
        var (healthy, deferred, _, station) = await Two(donated: true);
        await station.Client.Post($"/v1/donors/{deferred}/late-information", new { note = "肝炎" });
        foreach (var role in new[] { Roles.Organiser, Roles.Hospital })
            foreach (var donor in new[] { healthy, deferred }) Assert.Empty(await Observed.By(role, service, donor));
    }
}
