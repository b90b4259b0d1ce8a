using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Donors.Features.Erasures;
using BloodPlatform.Donors.Rules;
using Microsoft.Extensions.DependencyInjection;

namespace BloodPlatform.Donors.Tests.Features;

[Collection("years ahead")] // a sweep of years ahead takes every restricted person with it
public sealed class ErasureTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private static object Body(string number, string phone = "13900000001") =>
        new { name = "甲测试", document = new { kind = "resident-id", number }, phone, consents = new[] { "registration", "contact" } };

    private async Task<(Guid Id, string Number)> Donor(SomeStation station, HttpClient? by = null)
    {
        var number = SomeStation.ResidentId(SomeStation.Adult);
        var made = await (by ?? station.Client).Post("/v1/donors", Body(number));
        Assert.Equal(201, made.Status);
        return (made.Id, number);
    }

    private Task<long> Keys(Guid donor) => service.Database.Scalar<long>("select count(*) from donor.subject_key where subject_id = @donor", new { donor });

    private Task Sweep(int years) => ActivatorUtilities.CreateInstance<DestroyKeys>(service.App.Services, new Later(years)).LookNow(TestContext.Current.CancellationToken);

    [Fact]
    public async Task Who_never_gave_and_was_never_deferred_is_erased_at_once()
    {
        var station = new SomeStation(service);
        var (donor, number) = await Donor(station);
        var erased = await station.Client.Post($"/v1/donors/{donor}/erasure");
        Assert.Equal((200, "erased"), (erased.Status, erased.Text("outcome")));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, erased["retainUntil"].ValueKind);
        Assert.Equal(0, await Keys(donor));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from donor.tombstone where donor_id = @donor", new { donor }));
        Assert.Equal("erased:0:0:0", await service.Database.Scalar<string>("select status || ':' || length(name) || ':' || length(phone) || ':' || length(document_number) from donor.donor where id = @donor", new { donor }));
        Assert.Single(await service.Published<DonorErased>(), e => e.DonorId == donor);
        // The same again is the same; he is found by nothing, and his document registers as anybody's.
        Assert.Equal(erased.Text("id"), (await station.Client.Post($"/v1/donors/{donor}/erasure")).Text("id"));
        Assert.Single(await service.Published<DonorErased>(), e => e.DonorId == donor);
        Assert.Empty((await station.Client.Post("/v1/donors/search", new { document = new { kind = "resident-id", number } }))["items"].EnumerateArray());
        var afresh = await station.Client.Post("/v1/donors", Body(number));
        Assert.Equal(201, afresh.Status);
        Assert.True((await station.Eligibility(afresh.Id))["eligible"].GetBoolean());
    }

    [Fact]
    public async Task A_reaction_and_what_a_severe_one_forbids_for_ever_meet_him_when_he_registers_afresh()
    {
        var station = new SomeStation(service);
        var number = SomeStation.ResidentId(Shanghai.DateOf(Now).AddYears(-57));
        var donor = (await station.Client.Post("/v1/donors", Body(number))).Id;
        var visit = (await station.Backfill(donor, Now.AddMonths(-36), (await station.Dins())[0])).Id;
        await station.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "cardiac", severity = "severe", at = Now.AddMonths(-36).AddMinutes(20) });
        await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "P22", from = Shanghai.DateOf(Now) });
        async Task<string[]> Rules(Guid id) => [.. SomeStation.Rules(await station.Eligibility(id)).Order(StringComparer.Ordinal)];
        Assert.Equal(["AGE_MAX_FIRST", "P22"], await Rules(donor));
        foreach (var _ in new[] { 1, 2 }) // and whoever follows him
        {
            Assert.Equal("restricted", (await station.Client.Post($"/v1/donors/{donor}/erasure")).Text("outcome"));
            donor = (await station.Client.Post("/v1/donors", Body(number))).Id;
            Assert.Equal(["AGE_MAX_FIRST", "P22"], await Rules(donor));
        }
        var told = (await service.Published<DonorEligibilityChanged>()).Single(e => e.DonorId == donor);
        Assert.All(told.Procedures, p => Assert.DoesNotContain(p.Windows, w => w.To is null || w.To > Shanghai.DateOf(Now)));
    }

    [Fact]
    public async Task A_reaction_that_is_told_after_the_erasure_reaches_who_registered_afresh()
    {
        var station = new SomeStation(service);
        var number = SomeStation.ResidentId(Shanghai.DateOf(Now).AddYears(-57));
        var donor = (await station.Client.Post("/v1/donors", Body(number))).Id;
        var visit = (await station.Backfill(donor, Now.AddMonths(-36), (await station.Dins())[0])).Id;
        await station.Client.Post($"/v1/donors/{donor}/erasure");
        var afresh = (await station.Client.Post("/v1/donors", Body(number))).Id;
        Assert.Equal(201, (await station.Client.Post($"/v1/visits/{visit}/reactions", new { kind = "cardiac", severity = "severe", at = Now.AddMonths(-36).AddMinutes(20) })).Status);
        await Eventually.That(async () => await service.Database.Scalar<long>("select count(*) from donor.carried_reaction where donor_id = @afresh", new { afresh }) == 1);
        Assert.Contains("AGE_MAX_FIRST", SomeStation.Rules(await station.Eligibility(afresh)));
    }

    [Fact]
    public async Task While_the_record_duty_runs_identity_is_restricted_then_its_key_is_destroyed()
    {
        var station = new SomeStation(service);
        var (donor, number) = await Donor(station);
        var visit = await station.VisitAt("completed", donor);
        var erased = await station.Client.Post($"/v1/donors/{donor}/erasure");
        var until = Shanghai.DateOf(Now).AddYears(10);
        Assert.Equal((200, "restricted", until.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)), (erased.Status, erased.Text("outcome"), erased.Text("retainUntil")));
        Assert.Equal(10, erased["retention"].GetProperty("years").GetInt32());

        var read = await station.Client.Get($"/v1/donors/{donor}");
        Assert.Equal((200, "restricted", "", ""), (read.Status, read.Text("status"), read.Text("name"), read.Text("phone")));
        Assert.Empty((await station.Client.Post("/v1/donors/search", new { document = new { kind = "resident-id", number } }))["items"].EnumerateArray());
        foreach (var answer in new[] { await station.Client.Patch($"/v1/donors/{donor}", new { bloodGroup = "A+" }, "*"), await station.Eligibility(donor), await station.Open(donor) })
            Assert.Equal((409, "donor_not_active"), (answer.Status, answer.Code));
        Assert.Single((await station.Client.Get($"/v1/donors/{donor}/donations")).Body.EnumerateArray());
        Assert.Equal(200, (await station.Client.Get($"/v1/visits/{visit}")).Status);
        Assert.Equal(1, await Keys(donor));

        // What he tells afterwards still holds his bags.
        Assert.Single((await station.Client.Post($"/v1/donors/{donor}/late-information", new { }))["dins"].EnumerateArray());

        await Sweep(9);
        Assert.Equal(1, await Keys(donor));
        // Who is being looked back on is needed until it is closed: a patient's harm may hang on who he was.
        var lookback = new LookbackOpened { Key = Some.Id().ToString(), Version = 1, OccurredAt = Now, StationId = station.Id, LookbackId = Some.Id(), DonorId = donor, Din = "A999926000001" };
        await service.Deliver(lookback);
        await Sweep(11);
        Assert.Equal(1, await Keys(donor));
        await service.Deliver(new LookbackClosed { Key = lookback.Key, Version = 2, OccurredAt = Now, StationId = station.Id, LookbackId = lookback.LookbackId, DonorId = donor, Din = lookback.Din });
        await Sweep(11);
        Assert.Equal(0, await Keys(donor));
        Assert.Contains((await station.Client.Get($"/v1/donors/{donor}")).Status, new[] { 404, 409 }); // a fresh id is waited for
        Assert.Equal("erased", (await station.Client.Get($"/v1/donors/{donor}/erasure")).Text("outcome"));
        Assert.Single((await station.Client.Get($"/v1/donors/{donor}/donations")).Body.EnumerateArray()); // the chain of the bag stays whole
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from donor.audit where action = 'donor.key-destroyed' and resource = @r", new { r = $"donors/{donor}" }));
    }

    [Fact]
    public async Task An_app_can_not_tell_whether_a_record_is_kept()
    {
        var (station, app) = (new SomeStation(service), service.As(Roles.App, Some.Id()));
        var answers = new List<string>();
        foreach (var deferred in new[] { false, true })
        {
            var (donor, number) = await Donor(station, app);
            if (deferred) Assert.Equal(201, (await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T14", from = Shanghai.DateOf(Now) })).Status);
            var erased = await app.Post($"/v1/donors/{donor}/erasure");
            answers.Add(erased.ToString().Replace(donor.ToString(), "", StringComparison.Ordinal).Replace(erased.Text("id"), "", StringComparison.Ordinal).Replace(erased.Text("requestedAt"), "", StringComparison.Ordinal));
            Assert.Contains((await app.Get($"/v1/donors/{donor}")).Status, new[] { 404, 409 }); // a fresh id is waited for
            Assert.Equal(deferred ? 1 : 0, await Keys(donor));
            var afresh = await app.Post("/v1/donors", Body(number));
            answers.Add($"{afresh.Status} {afresh.Response.Headers.ETag} {afresh.Body.EnumerateObject().Count()}");
        }
        Assert.Equal((answers[0], answers[1]), (answers[2], answers[3]));
        Assert.StartsWith("200", answers[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Registering_afresh_with_the_same_document_meets_the_same_deferral_and_the_same_interval()
    {
        var station = new SomeStation(service);
        var (donor, number) = await Donor(station);
        await station.VisitAt("completed", donor);
        await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T14", from = Shanghai.DateOf(Now) });
        var before = await station.Eligibility(donor);
        await station.Client.Post($"/v1/donors/{donor}/erasure");

        var afresh = await station.Client.Post("/v1/donors", Body(number));
        Assert.Equal(201, afresh.Status);
        var after = await station.Eligibility(afresh.Id);
        Assert.False(after["eligible"].GetBoolean());
        Assert.Equal((before.Text("eligibleFrom"), string.Join(',', SomeStation.Rules(before))), (after.Text("eligibleFrom"), string.Join(',', SomeStation.Rules(after))));
        Assert.Equal("earlier", Assert.Single((await station.Client.Get($"/v1/donors/{afresh.Id}/deferrals"))["items"].EnumerateArray()).GetProperty("origin").GetString());
        Assert.Empty((await station.Client.Get($"/v1/donors/{afresh.Id}/donations")).Body.EnumerateArray()); // what he gave before is not his any more

        // Erased again and back again, with the key of the first destroyed: still the same.
        await station.Client.Post($"/v1/donors/{afresh.Id}/erasure");
        await Sweep(11);
        var third = await station.Client.Post("/v1/donors", Body(number));
        Assert.Equal(after.Text("eligibleFrom"), (await station.Eligibility(third.Id)).Text("eligibleFrom"));
        var windows = (await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == third.Id).ToList();
        Assert.DoesNotContain(Assert.Single(windows).Procedures.Single(p => p.Procedure == "whole-blood").Windows, w => w.From <= Shanghai.DateOf(Now) && !(w.To < Shanghai.DateOf(Now)));
    }

    [Fact]
    public async Task Who_registers_while_he_is_being_erased_is_found_or_meets_his_deferral_and_never_begins_anew()
    {
        var station = new SomeStation(service);
        for (var round = 0; round < 15; round++)
        {
            var (donor, number) = await Donor(station);
            await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T14", from = Shanghai.DateOf(Now) });
            using var together = new Barrier(4);
            Task<Answer> Act(Func<Task<Answer>> act) => Task.Run(() => { together.SignalAndWait(); return act(); });
            var erasing = Act(() => station.Client.Post($"/v1/donors/{donor}/erasure"));
            Answer[] registered = await Task.WhenAll(Act(() => station.Client.Post("/v1/donors", Body(number))), Act(() => station.Client.Post("/v1/donors", Body(number))), Act(() => new SomeStation(service).Client.Post("/v1/donors", Body(number))));
            Assert.Equal("restricted", (await erasing).Text("outcome"));
            // One more when all is over: exactly one new donor in the end, whoever was first.
            registered = [.. registered, await station.Client.Post("/v1/donors", Body(number))];
            var afresh = Assert.Single(registered, r => r.Status == 201).Id;
            Assert.All(registered.Where(r => r.Status != 201), r => Assert.True(r.Code == "donor_exists" && (r["donorId"].GetGuid() == donor || r["donorId"].GetGuid() == afresh), r.ToString()));
            Assert.Equal("T14", Assert.Single(SomeStation.Rules(await station.Eligibility(afresh))));
            Assert.Equal("earlier", Assert.Single((await station.Client.Get($"/v1/donors/{afresh}/deferrals"))["items"].EnumerateArray()).GetProperty("origin").GetString());
            Assert.All((await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == afresh).SelectMany(e => e.Procedures), p => Assert.DoesNotContain(p.Windows, w => w.From <= Shanghai.DateOf(Now) && !(w.To < Shanghai.DateOf(Now))));
            Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from donor.tombstone where donor_id = @donor", new { donor }));
        }
    }

    [Fact]
    public async Task Two_who_come_with_two_documents_of_one_erased_person_both_learn_what_is_found_out_later()
    {
        var station = new SomeStation(service);
        var (donor, number) = await Donor(station);
        var passport = "E" + Some.Key()[^8..].ToUpperInvariant();
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{donor}/documents", new { kind = "passport", number = passport, seen = true })).Status);
        await station.VisitAt("completed", donor);
        var din = (await service.Published<DonationCollected>()).Single(e => e.DonorId == donor).Din;
        Assert.Equal("restricted", (await station.Client.Post($"/v1/donors/{donor}/erasure")).Text("outcome"));
        var byCard = (await station.Client.Post("/v1/donors", Body(number))).Id;
        var byPassport = (await station.Client.Post("/v1/donors", new { name = "甲测试", document = new { kind = "passport", number = passport }, sex = "male", birthDate = "1990-01-01", phone = "13900000001", consents = new[] { "registration" } })).Id;
        Guid[] both = [byCard, byPassport];
        foreach (var one in both) Assert.Equal(["INTERVAL_WB_WB"], SomeStation.Rules(await station.Eligibility(one)));

        DonorDeferralRequired Reactive(string code) => new() { Key = din, Version = 1, OccurredAt = Now, StationId = station.Id, RequirementId = Some.Id(), DonorId = donor, Din = din, DeferralCode = code, Certainty = "provisional" };
        await service.Deliver(Reactive("P22"));
        foreach (var one in both) await Eventually.That(async () => SomeStation.Rules(await station.Eligibility(one)).Contains("P22"));
        // One of them is erased too: the other still learns, and so does whoever comes with his card.
        Assert.Equal("restricted", (await station.Client.Post($"/v1/donors/{byCard}/erasure")).Text("outcome"));
        await service.Deliver(Reactive("P01"));
        await Eventually.That(async () => SomeStation.Rules(await station.Eligibility(byPassport)).Contains("P01"));
        var third = (await station.Client.Post("/v1/donors", Body(number))).Id;
        await Eventually.That(async () => SomeStation.Rules(await station.Eligibility(third)) is var rules && rules.Contains("P22") && rules.Contains("P01"));
        foreach (var one in new[] { byPassport, third }) Assert.Equal(2, (await station.Client.Get($"/v1/donors/{one}/deferrals"))["items"].GetArrayLength());
    }

    [Fact]
    public async Task Two_who_showed_documents_of_one_erased_person_are_surely_one_and_what_forbids_one_forbids_the_other()
    {
        var station = new SomeStation(service);
        var (donor, number) = await Donor(station);
        string[] passports = [.. Enumerable.Range(0, 2).Select(_ => "E" + Some.Key()[^8..].ToUpperInvariant())];
        foreach (var passport in passports) Assert.Equal(201, (await station.Client.Post($"/v1/donors/{donor}/documents", new { kind = "passport", number = passport, seen = true })).Status);
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{donor}/deferrals", new { code = "T14", from = Shanghai.DateOf(Now).AddDays(-500) })).Status);
        Assert.Equal("restricted", (await station.Client.Post($"/v1/donors/{donor}/erasure")).Text("outcome"));
        async Task<Guid> Come(string name, string phone, string kind, string shown)
        {
            var came = await station.Client.Post("/v1/donors", new { name, document = new { kind, number = shown }, sex = "male", birthDate = "1990-01-01", phone, consents = new[] { "registration" }, documentSeen = true });
            Assert.Equal(201, came.Status);
            return came.Id;
        }
        async Task<string[]> Codes(Guid of) => [.. (await station.Client.Get($"/v1/donors/{of}/deferrals"))["items"].EnumerateArray().Select(d => d.GetProperty("code").GetString()!).Order(StringComparer.Ordinal)];
        var one = await Come("乙别名", "13911111111", "resident-id", number);
        var other = await Come("丁另名", "13922222222", "passport", passports[0]);
        var din = (await station.Client.Get($"/v1/visits/{await station.VisitAt("completed", other)}")).Text("din")!;

        // They share no name and no telephone: candidates all the same, as sure as can be, and nothing is said but that.
        var pair = Assert.Single((await station.Client.Get($"/v1/donor-duplicates?donorId={one}&minScore=100"))["items"].EnumerateArray());
        Assert.Equal((100, "[\"same-erased-person\"]", "[]"), (pair.GetProperty("score").GetInt32(), pair.GetProperty("why").GetRawText(), pair.GetProperty("against").GetRawText()));
        Assert.Equal(new[] { one, other }.Order(), new[] { pair.GetProperty("first").GetProperty("id").GetGuid(), pair.GetProperty("second").GetProperty("id").GetGuid() }.Order());
        Assert.DoesNotContain(donor.ToString(), pair.GetRawText(), StringComparison.Ordinal);

        // A laboratory's result of the one, a station's word of the other: each is the other's too, once, and what he gave is withdrawn.
        await service.Deliver(new DonorDeferralRequired { Key = din, Version = 1, OccurredAt = Now, StationId = station.Id, RequirementId = Some.Id(), DonorId = other, Din = din, DeferralCode = "P22", Certainty = "provisional" });
        await Eventually.That(async () => (await Codes(one)).Contains("P22"));
        Assert.DoesNotContain(await service.Published<DonationWithdrawn>(), e => e.Din == din); // the laboratory holds that itself
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{one}/deferrals", new { code = "P07", from = Shanghai.DateOf(Now).AddDays(-1) })).Status);
        await Eventually.That(async () => (await Codes(other)).Contains("P07"));
        Assert.Single(await service.Published<DonationWithdrawn>(), e => e.Din == din && e.DonorId == other);
        Assert.DoesNotContain((await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == one || e.DonorId == other).GroupBy(e => e.DonorId).SelectMany(g => g.MaxBy(e => e.Version)!.Procedures), p => p.Windows.Any(w => w.To is null || w.To > Shanghai.DateOf(Now)));
        // Who comes with a third document later meets what both were found to have since; and nothing goes round.
        var third = await Come("戊三名", "13933333333", "passport", passports[1]);
        await Eventually.That(async () => (await Codes(third)).Length == 2);
        await Eventually.That(async () => await service.Database.Scalar<long>("select count(*) from donor.job where kind in ('follow-claimant', 'follow-erased') and state in ('queued', 'running') and input::text like '%' || @third || '%'", new { third = third.ToString() }) == 0);
        foreach (var of in new[] { one, other, third }) Assert.Equal(["P07", "P22"], await Codes(of));
        Assert.Equal(3, (await station.Client.Get($"/v1/donor-duplicates?minScore=100&limit=1000"))["items"].EnumerateArray().Count(i => new[] { "first", "second" }.All(side => new[] { one, other, third }.Contains(i.GetProperty(side).GetProperty("id").GetGuid()))));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from donor.job where input::text like '%P07%' or input::text like '%P22%'"));
    }

    [Fact]
    public async Task What_is_told_of_a_donor_whose_key_is_destroyed_still_holds_his_bags_and_meets_who_comes_with_his_document()
    {
        var station = new SomeStation(service);
        var (donor, number) = await Donor(station);
        var visit = await station.VisitAt("completed", donor);
        var din = (await station.Client.Get($"/v1/visits/{visit}")).Text("din");
        var (nobody, _) = await Donor(station); // never gave: nothing of his is left
        foreach (var one in new[] { donor, nobody }) Assert.Equal(200, (await station.Client.Post($"/v1/donors/{one}/erasure")).Status);
        await Sweep(11);
        Assert.Equal(0, await Keys(donor));
        var version = (await service.Published<DonorErased>()).Single(e => e.DonorId == donor).Version;

        Assert.Equal("deferral_code_unknown", (await station.Client.Post($"/v1/donors/{donor}/late-information", new { code = "SYSTOLIC" })).Code);
        Assert.DoesNotContain(await service.Published<DonationWithdrawn>(), e => e.DonorId == donor);
        Assert.Contains((await station.Client.Post($"/v1/donors/{nobody}/late-information", new { })).Status, new[] { 404, 409 }); // a fresh id is waited for
        var told = await station.Client.Post($"/v1/donors/{donor}/late-information", new { note = "昨夜发热" });
        Assert.Equal((200, System.Text.Json.JsonValueKind.Null, $"[\"{din}\"]"), (told.Status, told["deferralId"].ValueKind, told["dins"].GetRawText()));
        var withdrawn = Assert.Single(await service.Published<DonationWithdrawn>(), e => e.DonorId == donor);
        Assert.Equal((din, station.Id, "late-information", donor.ToString(), version + 1), (withdrawn.Din, withdrawn.StationId, withdrawn.HoldKind, withdrawn.Key, withdrawn.Version));
        Assert.Equal(withdrawn.WithdrawalId, await service.Database.Scalar<Guid>("select id from donor.withdrawal where din = @din", new { din }));
        // Told again, said again: under the next version.
        Assert.Equal(200, (await station.Client.Post($"/v1/donors/{donor}/late-information", new { code = "P07" })).Status);
        Assert.Equal([version + 1, version + 2], (await service.Published<DonationWithdrawn>()).Where(e => e.DonorId == donor).Select(e => e.Version).Order());
        var afresh = (await station.Client.Post("/v1/donors", Body(number))).Id;
        Assert.Contains("P07", SomeStation.Rules(await station.Eligibility(afresh)));
        Assert.Equal(2, (await station.Client.Get($"/v1/donors/{afresh}/deferrals"))["items"].GetArrayLength());
    }

    [Fact]
    public async Task A_result_that_comes_after_the_erasure_reaches_whoever_registered_with_the_document()
    {
        var station = new SomeStation(service);
        var (donor, number) = await Donor(station);
        await station.VisitAt("completed", donor);
        var din = (await service.Published<DonationCollected>()).Single(e => e.DonorId == donor).Din;
        await station.Client.Post($"/v1/donors/{donor}/erasure");
        var afresh = (await station.Client.Post("/v1/donors", Body(number))).Id;
        DonorDeferralRequired Reactive(Guid of) => new() { Key = din, Version = 1, OccurredAt = Now, StationId = station.Id, RequirementId = Some.Id(), DonorId = of, Din = din, DeferralCode = "P22", Certainty = "provisional" };
        await service.Deliver(Reactive(donor));
        await Eventually.That(async () => SomeStation.Rules(await station.Eligibility(afresh)).Contains("P22"));
        Assert.Single((await station.Client.Get($"/v1/donors/{afresh}/deferrals"))["items"].EnumerateArray());

        // And when the key is gone: what remains holds it, so it meets the next registration.
        await station.Client.Post($"/v1/donors/{afresh}/erasure");
        await Sweep(11);
        await service.Deliver(Reactive(donor) with { DeferralCode = "P01" });
        var third = (await station.Client.Post("/v1/donors", Body(number))).Id;
        await Eventually.That(async () => SomeStation.Rules(await station.Eligibility(third)) is var rules && rules.Contains("P22") && rules.Contains("P01"));
    }

    [Fact]
    public async Task The_result_of_an_erased_donors_void_donation_reaches_the_true_donor_and_not_what_remains_of_the_innocent()
    {
        var station = new SomeStation(service);
        var ((donor, number), (truly, _)) = (await Donor(station), await Donor(station));
        var visit = await station.VisitAt("completed", donor);
        var din = (await service.Published<DonationCollected>()).Single(e => e.DonorId == donor).Din;
        var voided = await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor", trueDonorId = truly });
        Assert.Equal(200, (await service.As(Roles.Station, station.Id, "P9", "physician").Post($"/v1/visits/{visit}/corrections/{voided.Id}/sign")).Status);
        await station.Client.Post($"/v1/donors/{donor}/erasure");
        await Sweep(11);
        Assert.Equal(0, await Keys(donor));

        var reactive = new DonorDeferralRequired { Key = din, Version = 1, OccurredAt = Now, StationId = station.Id, RequirementId = Some.Id(), DonorId = donor, Din = din, DeferralCode = "P22", Certainty = "provisional" };
        await service.Deliver(reactive, reactive with { EventId = Some.Id() });
        Assert.Single((await station.Client.Get($"/v1/donors/{truly}/deferrals"))["items"].EnumerateArray());
        Assert.Contains("P22", SomeStation.Rules(await station.Eligibility(truly)));
        var afresh = (await station.Client.Post("/v1/donors", Body(number))).Id;
        Assert.DoesNotContain("P22", SomeStation.Rules(await station.Eligibility(afresh)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task While_his_record_is_kept_an_erased_donors_visit_is_found_to_be_anothers_and_when_his_key_is_gone_his_donation_is_void_all_the_same(bool destroyed)
    {
        var station = new SomeStation(service);
        var (donor, number) = await Donor(station);
        var visit = await station.VisitAt("completed", donor);
        var din = (await service.Published<DonationCollected>()).Single(e => e.DonorId == donor).Din;
        await service.Deliver(new DonorDeferralRequired { Key = din, Version = 1, OccurredAt = Now, StationId = station.Id, RequirementId = Some.Id(), DonorId = donor, Din = din, DeferralCode = "P22", Certainty = "provisional" });
        await station.Client.Post($"/v1/donors/{donor}/erasure");
        if (destroyed) await Sweep(11);

        if (destroyed) Assert.Equal("second_person_required", (await service.As(Roles.Station, station.Id, "B1", "phlebotomist", "quality").Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor" })).Code);
        var voided = await station.Quality.Post($"/v1/visits/{visit}/corrections", new { reasonCode = "wrong-donor", note = "抽错人" });
        if (destroyed)
        {
            Assert.Equal((201, "voided", din, 1, 0, 0), (voided.Status, voided.Text("kind"), voided.Text("din"), voided["number"].GetInt32(), voided["deferrals"].GetArrayLength(), voided["allowedActions"].GetArrayLength()));
            var said = Assert.Single(await service.Published<DonationVoided>(), e => e.Din == din);
            var erased = (await service.Published<DonorErased>()).Single(e => e.DonorId == donor).Version;
            Assert.Equal((donor, donor.ToString(), station.Id, "wrong-donor", erased + 1, 400), (said.DonorId, said.Key, said.StationId, said.ReasonCode, said.Version, said.Before.CollectedMl));
            Assert.Equal(said.Version, await service.Database.Scalar<long>("select version from donor.donor where id = @donor", new { donor }));
            Assert.True(await service.Database.Scalar<bool>("select voided from donor.donation_as_it_stands where din = @din", new { din }));
            Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from donor.visit_void where visit_id = @visit and note is null", new { visit }));
            // Once; by a second person of the station; and nothing else of him can be said, or read, or ended: what came of it stays with what remains of him.
            var path = $"/v1/visits/{visit}/corrections";
            Assert.Equal((409, "donation_voided"), ((await station.Quality.Post(path, new { reasonCode = "never-collected" })) is var again ? (again.Status, again.Code) : default));
            Assert.Equal((409, "identity_destroyed"), ((await station.Quality.Post(path, new { reasonCode = "measured-again", values = new { collectedMl = 390 } })) is var other ? (other.Status, other.Code) : default));
            Assert.Equal(404, (await new SomeStation(service).Quality.Post(path, new { reasonCode = "never-collected" })).Status);
            Assert.Single(await service.Published<DonationVoided>(), e => e.Din == din);
        }
        else Assert.Equal(200, (await service.As(Roles.Station, station.Id, "P9", "physician").Post($"/v1/visits/{visit}/corrections/{voided.Id}/sign")).Status);
        var afresh = (await station.Client.Post("/v1/donors", Body(number))).Id;
        Assert.Equal(destroyed ? "INTERVAL_WB_WB P22" : "", string.Join(' ', SomeStation.Rules(await station.Eligibility(afresh)).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task A_document_of_an_erased_person_brings_another_donor_his_deferrals_and_holds_what_he_gave()
    {
        var station = new SomeStation(service);
        var today = Shanghai.DateOf(Now);
        async Task<string> Gave(Guid who, int daysAgo)
        {
            var din = (await station.Client.Get($"/v1/visits/{await station.VisitAt("completed", who)}")).Text("din")!;
            await service.Database.Execute("update donor.donation set donated_on = @on where din = @din", new { din, on = today.AddDays(-daysAgo) });
            return din;
        }
        async Task<List<string>> Withdrawn(Guid who) => [.. (await service.Published<DonationWithdrawn>()).Where(e => e.DonorId == who).Select(e => e.Din)];
        // He gave and was deferred, had himself erased, and gives under his passport.
        var (erased, number) = await Donor(station);
        var old = await Gave(erased, 0);
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{erased}/deferrals", new { code = "T14", from = today.AddDays(-210) })).Status);
        Assert.Equal("restricted", (await station.Client.Post($"/v1/donors/{erased}/erasure")).Text("outcome"));
        var other = (await station.Client.Post("/v1/donors", new { name = "甲测试", document = new { kind = "passport", number = "E" + Some.Key()[^8..].ToUpperInvariant() }, sex = "male", birthDate = "1990-01-01", phone = "13900000001", consents = new[] { "registration" }, documentSeen = true })).Id;
        await Gave(other, 400);
        var reached = await Gave(other, 200);
        Assert.Empty(await Withdrawn(other));

        var added = await station.Client.Post($"/v1/donors/{other}/documents", new { kind = "resident-id", number, seen = true });
        Assert.Equal(201, added.Status);
        Assert.Equal([reached], await Withdrawn(other));
        Assert.Equal(["INTERVAL_WB_WB", "T14"], SomeStation.Rules(await station.Eligibility(other)).Order().Distinct());
        Assert.Equal("earlier", Assert.Single((await station.Client.Get($"/v1/donors/{other}/deferrals"))["items"].EnumerateArray()).GetProperty("origin").GetString());
        Assert.Equal(other, await service.Database.Scalar<Guid>("select claimant_id from donor.tombstone_claim where tombstone_id = @erased", new { erased }));
        Assert.DoesNotContain((await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == other).MaxBy(e => e.Version)!.Procedures.Single(p => p.Procedure == "whole-blood").Windows, w => w.From <= today && !(w.To < today));

        // The same card again brings nothing more; what comes late reaches him.
        Assert.Equal(200, (await station.Client.Post($"/v1/donors/{other}/documents", new { kind = "resident-id", number, seen = true })).Status);
        Assert.Single((await station.Client.Get($"/v1/donors/{other}/deferrals"))["items"].EnumerateArray());
        Assert.Equal([reached], await Withdrawn(other));
        await service.Deliver(new DonorDeferralRequired { Key = old, Version = 1, OccurredAt = Now, StationId = station.Id, RequirementId = Some.Id(), DonorId = erased, Din = old, DeferralCode = "P22", Certainty = "provisional" });
        await Eventually.That(async () => SomeStation.Rules(await station.Eligibility(other)).Contains("P22"));
    }

    [Fact]
    public async Task A_document_that_proves_a_correction_brings_what_remains_of_an_erased_person_too()
    {
        var station = new SomeStation(service);
        var (erased, number) = await Donor(station);
        Assert.Equal(201, (await station.Client.Post($"/v1/donors/{erased}/deferrals", new { code = "P07", from = Shanghai.DateOf(Now) })).Status);
        Assert.Equal("restricted", (await station.Client.Post($"/v1/donors/{erased}/erasure")).Text("outcome"));
        var other = await station.Donor();
        var din = (await station.Client.Get($"/v1/visits/{await station.VisitAt("completed", other)}")).Text("din");
        Assert.Equal(201, (await station.Quality.PostIfMatch($"/v1/donors/{other}/identity-corrections", new { reasonCode = "changed-by-authority", document = new { kind = "resident-id", number }, name = "甲改名" }, "*")).Status);
        Assert.Equal([din], (await service.Published<DonationWithdrawn>()).Where(e => e.DonorId == other).Select(e => e.Din));
        Assert.Contains("P07", SomeStation.Rules(await station.Eligibility(other)));
        Assert.All((await service.Published<DonorEligibilityChanged>()).Where(e => e.DonorId == other).MaxBy(e => e.Version)!.Procedures, p => Assert.DoesNotContain(p.Windows, w => w.To is null));
    }

    [Fact]
    public async Task All_registrations_of_a_merged_person_are_erased_together()
    {
        var station = new SomeStation(service);
        var (one, number) = await Donor(station);
        var other = (await station.Client.Post("/v1/donors", new { name = "甲测试", document = new { kind = "passport", number = "E" + Some.Key()[^8..].ToUpperInvariant() }, sex = "male", birthDate = "1990-01-01", phone = "13900000001", consents = new[] { "registration" } })).Id;
        Assert.Equal(201, (await station.Registrar.Post("/v1/donor-merges", new { survivor = one, absorbed = other, reason = "同一人" })).Status);
        Assert.Equal(200, (await station.Client.Post($"/v1/donors/{other}/erasure")).Status);
        Assert.Equal((0, 0), (await Keys(one), await Keys(other)));
        Assert.Equal(2, (await service.Published<DonorErased>()).Count(e => e.DonorId == one || e.DonorId == other));
        Assert.Equal(201, (await station.Client.Post("/v1/donors", Body(number))).Status);
    }

    [Fact]
    public async Task An_open_visit_is_finished_first_and_a_stranger_erases_nobody()
    {
        var station = new SomeStation(service);
        var (donor, _) = await Donor(station);
        var visit = await station.VisitAt("consented", donor);
        Assert.Equal((409, "visit_open"), ((await station.Client.Post($"/v1/donors/{donor}/erasure")) is var open ? (open.Status, open.Code) : default));
        Assert.Equal(404, (await service.As(Roles.App, Some.Id()).Post($"/v1/donors/{donor}/erasure")).Status);
        foreach (var role in new[] { Roles.Organiser, Roles.Hospital, Roles.Authority }) Assert.Equal(403, (await service.As(role, Some.Id()).Post($"/v1/donors/{donor}/erasure")).Status);
        Assert.Equal(404, (await station.Client.Post($"/v1/donors/{Some.OldId()}/erasure")).Status);
        Assert.Equal(1, await Keys(donor));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from donor.erasure where donor_id = @donor", new { donor }));
        Assert.Equal(200, (await station.Client.Post($"/v1/visits/{visit}/private-withdrawal")).Status);
        Assert.Equal("erased", (await station.Client.Post($"/v1/donors/{donor}/erasure")).Text("outcome")); // went home without a word: no record
    }

    [Fact]
    public async Task Eight_requests_at_once_erase_once()
    {
        var station = new SomeStation(service);
        var (donor, _) = await Donor(station);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => station.Client.Post($"/v1/donors/{donor}/erasure")));
        Assert.All(answers, a => Assert.Equal((200, answers[0].Text("id")), (a.Status, a.Text("id"))));
        Assert.Single(await service.Published<DonorErased>(), e => e.DonorId == donor);
    }

    /// <summary>The same clock, years later.</summary>
    private sealed class Later(int years) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddYears(years);
    }
}
