using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Orders;
using BloodPlatform.Inventory.Features.Units;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Inventory.Tests.Features;

/// <summary>Whatever is asked of a bag, in whatever order and at once: its history is one legal way through its states.</summary>
public sealed class BagLifeTests(InventoryService inventory) : IAsyncLifetime
{
    private readonly ServiceUnderTest service = inventory.Service;
    private readonly Station station = new(inventory.Service);
    private readonly Guid hospitalId = Some.Id();

    private HttpClient Hospital => service.As(Roles.Hospital, hospitalId);

    public async ValueTask InitializeAsync() => await service.Seal("donor");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Where a bag may go from each place. `transfused` is a fact that can't be refused; nothing leaves it.</summary>
    private static readonly Dictionary<string, string[]> Ways = new()
    {
        [""] = ["quarantine", "available"], // made of a donation, or of a bag that was there
        // Issued out of any place but a promise only as a mirrored station's software tells: a fact.
        ["quarantine"] = ["available", "expired", "discarded", "consumed", "unaccounted", "issued"],
        ["available"] = ["reserved", "expired", "discarded", "consumed", "unaccounted", "issued"],
        ["reserved"] = ["available", "issued", "transfused"],
        ["issued"] = ["received", "returned", "quarantine", "discarded", "transfused"],
        ["received"] = ["returned", "quarantine", "discarded", "transfused"],
        ["returned"] = ["discarded", "transfused", "unaccounted", "issued"],
        ["unaccounted"] = ["quarantine", "discarded", "issued"],
        ["expired"] = ["discarded", "consumed", "unaccounted", "issued"],
        ["discarded"] = ["transfused"],
        ["consumed"] = [],
        ["transfused"] = [],
    };

    private sealed record Step(Guid UnitId, string Kind, string? FromStatus, string ToStatus);

    private Task<List<Step>> History(Guid of) => service.Database.Query<Step>(
        "select m.unit_id, m.kind, m.from_status, m.to_status from inventory.unit_movement m join inventory.unit u on u.id = m.unit_id where u.din = (select din from inventory.unit where id = @of) order by m.unit_id, m.id", new { of });

    /// <summary>Each bag of the donation: an unbroken, legal way that ends where the bag is; its holds counted right.</summary>
    private async Task AssertLegal(Guid unit, string tried)
    {
        foreach (var way in (await History(unit)).GroupBy(s => s.UnitId))
        {
            var place = "";
            foreach (var step in way)
            {
                Assert.True((step.FromStatus ?? "") == place, $"{tried}: {step} after {place}");
                Assert.True(step.ToStatus == place || Ways[place].Contains(step.ToStatus), $"{tried}: {step}");
                place = step.ToStatus;
            }
            Assert.Equal(place, await service.Database.Scalar<string>($"select status from inventory.unit where id = '{way.Key}'"));
        }
        Assert.Equal(0, await service.Database.Scalar<long>($"""
            select count(*) from inventory.unit u where u.din = (select din from inventory.unit where id = '{unit}')
              and (u.open_holds <> (select count(*) from inventory.hold h where h.din = u.din and h.lifted_at is null and (h.unit_id is null or h.unit_id = u.id))
                or (select count(*) from inventory.order_line l where l.unit_id = u.id and l.dropped_at is null) > 1
                or u.status = 'reserved' and not exists (select from inventory.order_line l where l.unit_id = u.id and l.order_id = u.order_id and l.dropped_at is null)
                or (select count(*) from inventory.unit_stay s where s.unit_id = u.id and s.until is null) > 1)
            """));
    }

    private async Task Look<T>() where T : Sweep => await service.App.Services.GetServices<IHostedService>().OfType<T>().Single().LookNow(TestContext.Current.CancellationToken);

    [Fact]
    public async Task Issue_hold_expiry_and_recall_of_one_bag_at_once_end_in_one_legal_state()
    {
        List<string> ends = [];
        for (var round = 0; round < 12; round++)
        {
            var din = await station.Released(group: "AB-");
            var unit = await station.UnitOf(din);
            var order = await Hospital.Post("/v1/orders", Station.Order(station.Id, "AB-"));
            Assert.Equal(unit, order["lines"][0].GetProperty("unitId").GetGuid());
            if (round % 3 == 2) await service.Database.Execute($"update inventory.unit set expires_at = now() where id = '{unit}'");
            Func<Task>[] all =
            [
                () => station.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key()),
                () => station.Client.Post($"/v1/units/{unit}/hold", new { kind = "quality" }),
                () => round % 2 == 0 ? Hospital.Post($"/v1/orders/{order.Id}/cancel") : Task.CompletedTask,
                () => Look<ExpireUnits>(),
                () => station.Quality.Post("/v1/recalls", new { cause = "other", scope = new { dins = new[] { din } }, dryRun = false }, Some.Key()),
            ];
            await Task.WhenAll(all.Skip(round % all.Length).Concat(all.Take(round % all.Length)).Select(act => act()));
            await Look<ExpireUnits>();
            await AssertLegal(unit, $"round {round}");
            var ways = (await History(unit)).Where(s => s.UnitId == unit).Select(s => s.Kind).ToList();
            var (issued, held) = (ways.IndexOf("issued"), ways.IndexOf("held"));
            Assert.True(issued < 0 || held < 0 || issued < held, string.Join(' ', ways)); // what is held does not leave
            Assert.Equal(2, ways.Count(w => w == "held")); // both holds stand, whoever came first
            if (round % 3 == 2) Assert.DoesNotContain("issued", ways);
            ends.Add(ways[^1]);
            await Hospital.Post($"/v1/orders/{order.Id}/cancel");
        }
        Assert.NotEmpty(ends);
    }

    [Fact]
    public async Task Whatever_is_done_to_a_bag_in_whatever_order_its_history_is_a_legal_way()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        Dictionary<string, int> done = [];
        await service.As(Roles.Admin).Post("/v1/station-modes", new { stationId = station.Id, mode = "mirrored" });
        for (var life = 0; life < 14; life++)
        {
            var din = random.Next(3) == 0 ? await station.Releasable(group: "B-") : await station.Released(group: "B-");
            var bags = new List<Guid> { await station.UnitOf(din) };
            var orders = new List<Guid>();
            List<string> tried = [$"seed {seed}"];
            for (var step = 0; step < 22; step++)
            {
                var unit = bags[random.Next(bags.Count)];
                var at = await station.Client.Get($"/v1/units/{unit}");
                (string Name, Func<Task<Answer?>> Do)[] acts =
                [
                    ("order", async () => await Hospital.Post("/v1/orders", Station.Order(station.Id, "B-", amount: 1 + random.Next(2)))),
                    ("order", async () => await Hospital.Post("/v1/orders", Station.Order(station.Id, "B-"))),
                    ("issue", async () => orders.Count == 0 ? null : await station.Issuer.Post($"/v1/orders/{orders[^1]}/issue", null, Some.Key())),
                    ("issue", async () => orders.Count == 0 ? null : await station.Issuer.Post($"/v1/orders/{orders[random.Next(orders.Count)]}/issue", null, Some.Key())),
                    ("receive", async () => orders.Count == 0 ? null : await Hospital.Post($"/v1/orders/{orders[random.Next(orders.Count)]}/receive")),
                    ("cancel", async () => orders.Count == 0 ? null : await Hospital.Post($"/v1/orders/{orders[random.Next(orders.Count)]}/cancel")),
                    ("hold", async () => await station.Client.Post($"/v1/units/{unit}/hold", new { kind = "quality" })),
                    ("lift", async () => at["holds"].EnumerateArray().Select(h => h.GetProperty("id").GetGuid()).FirstOrDefault() is var hold && hold == default ? null : await station.Lift(hold, "looked at")),
                    ("lift", async () => at["holds"].EnumerateArray().Select(h => h.GetProperty("id").GetGuid()).FirstOrDefault() is var hold && hold == default ? null : await station.Lift(hold, "looked at")),
                    ("split", async () => await station.Processing.Post($"/v1/units/{unit}/split", new { parts = 2, closedSystem = true })),
                    ("irradiate", async () => await station.Processing.Post($"/v1/units/{unit}/irradiate", new { })),
                    ("wash", async () => random.Next(3) > 0 ? null : await station.Processing.Post($"/v1/units/{unit}/wash", new { })),
                    ("return", async () => await station.Issuer.Post($"/v1/units/{unit}/return", new { reasonCode = "not-used", unopened = random.Next(2) == 0, coldChainKept = true })),
                    ("transfusion", async () => await Hospital.Post($"/v1/units/{unit}/transfusion", new { patientReference = "P", transfusedAt = TimeProvider.System.GetUtcNow(), outcome = "no-reaction" })),
                    ("discard", async () => random.Next(4) > 0 ? null : await (random.Next(2) == 0 ? station.Client : Hospital).Post($"/v1/units/{unit}/discard", new { reasonCode = "broken" })),
                    ("release", async () => { await service.Seal("donor"); await station.Sign(din, station.ReleaserA); return await station.Sign(din, station.ReleaserB); }),
                    ("count", async () => random.Next(2) > 0 ? null : await station.Client.Put($"/v1/stock-snapshots/{station.Id}", new
                    {
                        takenAt = TimeProvider.System.GetUtcNow(),
                        units = (await station.Client.Get("/v1/units?limit=1000"))["items"].EnumerateArray().Where(u => u.GetProperty("status").GetString() is "quarantine" or "available" or "reserved" or "returned" or "unaccounted" && random.Next(3) > 0)
                            .Select(u => new { din = u.GetProperty("din").GetString(), productCode = u.GetProperty("productCode").GetString(), division = u.GetProperty("division").GetString() }),
                    })),
                    ("tell", async () => random.Next(3) > 0 ? null : await station.Client.Post("/v1/unit-movements", new
                    {
                        rows = Enumerable.Range(0, 1 + random.Next(3)).Select(_ => new
                        {
                            din, productCode = at.Text("productCode"), division = at.Text("division"), kind = random.GetItems(["issued", "issued", "received", "returned", "discarded"], 1)[0], at = TimeProvider.System.GetUtcNow(), hospitalId, reasonCode = "not-used",
                        }),
                    })),
                    ("expire", async () =>
                    {
                        if (random.Next(6) > 0) return null;
                        await service.Database.Execute($"update inventory.unit set expires_at = now() where id = '{unit}'");
                        await Look<ExpireUnits>();
                        return null;
                    }),
                ];
                var (name, act) = acts[random.Next(acts.Length)];
                tried.Add(name);
                if (await act() is not { } answer) continue;
                Assert.True(answer.Status < 500, $"{string.Join(' ', tried)}: {answer}");
                if (answer.Status >= 300) continue;
                done[name] = done.GetValueOrDefault(name) + 1;
                if (name == "order") orders.Add(answer.Id);
                if (name is "split" or "irradiate" or "wash") bags.AddRange(answer["made"].EnumerateArray().Select(m => m.GetProperty("id").GetGuid()));
            }
            await AssertLegal(bags[0], string.Join(' ', tried));
            foreach (var order in orders) await Hospital.Post($"/v1/orders/{order}/cancel");
            await service.Database.Execute($"update inventory.unit set expires_at = now() - interval '1 minute' where din = '{din}'"); // none is left for the next
        }
        Assert.True(done.Count >= 8, $"seed {seed}: only {string.Join(' ', done)} were done"); // it tried what it is about
    }
}
