using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class RecallTests(InventoryService inventory)
{
    private readonly ServiceUnderTest service = inventory.Service;
    private readonly Station station = new(inventory.Service);
    private readonly Guid hospitalId = Some.Id();

    private HttpClient Hospital => service.As(Roles.Hospital, hospitalId);

    private HttpClient Second => station.As("Q2", "quality");

    private Task<Answer> Recall(object scope, bool dryRun = false, HttpClient? by = null, string? note = null, string? key = null) =>
        (by ?? station.Quality).Post("/v1/recalls", new { cause = "bag-defect", scope, dryRun, note }, key ?? Some.Key());

    private Task<Answer> Close(HttpClient by, Guid id) => by.Post($"/v1/recalls/{id}/close", new { conclusion = "confirmed", cause = "密封不良", correction = "停用该批次" });

    private Task<Answer> Answer(Guid task, string outcome, HttpClient? by = null, DateTimeOffset? at = null) => (by ?? Hospital).Post($"/v1/hospital-tasks/{task}/answer", new { outcome, at });

    private static Func<DonationCollected, DonationCollected> Lot(string lot) => e => e with { Bag = e.Bag with { Lot = lot } };

    private Task<long> Holds(string din, Guid recall) => service.Database.Scalar<long>("select count(*) from inventory.hold where din = @din and source_id = @recall and kind = 'recall' and unit_id is null", new { din, recall });

    private Task<long> Tasks(Guid unit) => service.Database.Scalar<long>("select count(*) from inventory.hospital_task where unit_id = @unit", new { unit });

    private static string[] Dins(Answer recall) => [.. recall["donations"].EnumerateArray().Select(d => d.GetProperty("din").GetString()!).Order()];

    private async Task<(Guid Order, Guid Unit)> Ordered(string group = "A+")
    {
        await service.Seal("donor");
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, group));
        return (order.Id, order["lines"][0].GetProperty("unitId").GetGuid());
    }

    private async Task<Guid> Issued(string group = "A+")
    {
        var (order, unit) = await Ordered(group);
        var issued = await Issue(order);
        Assert.True(issued.Status == 200, issued.ToString());
        return unit;
    }

    private Task<Answer> Issue(Guid order) => station.Issuer.Post($"/v1/orders/{order}/issue", null, Some.Key());

    private Task<Answer> Transfuse(Guid unit) => Hospital.Post($"/v1/units/{unit}/transfusion", new { patientReference = "PATIENT-0000018", transfusedAt = TimeProvider.System.GetUtcNow(), outcome = "no-reaction" });

    private async Task<JsonElement[]> Asked(HttpClient by, string query = "") => [.. (await by.Get("/v1/hospital-tasks" + query))["items"].EnumerateArray()];

    [Fact]
    public async Task A_dry_run_counts_and_changes_nothing_and_is_what_happens_unless_said_otherwise()
    {
        var lot = Some.Key();
        var din = await station.Released(but: Lot(lot));
        var unit = await Issued();
        var before = await service.Database.Scalar<string>("select d::text from inventory.donation d where din = @din", new { din });
        var preview = await station.Quality.Post("/v1/recalls", new { cause = "bag-defect", scope = new { bagLot = lot } }, Some.Key());
        Assert.True(preview.Status == 200, preview.ToString());
        Assert.Equal((true, 1, 1, 2), (preview["dryRun"].GetBoolean(), preview["donations"].GetInt32(), preview["toHold"].GetInt32(), preview["units"].GetInt32()));
        Assert.Equal((1, 1), (preview["unitsByPlace"].GetProperty("available").GetInt32(), preview["unitsByPlace"].GetProperty("issued").GetInt32()));
        Assert.Equal((hospitalId, 1), Assert.Single(preview["hospitals"].EnumerateArray()) is var h ? (h.GetProperty("hospitalId").GetGuid(), h.GetProperty("units").GetInt32()) : default);
        Assert.Equal(0, (await Recall(new { bagLot = Some.Key() }, dryRun: true))["donations"].GetInt32());

        Assert.Equal(before, await service.Database.Scalar<string>("select d::text from inventory.donation d where din = @din", new { din }));
        Assert.Equal((0, 0), (await service.Database.Scalar<long>("select count(*) from inventory.recall where station_id = @Id", new { station.Id }), await Tasks(unit)));
        Assert.DoesNotContain("held", (await Transfuse(unit))["alarms"].EnumerateArray().Select(a => a.GetString()));
    }

    [Fact]
    public async Task A_recall_lists_and_holds_what_it_reaches_and_asks_the_hospitals_in_one_go()
    {
        var lot = Some.Key();
        var mine = new[] { await station.Released(but: Lot(lot)), await station.Released(but: Lot(lot)) }.Order().ToArray();
        var gone = await station.Collected(but: e => Lot(lot)(e) with { Backfilled = true });
        var (stranger, elsewhere) = (await station.Released(group: "B+"), await new Station(service).Released(but: Lot(lot)));
        var (issued, transfused) = (await Issued(), await Issued());
        Assert.Equal(201, (await Transfuse(transfused)).Status);
        var key = Some.Key();
        var recall = await Recall(new { bagLot = lot }, note: "供应商来函", key: key);
        Assert.True(recall.Status == 201, recall.ToString());
        Assert.Equal(mine.Append(gone).Order(), Dins(recall));
        foreach (var din in mine) Assert.Equal(1, await Holds(din, recall.Id));
        foreach (var din in new[] { gone, stranger, elsewhere }) Assert.Equal(0, await Holds(din, recall.Id));
        Assert.Equal(("open", "供应商来函", false), (recall.Text("status"), recall.Text("note"), recall["overdue"].GetBoolean()));
        Assert.Equal((4, 2, 50), recall["located"] is var l ? (l.GetProperty("units").GetInt32(), l.GetProperty("located").GetInt32(), l.GetProperty("percent").GetInt32()) : default);
        Assert.Equal(new[] { issued, transfused }.Order(), recall["unresolved"].EnumerateArray().Select(u => u.GetProperty("unitId").GetGuid()).Order());
        Assert.Equal(recall["openedAt"].GetDateTimeOffset().AddHours(24), recall["deadline"].GetDateTimeOffset());
        Assert.Equal((1, 1), (await Tasks(issued), await Tasks(transfused)));
        Assert.Equal(recall.Id, (await Recall(new { bagLot = lot }, note: "供应商来函", key: key)).Id); // sent again: the same case
        var read = await station.Client.Get($"/v1/recalls/{recall.Id}");
        Assert.Equal((200, recall["donations"].GetRawText(), recall["unresolved"].GetRawText()), (read.Status, read["donations"].GetRawText(), read["unresolved"].GetRawText()));

        var told = Assert.Single(await service.Published<RecallOpened>(), e => e.RecallId == recall.Id);
        Assert.Equal((3, 2, 2, station.Id), (told.Donations, told.Held, told.BagsAsked, told.StationId!.Value));
        Assert.Equal(2, (await service.Published<DonationHeld>()).Count(h => h.Kind == "recall" && mine.Contains(h.Din)));
        Assert.DoesNotContain("供应商来函", await service.Database.Scalar<string>("select string_agg(r::text, '') || (select string_agg(a::text, '') from inventory.audit a where resource like '/v1/recalls%') || (select string_agg(o.payload::text, '') from inventory.outbox o) from inventory.recall r"), StringComparison.Ordinal);
        Assert.Equal(404, (await new Station(service).Client.Get($"/v1/recalls/{recall.Id}")).Status);
        Assert.Equal((3, 2), Assert.Single((await station.Client.Get("/v1/recalls?status=open"))["items"].EnumerateArray()) is var item ? (item.GetProperty("donations").GetInt32(), item.GetProperty("unresolved").GetInt32()) : default);
    }

    [Fact]
    public async Task Each_scope_finds_its_own_and_what_comes_later_is_taken_in()
    {
        var (lot, drive, donor, absorbed, instrument, reagent) = (Some.Key(), Some.Id(), Some.Id(), Some.Id(), Some.Key(), Some.Key());
        var now = TimeProvider.System.GetUtcNow();
        Task<Answer> Run(string runId, string din) => station.Laboratory.Post("/v1/test-runs", new { runId, instrument, reagentLot = reagent, controlsValid = true, rows = new[] { Station.Row(din, "hbsag", at: now) } });
        var ofLot = await station.Collected(but: Lot(lot));
        var ofDrive = await station.Collected(but: e => e with { DriveId = drive });
        var ofDonor = await station.Collected(donor);
        var named = await station.Collected();
        var (run, tested) = (Some.Key(), await station.Collected());
        Assert.Equal(200, (await Run(run, tested)).Status);
        var period = new { instrument, from = now.AddMinutes(-1), to = now.AddMinutes(1) };
        Guid[] opened = new Guid[7];
        var scopes = new (object Scope, string Din)[] { (new { bagLot = lot }, ofLot), (new { driveId = drive }, ofDrive), (new { donorId = donor }, ofDonor), (new { dins = new[] { named } }, named), (new { runId = run }, tested), (new { reagentLot = reagent }, tested), (period, tested) };
        for (var i = 0; i < scopes.Length; i++)
        {
            var recall = await Recall(scopes[i].Scope);
            Assert.True(recall.Status == 201, recall.ToString());
            Assert.Equal([scopes[i].Din], Dins(recall));
            opened[i] = recall.Id;
        }

        // A collection, a run and a merge that come while the cases are open.
        var late = new Dictionary<int, string> { [0] = await station.Collected(but: Lot(lot)), [1] = await station.Collected(but: e => e with { DriveId = drive }), [2] = await station.Collected(donor) };
        var second = await station.Collected(absorbed);
        await service.Deliver(new DonorsMerged { Key = donor.ToString(), Version = 10, OccurredAt = now, MergeId = Some.Id(), Survivor = donor, Absorbed = absorbed, Dins = [], Donors = [new(absorbed, 10)] });
        var measured = await station.Collected();
        Assert.Equal(200, (await Run(Some.Key(), measured)).Status);
        foreach (var (i, din) in late) Assert.Equal(1, await Holds(din, opened[i]));
        Assert.Equal(new[] { ofDonor, late[2], second }.Order(), Dins(await station.Client.Get($"/v1/recalls/{opened[2]}")));
        Assert.Equal(1, await Holds(second, opened[2]));
        Assert.Equal((0, 1, 1), (await Holds(measured, opened[4]), await Holds(measured, opened[5]), await Holds(measured, opened[6])));

        // Results that came before their donation are reached too, once.
        var early = (await station.Dins(1))[0];
        Assert.Equal(200, (await Run(Some.Key(), early)).Status);
        await service.Deliver(station.Collection(early));
        Assert.Equal((1, 1), (await Holds(early, opened[5]), await Holds(early, opened[6])));
        Assert.Equal(2, (await station.Donation(early))["holds"].EnumerateArray().Count(h => h.GetProperty("kind").GetString() == "recall"));
    }

    [Fact]
    public async Task A_bag_lot_that_is_corrected_into_a_recalled_one_is_held()
    {
        var lot = Some.Key();
        await station.Collected(but: Lot(lot));
        var din = await station.Collected();
        var recall = (await Recall(new { bagLot = lot })).Id;
        var e = station.Collection(din);
        CollectedState State(string bagLot) => new(e.Procedure, e.NominalMl, e.CollectedMl, e.TreatmentUnits, e.Outcome, e.Bag with { Lot = bagLot }, 420, [], [], e.StartedAt, e.EndedAt);
        await service.Deliver(Corrected(e, State("L1"), State(lot)));
        Assert.Equal(1, await Holds(din, recall));
        Assert.Contains(din, Dins(await station.Client.Get($"/v1/recalls/{recall}")));
    }

    private DonationCorrected Corrected(DonationCollected e, CollectedState before, CollectedState after) => new()
    {
        Key = e.Key, Version = 9, OccurredAt = e.OccurredAt, StationId = station.Id, CorrectionId = Some.Id(), Number = 1, Din = e.Din, DonorId = e.DonorId, ReasonCode = "entered-wrong", Backfilled = false, Before = before, After = after,
    };

    [Fact]
    public async Task The_hospital_answers_its_half_and_neither_side_sees_the_others()
    {
        var (lot, donor) = (Some.Key(), Some.Id());
        await station.Released(donor, but: Lot(lot));
        var unit = await Issued();
        var recall = (await Recall(new { bagLot = lot })).Id;
        var page = await Hospital.Get("/v1/hospital-tasks?status=open");
        var task = Assert.Single(page["items"].EnumerateArray());
        Assert.Equal((unit, "recall", "red-cells-suspended", "A+", false), (task.GetProperty("unitId").GetGuid(), task.GetProperty("why").GetString(), task.GetProperty("component").GetString(), task.GetProperty("bloodGroup").GetString(), task.GetProperty("overdue").GetBoolean()));
        Assert.DoesNotContain(donor.ToString(), page.Body.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(recall.ToString(), page.Body.ToString(), StringComparison.OrdinalIgnoreCase);
        var id = task.GetProperty("id").GetGuid();

        var other = service.As(Roles.Hospital, Some.Id());
        Assert.Equal((404, 0), ((await Answer(id, "discarded", other)).Status, (await Asked(other)).Length));
        Assert.Equal((422, 422, 422), ((await Answer(id, "lost")).Status, (await Answer(id, "quarantined", at: TimeProvider.System.GetUtcNow().AddHours(1))).Status, (await Answer(id, "quarantined", at: TimeProvider.System.GetUtcNow().AddDays(-30))).Status));
        Assert.Single(await Asked(Hospital, "?status=open"));

        // Not found is an answer, but locates nothing; what was done to the bag is the last.
        Assert.Equal(200, (await Answer(id, "not-found")).Status);
        var unfound = await station.Client.Get($"/v1/recalls/{recall}");
        Assert.Equal((0, 1, 2), (unfound["unresolved"].GetArrayLength(), unfound["located"].GetProperty("located").GetInt32(), unfound["located"].GetProperty("units").GetInt32()));
        Assert.Equal((200, 200), ((await Answer(id, "quarantined")).Status, (await Answer(id, "returned-to-station")).Status));
        Assert.Equal((409, "task_answered"), (await Answer(id, "discarded")) is var no ? (no.Status, no.Code) : default);
        Assert.Equal(100, (await station.Client.Get($"/v1/recalls/{recall}"))["located"].GetProperty("percent").GetInt32());
        Assert.Equal(["not-found", "quarantined", "returned-to-station"], await service.Database.Query<string>("select outcome from inventory.hospital_answer where task_id = @id order by version", new { id }));
        var seen = Assert.Single(await Asked(station.Client, "?why=recall"));
        Assert.Equal((hospitalId, recall, "returned-to-station"), (seen.GetProperty("hospitalId").GetGuid(), seen.GetProperty("caseId").GetGuid(), seen.GetProperty("outcome").GetString()));
        Assert.Equal("role_forbidden", (await Answer(id, "discarded", station.Quality)).Code);
    }

    [Fact]
    public async Task A_transfusion_that_is_recorded_answers_the_task_and_outdoes_what_was_said()
    {
        var lot = Some.Key();
        await station.Released(but: Lot(lot));
        var unit = await Issued();
        var recall = (await Recall(new { bagLot = lot })).Id;
        var id = Assert.Single(await Asked(Hospital)).GetProperty("id").GetGuid();
        Assert.Equal(200, (await Answer(id, "discarded")).Status);
        Assert.Contains("held", (await Transfuse(unit))["alarms"].EnumerateArray().Select(a => a.GetString()));
        var read = await station.Client.Get($"/v1/recalls/{recall}");
        var bag = read["donations"][0].GetProperty("units").EnumerateArray().Single(u => u.GetProperty("id").GetGuid() == unit);
        Assert.Equal(("transfused", "transfused"), (bag.GetProperty("status").GetString(), bag.GetProperty("outcome").GetString()));
        Assert.DoesNotContain("PATIENT", read.Body.ToString());
        Assert.Equal(2, await service.Database.Scalar<long>("select count(*) from inventory.hospital_answer where task_id = @id", new { id }));
        Assert.Equal("task_answered", (await Answer(id, "discarded")).Code);
    }

    [Fact]
    public async Task A_held_bag_that_was_used_without_having_been_issued_gets_its_task_with_its_answer()
    {
        var lot = Some.Key();
        await station.Released(but: Lot(lot));
        var (order, unit) = await Ordered();
        var recall = (await Recall(new { bagLot = lot })).Id;
        Assert.Equal((409, "not_issuable", 0), (await Issue(order)) is var no ? (no.Status, no.Code, await Tasks(unit)) : default);
        Assert.Equal(201, (await Transfuse(unit)).Status);
        var task = Assert.Single(await Asked(Hospital));
        Assert.Equal((unit, "transfused"), (task.GetProperty("unitId").GetGuid(), task.GetProperty("outcome").GetString()));
        Assert.Empty((await station.Client.Get($"/v1/recalls/{recall}"))["unresolved"].EnumerateArray());
    }

    [Fact]
    public async Task Of_a_bag_whose_transfusion_was_known_the_hospital_answers_that_and_nothing_else()
    {
        var lot = Some.Key();
        await station.Released(but: Lot(lot));
        Assert.Equal(201, (await Transfuse(await Issued())).Status);
        await Recall(new { bagLot = lot });
        var id = Assert.Single(await Asked(Hospital, "?status=open")).GetProperty("id").GetGuid();
        Assert.Equal("unit_state", (await Answer(id, "returned-to-station")).Code);
        Assert.Equal(200, (await Answer(id, "transfused")).Status);
    }

    [Fact]
    public async Task It_is_closed_by_another_once_all_have_answered_and_holds_stay()
    {
        var lot = Some.Key();
        var din = await station.Released(but: Lot(lot));
        var unit = await Issued();
        var id = (await Recall(new { bagLot = lot })).Id;
        Assert.Equal((409, "same_signer"), (await Close(station.Quality, id)) is var own ? (own.Status, own.Code) : default);
        var early = await Close(Second, id);
        Assert.Equal((409, "recall_unresolved", $"/unresolved/{unit}"), (early.Status, early.Code, Assert.Single(early["errors"].EnumerateArray()).GetProperty("pointer").GetString()));
        Assert.Equal(200, (await Answer(Assert.Single(await Asked(Hospital)).GetProperty("id").GetGuid(), "discarded")).Status);
        Assert.Equal(404, (await Close(new Station(service).As("Q9", "quality"), id)).Status);
        var closed = await Close(Second, id);
        Assert.True(closed.Status == 200, closed.ToString());
        Assert.Equal(("closed", "confirmed", "密封不良", "停用该批次"), (closed.Text("status"), closed.Text("conclusion"), closed.Text("closingCause"), closed.Text("correction")));
        Assert.Equal("recall_closed", (await Close(Second, id)).Code);
        Assert.Single(await service.Published<RecallClosed>(), e => e.RecallId == id);
        Assert.Contains("recall", (await station.Donation(din))["holds"].EnumerateArray().Select(h => h.GetProperty("kind").GetString()));
        Assert.Equal(0, await Holds(await station.Collected(but: Lot(lot)), id)); // a closed case reaches nothing more
        Assert.DoesNotContain("停用", await service.Database.Scalar<string>("select string_agg(r::text, '') from inventory.recall r"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_scopes_are_refused_and_change_nothing()
    {
        var din = await station.Collected();
        var foreign = await new Station(service).Collected();
        foreach (var (scope, code) in new (object, string)[]
        {
            (new { }, "invalid_value"), (new { bagLot = "L1", runId = "R" }, "invalid_value"), (new { instrument = "X" }, "invalid_value"), (new { dins = new[] { "A99992600000" } }, "din_invalid"),
            (new { dins = new[] { din, foreign } }, "din_unknown"), (new { bagLot = Some.Key() }, "recall_empty"), (new { donorId = Some.Id() }, "recall_empty"),
        })
        {
            var no = await Recall(scope);
            Assert.Equal((422, code), (no.Status, no.Code));
        }
        Assert.Equal("staff_function_required", (await Recall(new { dins = new[] { din } }, by: station.Laboratory)).Code);
        foreach (var role in new[] { Roles.Hospital, Roles.App, Roles.Organiser, Roles.Authority, Roles.Admin }) Assert.Equal("role_forbidden", (await Recall(new { dins = new[] { din } }, by: service.As(role, Some.Id(), "Q1", "quality"))).Code);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from inventory.recall where station_id = @Id", new { station.Id }));
        Assert.Equal(0, await service.Database.Scalar<long>("select open_holds from inventory.donation where din = @din", new { din }));
    }

    [Fact]
    public async Task A_scope_of_more_than_two_thousand_is_refused_and_two_thousand_are_held()
    {
        var lot = Some.Key();
        Task Rows(int from, int to) => service.Database.Execute($"""
            insert into inventory.donation (din, version, station_id, arrived_at, donor_id, procedure, outcome, started_at, ended_at, bag_lot)
            select 'Z' || substr(md5('{lot}'), 1, 6) || lpad(n::text, 6, '0'), 1, '{station.Id}', now(), md5('{lot}' || n)::uuid, 'whole-blood', 'completed', now(), now(), '{lot}' from generate_series({from}, {to}) n;
            insert into inventory.donor_safety (donor_id) select md5('{lot}' || n)::uuid from generate_series({from}, {to}) n
            """);
        await Rows(1, 2001);
        Assert.Equal((422, "recall_too_large"), (await Recall(new { bagLot = lot })) is var no ? (no.Status, no.Code) : default);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from inventory.hold h join inventory.donation d on d.din = h.din where d.bag_lot = @lot", new { lot }));
        await service.Database.Execute($"update inventory.donation set bag_lot = null where bag_lot = '{lot}' and din like '%002001'");
        var recall = await Recall(new { bagLot = lot });
        Assert.Equal((201, 2000), (recall.Status, recall["donations"].GetArrayLength()));
        Assert.Equal(2000, await service.Database.Scalar<long>("select count(*) from inventory.hold where source_id = @Id", new { recall.Id }));
    }

    [Fact]
    public async Task Recall_and_issue_at_once_leave_no_bag_issued_without_a_task()
    {
        var lots = Enumerable.Range(0, 12).Select(_ => Some.Key()).ToArray();
        foreach (var lot in lots)
        {
            var din = await station.Released(but: Lot(lot));
            var (order, unit) = await Ordered();
            var issue = Issue(order);
            var recall = Recall(new { bagLot = lot });
            var (issued, opened) = (await issue, await recall);
            Assert.Equal(201, opened.Status);
            Assert.True(issued.Status == 200 || issued.Code == "not_issuable", issued.ToString());
            Assert.Equal((1, issued.Status == 200 ? 1 : 0), (await Holds(din, opened.Id), await Tasks(unit)));
            if (issued.Status != 200) Assert.Equal(200, (await station.Client.Post($"/v1/orders/{order}/cancel")).Status);
        }
    }

    [Fact]
    public async Task Recall_and_arrival_at_once_leave_no_bag_of_the_lot_free()
    {
        for (var i = 0; i < 8; i++)
        {
            var lot = Some.Key();
            await station.Collected(but: Lot(lot));
            var din = (await station.Dins(1))[0];
            var arrival = service.Deliver(station.Collection(din, but: Lot(lot)));
            var recall = await Recall(new { bagLot = lot });
            await arrival;
            Assert.Equal((201, 1), (recall.Status, await Holds(din, recall.Id)));
        }
    }

    [Fact]
    public async Task A_lookback_asks_the_hospitals_too_whether_a_person_opens_it_or_a_result()
    {
        var (first, second) = (Some.Id(), Some.Id());
        var din = await station.Released(first);
        var issued = await Issued();
        var opened = await station.Quality.Post("/v1/lookbacks", new { din, reason = "recipient-infection" });
        Assert.Equal(201, opened.Status);
        var task = Assert.Single(await Asked(Hospital));
        Assert.Equal((issued, "lookback"), (task.GetProperty("unitId").GetGuid(), task.GetProperty("why").GetString()));
        Assert.Equal(opened.Id, Assert.Single(await Asked(station.Client)).GetProperty("caseId").GetGuid());

        await station.Released(second, "B+");
        var transfused = await Issued("B+");
        Assert.Equal(201, (await Transfuse(transfused)).Status);
        var later = await station.Collected(second);
        Assert.Equal(200, (await station.Run(Station.Rows(later, "B+", reactive: ["hbsag", "nat-hbv"]))).Status);
        Assert.Equal(transfused, Assert.Single(await Asked(Hospital, "?status=open&why=lookback"), t => t.GetProperty("unitId").GetGuid() != issued).GetProperty("unitId").GetGuid());
        Assert.Equal(1, await Tasks(transfused)); // two markers ask once
    }
}
