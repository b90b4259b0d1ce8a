using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Inventory.Tests.Features;

public sealed class OrderTests(InventoryService inventory) : IAsyncLifetime
{
    private readonly ServiceUnderTest service = inventory.Service;
    private readonly Station station = new(inventory.Service);
    private readonly Guid hospitalId = Some.Id();

    private HttpClient Hospital => service.As(Roles.Hospital, hospitalId);

    public async ValueTask InitializeAsync() => await service.Seal("donor");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Guid[] Units(Answer order) => [.. order["lines"].EnumerateArray().Select(l => l.GetProperty("unitId").GetGuid())];

    private static string[] Errors(Answer answer) => [.. answer["errors"].EnumerateArray().Select(e => e.GetProperty("code").GetString()!)];

    private Task<Answer> Issue(Guid order, string? key = null) => station.Issuer.Post($"/v1/orders/{order}/issue", null, key ?? Some.Key());

    private DonationWithdrawn Withdrawal(string din, Guid donor) =>
        new() { Key = donor.ToString(), Version = 9, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = station.Id, WithdrawalId = Some.Id(), DonorId = donor, Din = din, HoldKind = "late-information" };

    [Fact]
    public async Task A_bag_goes_from_order_to_patient()
    {
        var din = await station.Released();
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id));
        Assert.Equal((201, "allocated", station.Id), (order.Status, order.Text("status"), order["stationId"].GetGuid()));
        var line = Assert.Single(order["lines"].EnumerateArray());
        Assert.Equal((din, "A+", 2m, false), (line.GetProperty("din").GetString(), line.GetProperty("bloodGroup").GetString(), line.GetProperty("contentU").GetDecimal(), line.GetProperty("substitution").GetBoolean()));
        var unit = Units(order)[0];
        Assert.Equal("reserved", (await station.Client.Get($"/v1/units/{unit}")).Text("status"));

        var issued = await Issue(order.Id);
        Assert.Equal((200, "issued"), (issued.Status, issued.Text("status")));
        var received = await Hospital.Post($"/v1/orders/{order.Id}/receive");
        Assert.Equal("received", received.Text("status"));
        var transfused = await Hospital.Post($"/v1/units/{unit}/transfusion", new { patientReference = "PATIENT-0000017", transfusedAt = TimeProvider.System.GetUtcNow(), outcome = "no-reaction" });
        Assert.Equal((201, 0), (transfused.Status, transfused["alarms"].GetArrayLength()));
        Assert.Equal("already_transfused", (await Hospital.Post($"/v1/units/{unit}/transfusion", new { patientReference = "PATIENT-0000018", transfusedAt = TimeProvider.System.GetUtcNow(), outcome = "no-reaction" })).Code);
        Assert.Equal(200, (await Hospital.Get($"/v1/units/{unit}/transfusion")).Status);

        Assert.Equal((hospitalId, order.Id), Assert.Single(await service.Published<UnitIssued>(), e => e.UnitId == unit) is var i ? (i.HospitalId, i.OrderId) : default);
        Assert.Single(await service.Published<UnitReceived>(), e => e.UnitId == unit);
        Assert.Single(await service.Published<UnitTransfused>(), e => e.UnitId == unit);
        var versions = await service.Database.Query<long>("select version from inventory.outbox where key = @din order by position", new { din });
        Assert.Equal(versions.Order().Distinct(), versions);
        Assert.DoesNotContain("PATIENT", await service.Database.Scalar<string>("select string_agg(payload::text, '') || (select string_agg(detail::text || resource, '') from inventory.audit) from inventory.outbox"));

        var trace = await station.Client.Get($"/v1/traces/{din}");
        Assert.Equal((9, 2), (trace["tests"].GetArrayLength(), trace["signatures"].GetArrayLength()));
        var way = trace["units"].EnumerateArray().Single(u => u.GetProperty("unit").GetProperty("id").GetGuid() == unit);
        Assert.Equal(["made", "released", "reserved", "issued", "received", "transfused"], way.GetProperty("movements").EnumerateArray().Select(m => m.GetProperty("kind").GetString()));
        Assert.Equal(hospitalId, way.GetProperty("transfusion").GetProperty("hospitalId").GetGuid());
        Assert.DoesNotContain("PATIENT-0000017", trace.Body.ToString());
        var back = await station.Client.Post("/v1/traces/search", new { patientReference = "PATIENT-0000017", hospitalId });
        Assert.Equal(din, Assert.Single(back["items"].EnumerateArray()).GetProperty("din").GetString());
        Assert.Equal(din, Assert.Single((await station.Client.Post("/v1/traces/search", new { unitId = unit }))["items"].EnumerateArray()).GetProperty("din").GetString());
        Assert.Equal(404, (await new Station(service).Client.Get($"/v1/traces/{din}")).Status);
        Assert.Empty((await new Station(service).Client.Post("/v1/traces/search", new { unitId = unit }))["items"].EnumerateArray());
    }

    [Fact]
    public async Task The_first_to_expire_goes_first_and_the_rest_is_explained()
    {
        var older = TimeProvider.System.GetUtcNow().AddDays(-5);
        var late = await station.Released(group: "B+");
        var early = await station.Released(group: "B+", but: c => c with { StartedAt = older, EndedAt = older.AddMinutes(7) }, recipe: "red-cells-and-frozen-plasma");
        var held = await station.Released(group: "B+", but: c => c with { StartedAt = older.AddDays(-1), EndedAt = older }, recipe: "red-cells-and-frozen-plasma");
        await station.Client.Post($"/v1/units/{await station.UnitOf(held)}/hold", new { kind = "quality" });
        await station.Releasable(group: "B+");

        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "B+"));
        Assert.Equal(early, order["lines"][0].GetProperty("din").GetString());
        var explained = await Hospital.Get($"/v1/orders/{order.Id}/explanation");
        Assert.Equal(["held", "later-to-expire", "not-released"], explained["passedOver"].EnumerateArray().Select(p => p.GetProperty("reason").GetString()).Order());

        var all = await Hospital.Post("/v1/orders", Station.Order(station.Id, "B+", amount: 3));
        Assert.Equal(("partially-allocated", late), (all.Text("status"), all["lines"][0].GetProperty("din").GetString()));
        Assert.Equal("waiting", (await Hospital.Post("/v1/orders", Station.Order(station.Id, "B+"))).Text("status"));
        Assert.Equal("waiting", (await Hospital.Post("/v1/orders", Station.Order(station.Id, "B-"))).Text("status")); // never another group
    }

    [Fact]
    public async Task A_bag_that_expires_before_it_is_needed_is_not_given()
    {
        await station.Released(group: "AB-");
        Assert.Equal("waiting", (await Hospital.Post("/v1/orders", Station.Order(station.Id, "AB-", neededBy: TimeProvider.System.GetUtcNow().AddDays(60)))).Text("status"));
        Assert.Equal("allocated", (await Hospital.Post("/v1/orders", Station.Order(station.Id, "AB-", amount: 2, unit: "u"))).Text("status")); // one bag of 400 ml is two u
    }

    [Fact]
    public async Task Without_a_named_station_the_one_with_the_first_bag_to_expire_serves()
    {
        var other = new Station(service);
        var older = TimeProvider.System.GetUtcNow().AddDays(-9);
        await station.Released(recipe: "whole-blood", group: "O-");
        await other.Released(recipe: "whole-blood", group: "O-", but: c => c with { StartedAt = older, EndedAt = older.AddMinutes(7) });
        var order = await Hospital.Post("/v1/orders", Station.Order(null, "O-", component: "whole-blood"));
        Assert.Equal(other.Id, order["stationId"].GetGuid());
        Assert.Equal(200, (await other.Client.Get($"/v1/orders/{order.Id}")).Status);
    }

    [Fact]
    public async Task Eight_orders_at_once_for_the_last_bag_give_it_to_one()
    {
        var din = await station.Released(group: "O-");
        var unit = await station.UnitOf(din);
        var orders = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => service.As(Roles.Hospital, Some.Id()).Post("/v1/orders", Station.Order(station.Id, "O-"))));
        Assert.All(orders, o => Assert.Equal(201, o.Status));
        Assert.Equal((1, 7), (orders.Count(o => o.Text("status") == "allocated"), orders.Count(o => o.Text("status") == "waiting")));
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from inventory.order_line where unit_id = @unit", new { unit }));
    }

    [Fact]
    public async Task Forty_orders_at_once_share_twenty_bags_without_a_bag_in_two()
    {
        var dins = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => station.Released(group: "AB+")));
        var orders = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Hospital.Post("/v1/orders", Station.Order(station.Id, "AB+"))));
        var given = orders.SelectMany(Units).ToList();
        Assert.Equal(given.Count, given.Distinct().Count());
        foreach (var waiting in orders.Where(o => o.Text("status") == "waiting")) given.AddRange(Units(await Hospital.Post($"/v1/orders/{waiting.Id}/allocate")));
        Assert.Equal((10, 10), (given.Count, given.Distinct().Count()));
        Assert.Equal(10, dins.Distinct().Count());
    }

    [Fact]
    public async Task The_database_itself_refuses_a_bag_in_two_orders()
    {
        await station.Released(group: "B-");
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "B-"));
        var other = await Hospital.Post("/v1/orders", Station.Order(station.Id, "B-"));
        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => service.Database.Execute(
            "insert into inventory.order_line (order_id, unit_id, din, why, reserved_at) select @Id, unit_id, din, why, now() from inventory.order_line where order_id = @order", new { other.Id, order = order.Id }));
        Assert.Equal("order_line_unit_in_one_order", refused.ConstraintName);
    }

    [Fact]
    public async Task A_hold_after_release_blocks_the_issue_until_the_bag_is_replaced()
    {
        var donor = Some.Id();
        var older = TimeProvider.System.GetUtcNow().AddDays(-3);
        var din = await station.Released(donor, but: c => c with { StartedAt = older, EndedAt = older.AddMinutes(7) }, recipe: "red-cells-and-frozen-plasma");
        var spare = await station.Released();
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id));
        Assert.Equal(din, order["lines"][0].GetProperty("din").GetString());
        await service.Deliver(Withdrawal(din, donor));
        var refused = await Issue(order.Id);
        Assert.Equal((409, "not_issuable"), (refused.Status, refused.Code));
        Assert.Equal(["held"], Errors(refused));
        Assert.DoesNotContain(await service.Published<UnitIssued>(), e => e.Din == din);
        Assert.Equal("reserved", (await station.Client.Get($"/v1/units/{Units(order)[0]}")).Text("status"));

        var again = await Hospital.Post($"/v1/orders/{order.Id}/allocate");
        Assert.Equal(("allocated", spare), (again.Text("status"), again["lines"][0].GetProperty("din").GetString()));
        Assert.Equal(200, (await Issue(order.Id)).Status);
    }

    [Fact]
    public async Task A_hold_racing_the_issue_comes_before_it_or_after_it_never_between()
    {
        for (var i = 0; i < 6; i++)
        {
            var donor = Some.Id();
            var din = await station.Released(donor);
            var order = await Hospital.Post("/v1/orders", Station.Order(station.Id));
            var issuing = Issue(order.Id);
            await Task.WhenAll(issuing, service.Deliver(Withdrawal(din, donor)));
            var answer = await issuing;
            var events = await service.Database.Query<string>("select type from inventory.outbox where key = @din and (type like '%UnitIssued' or type like '%DonationHeld') order by position", new { din });
            Assert.Equal(answer.Status == 200 ? ["UnitIssued", "DonationHeld"] : ["DonationHeld"], events.Select(t => t.Split('.')[^1]));
            if (answer.Status != 200) Assert.Equal("not_issuable", answer.Code);
            await Hospital.Post($"/v1/orders/{order.Id}/cancel");
        }
    }

    [Fact]
    public async Task An_expired_bag_is_not_issued()
    {
        await station.Released(group: "O+");
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "O+"));
        await service.Database.Execute("update inventory.unit set expires_at = now() - interval '1 second' where id = any(@ids)", new { ids = Units(order) });
        Assert.Equal("expired", (await station.Client.Get($"/v1/units/{Units(order)[0]}")).Text("status"));
        Assert.Equal(["expired"], Errors(await Issue(order.Id)));
    }

    [Fact]
    public async Task Issue_is_a_persons_once_and_needs_a_key()
    {
        await station.Released(group: "A-");
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "A-"));
        Assert.Equal("staff_required", (await station.Client.Post($"/v1/orders/{order.Id}/issue", null, Some.Key())).Code);
        Assert.Equal("staff_function_required", (await station.ReleaserA.Post($"/v1/orders/{order.Id}/issue", null, Some.Key())).Code);
        Assert.Equal("idempotency_key_required", (await station.Issuer.Post($"/v1/orders/{order.Id}/issue")).Code);
        Assert.Equal("role_forbidden", (await Hospital.Post($"/v1/orders/{order.Id}/issue", null, Some.Key())).Code);
        var key = Some.Key();
        var twins = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Issue(order.Id, key)));
        Assert.All(twins, t => Assert.Equal(200, t.Status));
        Assert.Equal("order_state", (await Issue(order.Id)).Code);
        Assert.Equal("order_state", (await Hospital.Post($"/v1/orders/{order.Id}/cancel")).Code);
        Assert.Single(await service.Published<UnitIssued>(), e => e.OrderId == order.Id);
    }

    [Fact]
    public async Task A_cancelled_order_frees_its_bags()
    {
        await station.Released(group: "O+");
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "O+"));
        Assert.Equal("order_state", (await Hospital.Post($"/v1/orders/{order.Id}/receive")).Code);
        Assert.Equal("cancelled", (await Hospital.Post($"/v1/orders/{order.Id}/cancel")).Text("status"));
        Assert.Equal("available", (await station.Client.Get($"/v1/units/{Units(order)[0]}")).Text("status"));
        Assert.Equal(Units(order), Units(await Hospital.Post("/v1/orders", Station.Order(station.Id, "O+"))));
    }

    [Fact]
    public async Task An_order_for_a_patient_needs_crossmatched_bags_and_seals_who_it_is()
    {
        await station.Released(group: "B-");
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "B-", patient: new { reference = "PATIENT-0000042", sex = "female", ageYears = 31 }));
        Assert.Equal((201, "PA**", 31), (order.Status, order["patient"].GetProperty("reference").GetString()![..2] + "**", order["patient"].GetProperty("ageYears").GetInt32()));
        Assert.DoesNotContain("PATIENT-0000042", order.Body.ToString());
        Assert.DoesNotContain("PATIENT-0000042", (await station.Client.Get($"/v1/orders/{order.Id}")).Body.ToString());
        Assert.Equal(["crossmatch_missing"], Errors(await Issue(order.Id)));
        var unit = Units(order)[0];
        await Hospital.Post($"/v1/orders/{order.Id}/lines/{unit}/crossmatch", new { result = "incompatible" });
        Assert.Equal(["crossmatch_incompatible"], Errors(await Issue(order.Id)));
        await Hospital.Post($"/v1/orders/{order.Id}/lines/{unit}/crossmatch", new { result = "compatible" });
        Assert.Equal(200, (await Issue(order.Id)).Status);
        var wrong = await Hospital.Post($"/v1/units/{unit}/transfusion", new { patientReference = "PATIENT-0000043", transfusedAt = TimeProvider.System.GetUtcNow(), outcome = "no-reaction" });
        Assert.Equal(["not-received", "other-patient"], wrong["alarms"].EnumerateArray().Select(a => a.GetString()));
    }

    [Fact]
    public async Task A_transfusion_is_recorded_even_of_a_held_and_expired_bag()
    {
        var donor = Some.Id();
        var din = await station.Released(donor, "AB-");
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "AB-"));
        await Issue(order.Id);
        await Hospital.Post($"/v1/orders/{order.Id}/receive");
        await service.Deliver(Withdrawal(din, donor));
        await service.Database.Execute("update inventory.unit set expires_at = now() - interval '1 hour' where id = any(@ids)", new { ids = Units(order) });
        var unit = Units(order)[0];
        Assert.Equal("performed_in_future", (await Hospital.Post($"/v1/units/{unit}/transfusion", new { patientReference = "P-7", transfusedAt = TimeProvider.System.GetUtcNow().AddHours(1), outcome = "no-reaction" })).Code);
        Assert.Equal("invalid_value", (await Hospital.Post($"/v1/units/{unit}/transfusion", new { patientReference = "P-7", transfusedAt = TimeProvider.System.GetUtcNow().AddYears(-1), outcome = "no-reaction" })).Code);
        Assert.Equal("invalid_value", (await Hospital.Post($"/v1/units/{unit}/transfusion", new { patientReference = "P-7", transfusedAt = TimeProvider.System.GetUtcNow(), outcome = "fine" })).Code);
        var fact = await Hospital.Post($"/v1/units/{unit}/transfusion", new { patientReference = "P-7", transfusedAt = TimeProvider.System.GetUtcNow(), outcome = "reaction" });
        Assert.Equal((201, "held,expired"), (fact.Status, string.Join(',', fact["alarms"].EnumerateArray().Select(a => a.GetString()))));
        Assert.Equal("transfused", (await Hospital.Get($"/v1/units/{unit}")).Text("status"));
    }

    [Theory]
    [InlineData("amount", 0, "invalid_value")]
    [InlineData("amount", 1001, "invalid_value")]
    [InlineData("unit", "litres", "invalid_value")]
    [InlineData("unit", "treatment-units", "quantity_unit_not_applicable")]
    [InlineData("group", "C+", "invalid_value")]
    [InlineData("component", "ketchup", "invalid_value")]
    [InlineData("neededBy", -1, "needed_by_past")]
    public async Task A_senseless_order_is_refused_and_nothing_is_written(string field, object value, string code)
    {
        var order = Station.Order(station.Id, field == "group" ? (string)value : "A+", field == "amount" ? (int)value : 1, field == "component" ? (string)value : "red-cells-suspended",
            field == "unit" ? (string)value : "bags", neededBy: field == "neededBy" ? TimeProvider.System.GetUtcNow().AddMinutes((int)value) : null);
        var answer = await Hospital.Post("/v1/orders", order);
        Assert.Equal((422, code), (answer.Status, answer.Code));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from inventory.hospital_order where hospital_id = @hospitalId", new { hospitalId }));
    }

    [Fact]
    public async Task Orders_and_bags_of_others_are_unknown()
    {
        await station.Released(group: "A-");
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "A-"));
        var unit = Units(order)[0];
        // Old ids: a fresh one would be waited for, wherever it comes from.
        var (oldOrder, oldUnit) = (Some.OldId(), Some.OldId());
        await service.Database.Execute("""
            begin; set local session_replication_role = replica; -- no foreign keys
            update inventory.order_line set order_id = @oldOrder, unit_id = @oldUnit where order_id = @Id; update inventory.hospital_order set id = @oldOrder where id = @Id;
            update inventory.unit set id = @oldUnit, order_id = @oldOrder where id = @unit; commit;
            """, new { oldOrder, oldUnit, order.Id, unit });
        var stranger = service.As(Roles.Hospital, Some.Id());
        foreach (var call in new[] { stranger.Get($"/v1/orders/{oldOrder}"), stranger.Post($"/v1/orders/{oldOrder}/cancel"), stranger.Post($"/v1/orders/{oldOrder}/receive"), stranger.Get($"/v1/orders/{oldOrder}/explanation"),
            stranger.Get($"/v1/units/{oldUnit}"), stranger.Post($"/v1/units/{oldUnit}/transfusion", new { patientReference = "P-1", transfusedAt = TimeProvider.System.GetUtcNow(), outcome = "no-reaction" }),
            new Station(service).Issuer.Post($"/v1/orders/{oldOrder}/issue", null, Some.Key()), new Station(service).Client.Get($"/v1/units/{oldUnit}"), new Station(service).Client.Post($"/v1/units/{oldUnit}/discard", new { reasonCode = "broken" }),
            station.Client.Get($"/v1/units/{Some.OldId()}"), station.Quality.Post($"/v1/holds/{Some.OldId()}/lift", new { reason = "none" }), Hospital.Get($"/v1/orders/{Some.OldId()}") })
            Assert.Equal((404, "not_found"), (await call) is var a ? (a.Status, a.Code) : default);
        Assert.Equal(200, (await Hospital.Get($"/v1/orders/{oldOrder}")).Status);
        Assert.Contains(oldOrder, (await Hospital.Get("/v1/orders?limit=1000"))["items"].EnumerateArray().Select(o => o.GetProperty("id").GetGuid()));
        Assert.Empty((await stranger.Get("/v1/orders"))["items"].EnumerateArray());
    }

    [Fact]
    public async Task Stock_counts_what_may_be_given_and_how_long_it_lasts()
    {
        var din = await station.Released(group: "O+");
        await station.Released(group: "O+");
        await station.Releasable(group: "O+");
        await station.Client.Post($"/v1/units/{await station.UnitOf(din)}/hold", new { kind = "quality" });
        Func<Task<System.Text.Json.JsonElement>> read = async () => (await station.Client.Get("/v1/stock"))["items"].EnumerateArray().Single(i => i.GetProperty("component").GetString() == "red-cells-suspended" && i.GetProperty("bloodGroup").GetString() == "O+");
        var stock = await read();
        Assert.Equal((1, 2m, 0, 1, 1), (stock.GetProperty("available").GetInt32(), stock.GetProperty("availableU").GetDecimal(), stock.GetProperty("reserved").GetInt32(), stock.GetProperty("quarantine").GetInt32(), stock.GetProperty("held").GetInt32()));
        Assert.Equal((System.Text.Json.JsonValueKind.Null, "normal"), (stock.GetProperty("daysOfCover").ValueKind, stock.GetProperty("level").GetString()));
        var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "O+"));
        await Issue(order.Id);
        stock = await read();
        Assert.Equal((0, 0m, "red"), (stock.GetProperty("available").GetInt32(), stock.GetProperty("daysOfCover").GetDecimal(), stock.GetProperty("level").GetString()));
        Assert.Equal(200, (await Hospital.Get($"/v1/stock?stationId={station.Id}")).Status);
    }

    [Fact]
    public async Task A_bag_that_was_transfused_before_it_was_issued_keeps_nobody_from_ending_or_issuing_the_order()
    {
        foreach (var issue in new[] { false, true })
        {
            await station.Released(group: "O-");
            await station.Released(group: "O-");
            var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "O-", amount: 2));
            var units = order["lines"].EnumerateArray().Select(l => l.GetProperty("unitId").GetGuid()).ToArray();
            var fact = await Hospital.Post($"/v1/units/{units[0]}/transfusion", new { patientReference = "P-1", transfusedAt = TimeProvider.System.GetUtcNow(), outcome = "no-reaction" });
            Assert.Equal((201, "not-issued"), (fact.Status, fact["alarms"][0].GetString()));
            var ended = issue ? await station.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key()) : await Hospital.Post($"/v1/orders/{order.Id}/cancel");
            Assert.True(ended.Status == 200, ended.ToString());
            Assert.Equal(["transfused", issue ? "issued" : "available"], [(await station.Client.Get($"/v1/units/{units[0]}")).Text("status"), (await station.Client.Get($"/v1/units/{units[1]}")).Text("status")]);
            await station.Client.Post($"/v1/units/{units[1]}/discard", new { reasonCode = "other" });
        }
    }

    [Fact]
    public async Task A_discarded_bag_is_gone_and_on_record()
    {
        var din = await station.Releasable();
        var unit = await station.UnitOf(din);
        Assert.Equal("invalid_value", (await station.Client.Post($"/v1/units/{unit}/discard", new { reasonCode = "bored" })).Code);
        Assert.Equal("discarded", (await station.Client.Post($"/v1/units/{unit}/discard", new { reasonCode = "broken" })).Text("status"));
        Assert.Equal("unit_state", (await station.Client.Post($"/v1/units/{unit}/discard", new { reasonCode = "broken" })).Code);
        Assert.Equal("broken", Assert.Single(await service.Published<UnitDiscarded>(), e => e.UnitId == unit).ReasonCode);
        var listed = await station.Client.Get("/v1/units?status=discarded&component=red-cells-suspended&bloodGroup=A%2B");
        Assert.Equal(unit, Assert.Single(listed["items"].EnumerateArray()).GetProperty("id").GetGuid());
        Assert.Empty((await station.Client.Get("/v1/units?status=available"))["items"].EnumerateArray());
    }

    [Fact]
    public async Task History_cannot_be_rewritten_by_the_service()
    {
        await using var login = new Npgsql.NpgsqlConnection(service.Database.Service("inventory"));
        await login.OpenAsync();
        foreach (var sql in new[] { "delete from inventory.unit", "delete from inventory.donation", "delete from inventory.hold", "update inventory.unit_movement set kind = 'x'", "delete from inventory.test_result", "update inventory.transfusion set outcome = 'x'" })
        {
            await using var command = new Npgsql.NpgsqlCommand(sql, login);
            Assert.Equal("42501", (await Assert.ThrowsAsync<Npgsql.PostgresException>(command.ExecuteNonQueryAsync)).SqlState);
        }
    }
}
