using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Orders;
using BloodPlatform.Inventory.Features.Units;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Inventory.Tests.Features;

/// <summary>Which bags an order gets when the exact group is short, who is served first when all is short, and when it ends.</summary>
public sealed class WhoGetsWhatTests(InventoryService inventory) : IAsyncLifetime
{
    private readonly ServiceUnderTest service = inventory.Service;
    private readonly Station station = new(inventory.Service);
    private readonly Guid hospitalId = Some.Id();

    private HttpClient Hospital => service.As(Roles.Hospital, hospitalId);

    public async ValueTask InitializeAsync() => await service.Seal("donor");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<Answer> Order(string group, int amount = 1, string urgency = "routine", bool substitution = true, object? patient = null, string component = "red-cells-suspended", object? rhdPositive = null, int minimumRemainingHours = 0, Guid? at = null) =>
        Hospital.Post("/v1/orders", new
        {
            component, bloodGroup = group, quantity = new { amount, unit = "bags" }, urgency, neededBy = TimeProvider.System.GetUtcNow().AddHours(6), allowSubstitution = substitution, patient, rhdPositive, minimumRemainingHours, stationId = at ?? station.Id,
        });

    private static string Lines(Answer order) => string.Join(' ', order["lines"].EnumerateArray().Select(l => $"{l.GetProperty("bloodGroup").GetString()}{(l.GetProperty("substitution").GetBoolean() ? "*" : "")}"));

    private Task<Answer> Order(Guid id) => Hospital.Get($"/v1/orders/{id}");

    private async Task Look<T>() where T : Sweep => await service.App.Services.GetServices<IHostedService>().OfType<T>().Single().LookNow(TestContext.Current.CancellationToken);

    private static object Patient(string sex = "male", int ageYears = 40, string[]? antibodies = null, string[]? specialNeeds = null) => new { reference = Some.Key(), sex, ageYears, antibodies, specialNeeds };

    [Fact]
    public async Task What_the_exact_group_lacks_comes_from_the_nearest_compatible_one_and_each_line_says_why()
    {
        var (exact, other) = (await station.Released(group: "A+"), await station.Released(group: "O+"));
        await station.Released(group: "O-");
        await station.Released(group: "B+");
        var order = await Order("A+", amount: 3);
        Assert.Equal(("partially-allocated", "A+ O+*"), (order.Text("status"), Lines(order))); // O- is kept, B+ never fits
        Assert.Equal([exact, other], order["lines"].EnumerateArray().Select(l => l.GetProperty("din").GetString()));
        Assert.Equal(["exact group, first to expire", "O+ for A+: compatible, and nothing nearer is left; first to expire"], order["lines"].EnumerateArray().Select(l => l.GetProperty("why").GetString()));

        var explained = await Hospital.Get($"/v1/orders/{order.Id}/explanation");
        Assert.Equal(("proposed.1", 2), (explained.Text("policy"), explained["taken"].GetArrayLength()));
        Assert.Equal("A+ , O+ , A- rhd-negative-kept, O- protected, B+ incompatible, B- incompatible, AB+ incompatible, AB- incompatible".Split(", ").Order(),
            explained["groups"].EnumerateArray().Select(g => $"{g.GetProperty("bloodGroup").GetString()} {(g.GetProperty("whyNot") is { ValueKind: System.Text.Json.JsonValueKind.String } w ? w.GetString() : "")}").Order());
        Assert.All(explained["groups"].EnumerateArray(), g => Assert.NotEqual("", g.GetProperty("why").GetString()));

        // The protected bag is there for whom it is kept, and in an emergency for anybody.
        Assert.Equal("O-*", Lines(await Order("B+", urgency: "emergency", substitution: true) is var b && Lines(b) == "B+" ? await Order("A-", urgency: "urgent") : b));
    }

    [Fact]
    public async Task Without_the_hospitals_word_no_other_group_is_given()
    {
        await station.Released(group: "O+");
        var order = await Order("A+", substitution: false);
        Assert.Equal(("waiting", ""), (order.Text("status"), Lines(order)));
        var plasma = await Order("B+", component: "plasma-fresh-frozen"); // the same donation's plasma is O: it would attack B
        Assert.Equal("waiting", plasma.Text("status"));
        Assert.Equal("O+", Lines(await Order("O+", component: "plasma-fresh-frozen")));
    }

    [Fact]
    public async Task Plasma_goes_the_other_way_round_and_its_rhd_does_not_matter()
    {
        await station.Released(group: "AB-");
        Assert.Equal("waiting", (await Order("A+", component: "plasma-fresh-frozen")).Text("status")); // AB is kept
        Assert.Equal("AB-*", Lines(await Order("A+", component: "plasma-fresh-frozen", urgency: "urgent")));
    }

    [Fact]
    public async Task Rhd_positive_cells_for_an_rhd_negative_patient_need_a_named_physician_in_need()
    {
        await station.Released(group: "A+");
        var answer = new { physician = "D-0417", reason = "大出血，无RhD阴性血液" };
        Assert.Equal("waiting", (await Order("A-", urgency: "emergency", patient: Patient())).Text("status"));
        Assert.Equal("waiting", (await Order("A-", urgency: "routine", patient: Patient(), rhdPositive: answer)).Text("status"));
        foreach (var who in new[] { Patient("female", 50), Patient("male", 18), Patient(antibodies: ["anti-D"]), new { reference = "P-unknown" } })
            Assert.Equal((422, "rhd_positive_refused"), (await Order("A-", urgency: "emergency", patient: who, rhdPositive: answer)) is var no ? (no.Status, no.Code) : default);
        foreach (var (group, substitution, patient) in new (string, bool, object?)[] { ("A-", true, null), ("A-", false, Patient()), ("A+", true, Patient()) })
            Assert.Equal((422, "invalid_value"), (await Order(group, urgency: "emergency", substitution: substitution, patient: patient, rhdPositive: answer)) is var no ? (no.Status, no.Code) : default);

        var order = await Order("A-", urgency: "emergency", patient: Patient("female", 51), rhdPositive: answer);
        Assert.Equal(("allocated", "A+*", "D-0417"), (order.Text("status"), Lines(order), order["patient"].GetProperty("rhdPositivePhysician").GetString()));
        Assert.Equal("D-0417", (await Order(order.Id))["patient"].GetProperty("rhdPositivePhysician").GetString());
        Assert.DoesNotContain("D-0417", await service.Database.Scalar<string>("select string_agg(o::text, '') || (select string_agg(payload::text, '') from inventory.outbox) from inventory.hospital_order o"));
    }

    [Fact]
    public async Task Special_needs_and_a_shortest_life_choose_the_bag_or_are_refused_at_once()
    {
        var old = TimeProvider.System.GetUtcNow().AddDays(-9);
        await station.Released(group: "B-", but: c => c with { StartedAt = old, EndedAt = old.AddMinutes(7) }, recipe: "red-cells-and-frozen-plasma");
        Assert.Equal("waiting", (await Order("B-", patient: Patient(specialNeeds: ["fresh"]))).Text("status"));
        Assert.Equal("waiting", (await Order("B-", patient: Patient(specialNeeds: ["irradiated"]))).Text("status"));
        var remaining = await Order("B-", minimumRemainingHours: 27 * 24); // 35 days of life, nine are over
        Assert.Equal("waiting", remaining.Text("status"));
        Assert.Equal(["expires-before-needed"], (await Hospital.Get($"/v1/orders/{remaining.Id}/explanation"))["passedOver"].EnumerateArray().Select(p => p.GetProperty("reason").GetString()));
        var unmeetable = await Order("B-", patient: Patient(specialNeeds: ["fresh", "leukoreduced"]));
        Assert.Equal((422, "/patient/specialNeeds/1", "Order red-cells-leukoreduced for it"), (unmeetable.Status, unmeetable["errors"][0].GetProperty("pointer").GetString(), unmeetable["errors"][0].GetProperty("detail").GetString()));

        var young = await station.Released(group: "B-");
        await Look<ServeWaiting>();
        var fresh = (await Hospital.Get("/v1/orders?limit=1000"))["items"].EnumerateArray().Single(o => o.GetProperty("lines").GetArrayLength() == 1);
        Assert.Equal(young, fresh.GetProperty("lines")[0].GetProperty("din").GetString());
        Assert.Equal(["fresh"], fresh.GetProperty("patient").GetProperty("specialNeeds").EnumerateArray().Select(n => n.GetString())); // the order that waited longest for it
    }

    [Fact]
    public async Task An_order_that_lacks_bags_gets_them_when_they_come_the_most_urgent_first()
    {
        var routine = await Order("AB+", amount: 2, substitution: false);
        var urgent = await Order("AB+", urgency: "urgent", substitution: false);
        var emergency = await Order("AB+", urgency: "emergency", substitution: false);
        Task<string[]> States() => Task.WhenAll(new[] { routine, urgent, emergency }.Select(async o => (await Order(o.Id)).Text("status")!));

        await station.Released(group: "AB+");
        await Look<ServeWaiting>();
        Assert.Equal(["waiting", "waiting", "allocated"], await States());
        await station.Released(group: "AB+");
        // Whoever comes now, and as urgently, finds those before him served.
        var late = await Order("AB+", urgency: "urgent", substitution: false);
        Assert.Equal(["waiting", "allocated", "allocated", "waiting"], [.. await States(), late.Text("status")!]);
        await Hospital.Post($"/v1/orders/{late.Id}/cancel");
        await station.Released(group: "AB+");
        await Look<ServeWaiting>();
        Assert.Equal(["partially-allocated", "allocated", "allocated"], await States());
        await station.Released(group: "AB+");
        await Look<ServeWaiting>();
        Assert.Equal(["allocated", "allocated", "allocated"], await States());
        var said = (await service.Published<OrderChanged>()).Where(e => e.OrderId == routine.Id).ToList();
        Assert.Equal(["waiting 0", "partially-allocated 1", "allocated 2"], said.Select(e => $"{e.Status} {e.Bags}"));
        Assert.Equal(hospitalId, said[0].HospitalId);
    }

    [Fact]
    public async Task An_emergency_that_comes_does_not_wait_for_a_routine_order_that_lacks_bags()
    {
        var routine = await Order("AB-", amount: 5, substitution: false);
        await station.Released(group: "AB-");
        var emergency = await Order("AB-", urgency: "emergency", substitution: false);
        // Either the sweep had given the bag away before, or it is the emergency's; it is never left between them.
        Assert.Equal(1, emergency["lines"].GetArrayLength() + (await Order(routine.Id))["lines"].GetArrayLength());
    }

    [Fact]
    public async Task Thirty_bags_that_appear_at_once_go_to_who_waited_before_forty_newcomers_and_none_goes_twice()
    {
        foreach (var _ in Enumerable.Range(0, 30)) await station.Released(group: "O+");
        Task Hide(int holds) => service.Database.Execute("update inventory.unit set open_holds = @holds where station_id = @Id", new { holds, station.Id });
        await Hide(1);
        var waiting = new List<Guid>();
        foreach (var _ in Enumerable.Range(0, 20)) waiting.Add((await Order("O+", urgency: "urgent", substitution: false)).Id);
        await Hide(0);
        var placed = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Order("O+", urgency: i % 2 == 0 ? "urgent" : "routine", substitution: false)));
        Assert.All(placed, o => Assert.Equal(201, o.Status));
        await Look<ServeWaiting>();
        var all = (await Hospital.Get("/v1/orders?limit=1000"))["items"].EnumerateArray().ToList();
        Assert.Equal((60, 30), (all.Count, all.Sum(o => o.GetProperty("lines").GetArrayLength())));
        Assert.All(waiting, id => Assert.Equal("allocated", all.Single(o => o.GetProperty("id").GetGuid() == id).GetProperty("status").GetString()));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from (select unit_id from inventory.order_line where dropped_at is null group by unit_id having count(*) > 1) x"));
    }

    [Fact]
    public async Task Bags_that_nobody_fetches_are_free_again_and_an_order_that_was_not_met_in_time_ends()
    {
        var din = await station.Released(group: "B+");
        var (reserved, waiting) = (await Order("B+", substitution: false), await Order("B+", substitution: false));
        Assert.Equal(("allocated", "waiting"), (reserved.Text("status"), waiting.Text("status")));
        Assert.InRange(reserved["reservedUntil"].GetDateTimeOffset() - TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(77.9), TimeSpan.FromHours(78)); // 72 hours after the need
        await Look<LapseOrders>();
        Assert.Equal(("allocated", "waiting"), ((await Order(reserved.Id)).Text("status"), (await Order(waiting.Id)).Text("status")));

        await service.Database.Execute("update inventory.hospital_order set needed_by = now() - interval '1 second' where id = @Id", new { waiting.Id });
        await service.Database.Execute("update inventory.hospital_order set reserved_until = now() - interval '1 second' where id = @Id", new { reserved.Id });
        await Task.WhenAll(Look<LapseOrders>(), Look<LapseOrders>());
        Assert.Equal(["cancelled reservation-lapsed 0", "cancelled not-met-in-time 0"], await Task.WhenAll(new[] { reserved, waiting }.Select(async o => await Order(o.Id) is var now ? $"{now.Text("status")} {now.Text("reasonCode")} {now["lines"].GetArrayLength()}" : "")));
        Assert.Equal("available", (await station.Client.Get($"/v1/units/{await station.UnitOf(din)}")).Text("status"));
        Assert.Equal("cancelled reservation-lapsed", (await service.Published<OrderChanged>()).Where(e => e.OrderId == reserved.Id).Select(e => $"{e.Status} {e.ReasonCode}").Last());
        Assert.Equal("order_state", (await station.Issuer.Post($"/v1/orders/{reserved.Id}/issue", null, Some.Key())).Code);
        Assert.Equal("B+", Lines(await Order("B+", substitution: false)));
    }

    [Fact]
    public async Task A_reservation_that_lapses_while_it_is_issued_is_issued_or_lapses_never_both()
    {
        for (var i = 0; i < 6; i++)
        {
            await station.Released(group: "A-");
            var order = await Order("A-", substitution: false);
            await service.Database.Execute("update inventory.hospital_order set reserved_until = now() - interval '1 second' where id = @Id", new { order.Id });
            var issuing = station.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key());
            await Task.WhenAll(issuing, Look<LapseOrders>());
            var unit = order["lines"][0].GetProperty("unitId").GetGuid();
            Assert.Equal((await issuing).Status == 200 ? ("issued", "issued") : ("cancelled", "available"), ((await Order(order.Id)).Text("status"), (await station.Client.Get($"/v1/units/{unit}")).Text("status")));
            if ((await issuing).Status == 200) continue;
            await station.Client.Post($"/v1/units/{unit}/discard", new { reasonCode = "other" }); // the next round's bag is another
        }
    }

    [Fact]
    public async Task What_passed_its_expiry_is_expired_noted_and_said_once_and_a_reserved_bag_is_its_orders()
    {
        var (quarantine, available, reserved, good) = (await station.Releasable(group: "O+"), await station.Released(group: "O+"), await station.Released(group: "AB-"), await station.Released(group: "A-"));
        var order = await Order("AB-", substitution: false);
        Assert.Equal("allocated", order.Text("status"));
        await service.Database.Execute("update inventory.unit set expires_at = now() - interval '1 second' where din = any(@dins) and component = 'red-cells-suspended'", new { dins = new[] { quarantine, available, reserved } });
        await Task.WhenAll(Look<ExpireUnits>(), Look<ExpireUnits>());
        Task<string> State(string din) => service.Database.Scalar<string>("select string_agg(status, ' ' order by component) from inventory.unit where din = @din", new { din });
        Assert.Equal(["quarantine expired", "available expired", "available reserved", "available available"], [await State(quarantine), await State(available), await State(reserved), await State(good)]);
        var said = (await service.Published<UnitExpired>()).Where(e => e.StationId == station.Id).ToList();
        Assert.Equal(new[] { available, quarantine }.Order(), said.Select(e => e.Din).Order());
        Assert.Equal(2, await service.Database.Scalar<long>("select count(*) from inventory.unit_movement where kind = 'expired' and din = any(@dins)", new { dins = new[] { quarantine, available, reserved, good } }));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from inventory.donation d where d.din = any(@dins) and d.version <> (select max(o.version) from inventory.outbox o where o.key = d.din)", new { dins = new[] { available } }));

        await Hospital.Post($"/v1/orders/{order.Id}/cancel");
        await Look<ExpireUnits>();
        Assert.Equal("available expired", await State(reserved));
        Assert.Equal("discarded", (await station.Client.Post($"/v1/units/{await station.UnitOf(available)}/discard", new { reasonCode = "expired" })).Text("status"));

        // A donation all of whose bags expired in quarantine is not releasable for that reason, not for want of bags.
        await service.Database.Execute("update inventory.unit set expires_at = now() - interval '1 second' where din = @quarantine", new { quarantine });
        await Look<ExpireUnits>();
        Assert.Equal("expired expired", await State(quarantine));
        Assert.Equal(["expired"], (await station.Sign(quarantine, station.ReleaserA))["errors"].EnumerateArray().Select(e => e.GetProperty("code").GetString()));
    }
}
