using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class LookbackTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;

    private static DonorsMerged Merged(Guid survivor, Guid absorbed, long version = 10) => new()
    {
        Key = survivor.ToString(), Version = version, OccurredAt = TimeProvider.System.GetUtcNow(), MergeId = Some.Id(), Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = [new(absorbed, version)],
    };

    private static DonorsUnmerged Unmerged(Guid survivor, Guid absorbed, long version = 20) => new()
    {
        Key = survivor.ToString(), Version = version, OccurredAt = TimeProvider.System.GetUtcNow(), MergeId = Some.Id(), Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = [new(absorbed, version)],
    };

    private static Func<DonationCollected, DonationCollected> DaysAgo(int days) => e => e with { StartedAt = e.StartedAt.AddDays(-days), EndedAt = e.EndedAt.AddDays(-days), OccurredAt = e.OccurredAt.AddDays(-days) };

    private static Task<Answer> Open(HttpClient by, string din, string reason = "donor-reactive-later", string? note = null) => by.Post("/v1/lookbacks", new { din, reason, note });

    private static Task<Answer> Close(HttpClient by, Guid id, string conclusion = "undetermined", string? note = null) => by.Post($"/v1/lookbacks/{id}/close", new { conclusion, note });

    private static HttpClient Second(Station station) => station.As("Q2", "quality");

    private Task<long> Cases(Guid donor) => service.Database.Scalar<long>("select count(*) from inventory.lookback where donor_id = @donor", new { donor });

    private Task<long> Holds(string din, Guid lookback) => service.Database.Scalar<long>("select count(*) from inventory.hold where din = @din and source_id = @lookback and kind = 'lookback'", new { din, lookback });

    private static Dictionary<string, JsonElement> Given(Answer lookback) => lookback["donations"].EnumerateArray().ToDictionary(d => d.GetProperty("din").GetString()!);

    [Fact]
    public async Task All_that_a_person_gave_is_listed_and_what_may_reach_a_patient_is_held_at_once()
    {
        var (station, elsewhere, hospital) = (new Station(service), new Station(service), Some.Id());
        var (survivor, absorbed) = (Some.Id(), Some.Id());
        await service.Deliver(Merged(survivor, absorbed));
        var named = await station.Released(survivor);
        var (issued, discarded, other) = (await station.Released(absorbed), await station.Released(survivor), await elsewhere.Released(survivor));
        var past = await station.Collected(survivor, e => DaysAgo(900)(e) with { Backfilled = true });
        var stranger = await station.Released();

        // One bag is with a hospital, two are gone.
        var order = (await service.As(Roles.Hospital, hospital).Post("/v1/orders", Station.Order(station.Id))).Id;
        var taken = (await service.As(Roles.Hospital, hospital).Get($"/v1/orders/{order}"))["lines"][0].GetProperty("unitId").GetGuid();
        Assert.Equal(200, (await station.Issuer.Post($"/v1/orders/{order}/issue", null, Some.Key())).Status);
        foreach (var unit in (await station.Donation(discarded))["units"].EnumerateArray().Select(u => u.GetProperty("id").GetGuid()).Where(u => u != taken).ToList())
            Assert.Equal(200, (await station.Quality.Post($"/v1/units/{unit}/discard", new { reasonCode = "broken" })).Status);
        var goneWholly = (await station.Donation(discarded))["units"].EnumerateArray().All(u => u.GetProperty("status").GetString() == "discarded");

        var opened = await Open(station.Quality, named, "recipient-infection", "受血者来电");
        Assert.True(opened.Status == 201, opened.ToString());
        Assert.Equal((survivor, named, "recipient-infection", "受血者来电", "open"), (opened["donorId"].GetGuid(), opened.Text("din"), opened.Text("reason"), opened.Text("note"), opened.Text("status")));
        var given = Given(opened);
        Assert.Equal(new[] { named, issued, discarded, other, past }.Order(), given.Keys.Order());
        foreach (var (din, held) in new[] { (named, true), (issued, true), (discarded, !goneWholly), (other, true), (past, false) })
        {
            Assert.Equal((held, held ? 1 : 0), (given[din].GetProperty("held").GetBoolean(), await Holds(din, opened.Id)));
            Assert.All(given[din].GetProperty("units").EnumerateArray(), u => Assert.Equal(held, u.GetProperty("holds").EnumerateArray().Any(h => h.GetProperty("kind").GetString() == "lookback")));
        }
        Assert.Equal(elsewhere.Id, given[other].GetProperty("stationId").GetGuid());
        var bag = given.Values.SelectMany(d => d.GetProperty("units").EnumerateArray()).Single(u => u.GetProperty("id").GetGuid() == taken);
        Assert.Equal(("issued", hospital), (bag.GetProperty("status").GetString(), bag.GetProperty("hospitalId").GetGuid()));
        Assert.Equal(0, await Holds(stranger, opened.Id));

        // Held bags are not allotted, each donation's hold is told to its own station, and the opening names neither reason nor bags.
        var next = await service.As(Roles.Hospital, hospital).Post("/v1/orders", Station.Order(elsewhere.Id));
        Assert.Empty(next["lines"].EnumerateArray());
        Assert.Equal(given.Values.Count(d => d.GetProperty("held").GetBoolean()), (await service.Published<DonationHeld>()).Count(h => h.Kind == "lookback" && given.ContainsKey(h.Din)));
        Assert.Equal(elsewhere.Id, Assert.Single(await service.Published<DonationHeld>(), h => h.Din == other && h.Kind == "lookback").StationId);
        var told = Assert.Single(await service.Published<LookbackOpened>(), e => e.LookbackId == opened.Id);
        Assert.Equal((survivor, named, station.Id), (told.DonorId, told.Din, told.StationId!.Value));
        Assert.DoesNotContain("recipient-infection", await service.Database.Scalar<string>("select payload::text from inventory.outbox where key = @k", new { k = opened.Id.ToString() }), StringComparison.Ordinal);
        Assert.DoesNotContain("受血者来电", await service.Database.Scalar<string>("select string_agg(l::text, '') || (select string_agg(a::text, '') from inventory.audit a where resource like '/v1/lookbacks%') from inventory.lookback l"), StringComparison.Ordinal);

        // Read again it says the same, with its words opened; for another station it does not exist.
        var read = await station.Client.Get($"/v1/lookbacks/{opened.Id}");
        Assert.Equal((200, opened["donations"].GetRawText(), "受血者来电"), (read.Status, read["donations"].GetRawText(), read.Text("note")));
        Assert.Equal((404, "not_found"), (await elsewhere.Client.Get($"/v1/lookbacks/{opened.Id}")) is var no ? (no.Status, no.Code) : default);
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from inventory.audit where action = 'lookback.read' and resource = @r", new { r = $"/v1/lookbacks/{opened.Id}" }));
    }

    [Fact]
    public async Task Eight_who_open_at_once_open_one_case()
    {
        var station = new Station(service);
        var (survivor, absorbed) = (Some.Id(), Some.Id());
        string[] dins = [await station.Collected(survivor), await station.Collected(absorbed)];
        await service.Deliver(Merged(survivor, absorbed));
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Open(station.Quality, dins[i % 2])));
        var opened = Assert.Single(answers, a => a.Status == 201);
        Assert.All(answers.Where(a => a != opened), a => Assert.Equal((409, "lookback_open", opened.Id), (a.Status, a.Code, a["lookbackId"].GetGuid())));
        Assert.Equal(1, await Cases(survivor) + await Cases(absorbed));
        Assert.Equal((1, 1), (await Holds(dins[0], opened.Id), await Holds(dins[1], opened.Id)));
        Assert.Single(await service.Published<LookbackOpened>(), e => dins.Contains(e.Din));
    }

    [Fact]
    public async Task What_is_merged_or_arrives_while_a_case_is_open_is_held_too_once_and_stays_held()
    {
        var (station, elsewhere) = (new Station(service), new Station(service));
        var (survivor, absorbed) = (Some.Id(), Some.Id());
        var (own, his, late) = (await station.Collected(survivor), await elsewhere.Released(absorbed), (await station.Dins(1))[0]);
        var (first, second) = ((await Open(station.Quality, own)).Id, (await Open(elsewhere.Quality, his)).Id);
        var merged = Merged(survivor, absorbed) with { EventId = Some.Id() };
        await service.Deliver(merged, merged, merged with { EventId = Some.Id() });
        await service.Deliver(station.Collection(late, absorbed));
        foreach (var din in new[] { own, his, late }) Assert.Equal((1, 1), (await Holds(din, first), await Holds(din, second)));
        Assert.Equal(new[] { own, his, late }.Order(), Given(await station.Client.Get($"/v1/lookbacks/{first}")).Keys.Order());
        Assert.Equal(survivor, (await elsewhere.Client.Get($"/v1/lookbacks/{second}"))["donorId"].GetGuid());

        // A lifted hold is not placed again by a replay; apart again, each case follows its own.
        var hold = await service.Database.Scalar<Guid>("select id from inventory.hold where din = @own and source_id = @second", new { own, second });
        Assert.Equal(200, (await station.Lift(hold, "looked at")).Status);
        await service.Deliver(merged with { EventId = Some.Id() });
        Assert.Equal(1, await Holds(own, second));
        await service.Deliver(Unmerged(survivor, absorbed));
        Assert.Equal([own], Given(await station.Client.Get($"/v1/lookbacks/{first}")).Keys);
        Assert.Equal(new[] { his, late }.Order(), Given(await elsewhere.Client.Get($"/v1/lookbacks/{second}")).Keys.Order());
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from inventory.hold where din = @his and source_id = @first and lifted_at is null", new { his, first }));
        Assert.Equal(0, await service.Database.Scalar<int>("select count(*) from inventory.parked_message"));
    }

    [Fact]
    public async Task A_case_opened_beside_a_merge_and_a_collection_misses_nothing()
    {
        for (var round = 0; round < 4; round++)
        {
            var station = new Station(service);
            var (survivor, absorbed) = (Some.Id(), Some.Id());
            var (own, his, late) = (await station.Collected(survivor), await station.Collected(absorbed), (await station.Dins(1))[0]);
            var opening = Open(station.Quality, own);
            await Task.WhenAll(opening, service.Deliver(Merged(survivor, absorbed)), service.Deliver(station.Collection(late, survivor)));
            var id = (await opening).Id;
            Assert.Equal((1, 1, 1), (await Holds(own, id), await Holds(his, id), await Holds(late, id)));
        }
    }

    [Fact]
    public async Task Another_person_closes_it_holds_stay_and_another_case_can_be_opened()
    {
        var station = new Station(service);
        var donor = Some.Id();
        var din = await station.Released(donor);
        var id = (await Open(station.Quality, din)).Id;
        Assert.Equal((409, "same_signer"), (await Close(station.Quality, id)) is var same ? (same.Status, same.Code) : default);
        Assert.Equal((404, "not_found"), (await Close(new Station(service).Quality, id)) is var foreign ? (foreign.Status, foreign.Code) : default);
        Assert.Equal("open", (await station.Client.Get($"/v1/lookbacks/{id}")).Text("status"));

        var closings = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Close(Second(station), id, "donor-infection-excluded", "复查阴性")));
        var closed = Assert.Single(closings, a => a.Status == 200);
        Assert.All(closings.Where(a => a != closed), a => Assert.Equal((409, "lookback_closed"), (a.Status, a.Code)));
        Assert.Equal(("closed", "donor-infection-excluded", "复查阴性"), (closed.Text("status"), closed.Text("conclusion"), closed.Text("closingNote")));
        Assert.NotEqual(closed["openedBy"].GetGuid(), closed["closedBy"].GetGuid());
        Assert.True(Given(closed)[din].GetProperty("held").GetBoolean());
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from inventory.hold where source_id = @id and lifted_at is null", new { id }));
        Assert.Equal(din, Assert.Single(await service.Published<LookbackClosed>(), e => e.LookbackId == id).Din);

        var again = await Open(station.Quality, din);
        Assert.Equal((201, 1), (again.Status, await Holds(din, again.Id)));
        Assert.Equal([id, again.Id], (await station.Client.Get("/v1/lookbacks"))["items"].EnumerateArray().Select(i => i.GetProperty("id").GetGuid()));
        Assert.Equal(again.Id, Assert.Single((await station.Client.Get("/v1/lookbacks?status=open"))["items"].EnumerateArray()).GetProperty("id").GetGuid());
        var page = await station.Client.Get("/v1/lookbacks?limit=1");
        Assert.Equal(again.Id, Assert.Single((await station.Client.Get($"/v1/lookbacks?limit=1&cursor={page.Text("next")}"))["items"].EnumerateArray()).GetProperty("id").GetGuid());
        Assert.Empty((await new Station(service).Client.Get("/v1/lookbacks"))["items"].EnumerateArray());
        Assert.Equal((422, "invalid_value"), (await station.Client.Get("/v1/lookbacks?status=lost")) is var lost ? (lost.Status, lost.Code) : default);
        Assert.Equal((422, "invalid_value"), (await station.Client.Get("/v1/lookbacks?cursor=x")) is var odd ? (odd.Status, odd.Code) : default);

        // After closing, what comes is no longer held for it.
        await Close(Second(station), again.Id);
        var later = await station.Collected(donor);
        Assert.Equal((0, 0), (await Holds(later, id), await Holds(later, again.Id)));
    }

    [Fact]
    public async Task The_window_marks_what_lies_within_it_and_holds_do_not_depend_on_it()
    {
        var station = new Station(service);
        var donor = Some.Id();
        var (old, negative, named) = (await station.Collected(donor, DaysAgo(1000)), await station.Tested(donor, but: DaysAgo(500)), await station.Collected(donor));
        var opened = await Open(station.As("D1", "physician"), named, "donor-seroconverted");
        var given = Given(opened);
        Assert.Equal((false, true, true), (given[old].GetProperty("inWindow").GetBoolean(), given[negative].GetProperty("inWindow").GetBoolean(), given[named].GetProperty("inWindow").GetBoolean()));
        Assert.Equal(Shanghai.DateOf(TimeProvider.System.GetUtcNow().AddHours(-2).AddDays(-500)).ToString("yyyy-MM-dd", null), opened["window"].GetProperty("from").GetString());
        Assert.Equal(("low", "proposed.1"), (opened["window"].GetProperty("confidence").GetString(), opened["window"].GetProperty("version").GetString()));
        Assert.Equal(3, await service.Database.Scalar<long>("select count(*) from inventory.hold where source_id = @Id", new { opened.Id }));
    }

    public static TheoryData<string, int, string> WrongBodies => new()
    {
        { """{"din":"DIN","reason":"curiosity"}""", 422, "invalid_value" },
        { """{"din":"DIN","reason":""}""", 422, "invalid_value" },
        { """{"din":"DIN","reason":null}""", 400, "malformed_request" },
        { """{"din":"DIN"}""", 400, "malformed_request" },
        { """{"din":"DIN","reason":["post-donation-information"]}""", 400, "malformed_request" },
        { """{"reason":"post-donation-information"}""", 400, "malformed_request" },
        { """{"din":"","reason":"post-donation-information"}""", 422, "invalid_value" },
        { """{"din":5,"reason":"post-donation-information"}""", 400, "malformed_request" },
        { """{"din":"nonsense","reason":"post-donation-information"}""", 422, "din_invalid" },
        { """{"din":"A999926999999","reason":"post-donation-information"}""", 422, "din_unknown" },
        { """{"din":"FOREIGN","reason":"post-donation-information"}""", 422, "din_unknown" },
        { """{"din":"ISSUED","reason":"post-donation-information"}""", 422, "din_unknown" },
        { """{"din":"VOID","reason":"post-donation-information"}""", 409, "donation_voided" },
        { """{"din":"DIN","reason":"post-donation-information","note":""}""", 422, "invalid_value" },
        { """{"din":"DIN","reason":"post-donation-information","note":"LONG"}""", 422, "invalid_value" },
        { "[]", 400, "malformed_request" },
        { "", 400, "malformed_request" },
    };

    [Theory]
    [MemberData(nameof(WrongBodies))]
    public async Task A_wrong_opening_holds_nothing_and_leaves_no_case(string body, int status, string code)
    {
        var station = new Station(service);
        var donor = Some.Id();
        var (din, @void) = (await station.Collected(donor), await station.Collected(donor));
        var e = station.Collection(@void, donor);
        await service.Deliver(new DonationVoided
        {
            Key = e.Key, Version = 9, OccurredAt = e.StartedAt, StationId = station.Id, CorrectionId = Some.Id(), Number = 1, Din = @void, DonorId = donor, ReasonCode = "wrong-donor", Backfilled = false,
            Before = new(e.Procedure, e.NominalMl, e.CollectedMl, null, e.Outcome, e.Bag, e.BleedSeconds, [], [], e.StartedAt, e.EndedAt),
        });
        var sent = body.Replace("DIN", din, StringComparison.Ordinal).Replace("FOREIGN", await new Station(service).Collected(donor), StringComparison.Ordinal).Replace("ISSUED", (await station.Dins(1))[0], StringComparison.Ordinal)
            .Replace("VOID", @void, StringComparison.Ordinal).Replace("LONG", new string('长', 81), StringComparison.Ordinal);
        var answer = await station.Quality.PostRaw("/v1/lookbacks", sent);
        Assert.True((answer.Status, answer.Code) == (status, code), answer.ToString());
        Assert.Equal((0, 0), (await Cases(donor), await service.Database.Scalar<long>("select count(*) from inventory.hold h join inventory.donation d on d.din = h.din where d.donor_id = @donor and h.kind = 'lookback'", new { donor })));
        Assert.DoesNotContain(await service.Published<LookbackOpened>(), e => e.DonorId == donor);
    }

    [Theory]
    [InlineData("""{"conclusion":"fine"}""", 422, "invalid_value")]
    [InlineData("""{"conclusion":null}""", 400, "malformed_request")]
    [InlineData("{}", 400, "malformed_request")]
    [InlineData("""{"conclusion":"undetermined","note":""}""", 422, "invalid_value")]
    [InlineData("""{"conclusion":"undetermined","note":"LONG"}""", 422, "invalid_value")]
    public async Task A_wrong_closing_leaves_it_open(string body, int status, string code)
    {
        var station = new Station(service);
        var id = (await Open(station.Quality, await station.Collected())).Id;
        var answer = await Second(station).PostRaw($"/v1/lookbacks/{id}/close", body.Replace("LONG", new string('长', 81), StringComparison.Ordinal));
        Assert.Equal((status, code), (answer.Status, answer.Code));
        Assert.Equal("open", (await station.Client.Get($"/v1/lookbacks/{id}")).Text("status"));
    }

    [Fact]
    public async Task Only_quality_or_a_physician_of_a_station_opens_reads_and_closes()
    {
        var station = new Station(service);
        var din = await station.Collected();
        Assert.Equal("staff_required", (await Open(station.Client, din)).Code);
        Assert.Equal("staff_function_required", (await Open(station.Laboratory, din)).Code);
        foreach (var role in new[] { Roles.Hospital, Roles.App, Roles.Organiser, Roles.Authority, Roles.Admin })
        {
            var caller = service.As(role, Some.Id(), "Q1", "quality");
            foreach (var answer in new[] { await Open(caller, din), await caller.Get("/v1/lookbacks"), await caller.Get($"/v1/lookbacks/{Some.OldId()}"), await Close(caller, Some.OldId()) }) Assert.Equal((403, "role_forbidden"), (answer.Status, answer.Code));
        }
        Assert.Equal(404, (await Close(station.Quality, Some.OldId())).Status);
    }

    [Fact]
    public async Task An_opening_that_fails_at_its_end_held_nothing()
    {
        var station = new Station(service);
        var donor = Some.Id();
        var din = await station.Released(donor);
        var before = await service.Database.Scalar<string>("select d::text from inventory.donation d where din = @din", new { din });
        await service.Database.Execute($"create function inventory.no_more() returns trigger language plpgsql as $$ begin if new.type like '%LookbackOpened' and new.payload->>'din' = '{din}' then raise 'disk full'; end if; return new; end $$; create trigger no_more before insert on inventory.outbox for each row execute function inventory.no_more()");
        try { Assert.Equal(500, (await Open(station.Quality, din)).Status); }
        finally { await service.Database.Execute("drop trigger no_more on inventory.outbox; drop function inventory.no_more()"); }
        Assert.Equal(before, await service.Database.Scalar<string>("select d::text from inventory.donation d where din = @din", new { din }));
        Assert.Equal((0, 0), (await Cases(donor), await service.Database.Scalar<long>("select count(*) from inventory.hold where din = @din", new { din })));
        Assert.Equal(201, (await Open(station.Quality, din)).Status);
    }
}
