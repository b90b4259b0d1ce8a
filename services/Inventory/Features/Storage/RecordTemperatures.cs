using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.TestRuns;
using BloodPlatform.Inventory.Features.Units;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Storage;

public sealed record RecordTemperaturesRequest([property: MinLength(1), MaxLength(1000)] IReadOnlyList<TemperatureRowRequest> Rows);

/// <param name="Place">The code of a place of storage.</param>
/// <param name="Celsius">Degrees.</param>
/// <param name="Sensor">Where a place has several.</param>
public sealed record TemperatureRowRequest(string? Place = null, DateTimeOffset? At = null, decimal? Celsius = null, string? Sensor = null);

/// <param name="Items">`accepted`, `repeated` (known already) or `rejected` and why.</param>
/// <param name="Excursions">Each bag that was there and must not have been.</param>
public sealed record TemperaturesView(int Accepted, int Repeated, int Rejected, BulkItem[] Items, ExcursionView[] Excursions);

/// <param name="At">The first such reading of these.</param>
/// <param name="Held">False where nothing can be held any more, or a hold for the cold chain that nobody has signed to lift is open.</param>
public sealed record ExcursionView(Guid UnitId, string Din, string Component, string Place, DateTimeOffset At, decimal Celsius, decimal? FromC, decimal? ToC, string Status, bool Held);

/// <summary>
/// POST /v1/temperature-readings: what sensors of refrigerators, freezers, agitators, boxes and vehicles measured, as it comes or from a logger's memory after the journey. Whatever bag was
/// there at that moment and must not be so warm or cold is held at once, wherever it is now; of one that was divided or changed since, what came of it.
/// </summary>
public static class RecordTemperatures
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/temperature-readings", Handle).Allow("inventory", Roles.Station).WithSummary("Records temperatures; bags that were too warm or too cold are held");
        app.MapGet("/v1/temperature-readings", List).Allow("inventory", Roles.Station).WithSummary("What was measured at a place in a period, at most 31 days");
    }

    private static async Task<Results<Made<TemperaturesView>, ProblemHttpResult>> Handle(RecordTemperaturesRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<TemperaturesView>, ProblemHttpResult>>(async tx =>
        {
            string[] named = [.. request.Rows.Select(r => r.Place).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
            var from = request.Rows.Min(r => r.At) ?? tx.Now;
            var (kinds, known, stays) = await tx.Read("""
                select p.code, p.kind from inventory.storage_place p where p.station_id = @Tenant and p.code = any(@named) order by p.code for update;
                select r.place, r.sensor, r.at from inventory.temperature_reading r where r.station_id = @Tenant and r.place = any(@named) and r.at = any(@times);
                select s.unit_id, u.component, s.place, s.since, s.until from inventory.unit_stay s join inventory.unit u on u.id = s.unit_id
                 where s.station_id = @Tenant and s.place = any(@named) and coalesce(s.until, 'infinity') > @from
                """, new { caller.Tenant, named, times = request.Rows.Select(r => r.At).OfType<DateTimeOffset>().Distinct().ToArray(), from }, async grid =>
                ((await grid.ReadAsync<Place>()).ToDictionary(p => p.Code, p => p.Kind), (await grid.ReadAsync<KnownReading>()).Select(k => (k.Place, k.Sensor, k.At)).ToHashSet(), (await grid.ReadAsync<StayRow>()).ToList()));

            var items = new List<BulkItem>();
            var rows = new List<(Reading Reading, string Sensor)>();
            foreach (var (i, row) in request.Rows.Index())
            {
                FieldError[] errors = [
                    .. row.Place is null || !kinds.ContainsKey(row.Place) ? [new FieldError($"/rows/{i}/place", "unknown", "No place of storage of this station")] : Array.Empty<FieldError>(),
                    .. row.At is null ? [new($"/rows/{i}/at", "required", "When it was measured")] : row.At > tx.Now + ClockTolerance ? [new($"/rows/{i}/at", "in_future", "It lies in the future")] : Array.Empty<FieldError>(),
                    .. row.Celsius is not (>= -100 and <= 100) ? [new($"/rows/{i}/celsius", "invalid", "Degrees Celsius, -100 to 100")] : Array.Empty<FieldError>(),
                    .. row.Sensor is { Length: > 40 } ? [new($"/rows/{i}/sensor", "invalid", "At most 40 characters")] : Array.Empty<FieldError>()];
                if (errors.Length > 0) items.Add(new(i, row.Place, "rejected", CommonProblems.Invalid.Code, null, errors));
                else if (known.Add((row.Place!, row.Sensor ?? "", row.At!.Value)))
                {
                    rows.Add((new(row.Place!, row.At.Value, row.Celsius!.Value), row.Sensor ?? ""));
                    items.Add(new(i, row.Place, "accepted"));
                }
                else items.Add(new(i, row.Place, "repeated"));
            }
            if (rows.Count > 0)
                tx.Write("""
                    insert into inventory.temperature_reading (station_id, place, sensor, at, celsius, recorded_at, client_id)
                    select @Tenant, r.place, r.sensor, r.at, r.celsius, @now, @ClientId from unnest(@places, @sensors, @times, @celsius) r(place, sensor, at, celsius)
                    """, new { caller.Tenant, caller.ClientId, now = tx.Now, places = rows.Select(r => r.Reading.Place).ToArray(), sensors = rows.Select(r => r.Sensor).ToArray(), times = rows.Select(r => r.Reading.At).ToArray(), celsius = rows.Select(r => r.Reading.Celsius).ToArray() }, rows: rows.Count);

            var rules = Parameters.ComponentsOn(Shanghai.DateOf(tx.Now));
            var out_ = stays.Select(s => (s.UnitId, s.Component, First: ColdChain.Excursion(rules, new(s.Component, s.Place, s.Since, s.Until), rows.Select(r => r.Reading), p => kinds[p])))
                .Where(s => s.First is not null).GroupBy(s => s.UnitId).ToDictionary(g => g.Key, g => (g.First().Component, First: g.MinBy(s => s.First!.At).First!));
            // What came of a bag later was in it then: its parts are held in its place.
            var bags = out_.Count == 0 ? [] : await tx.Query<BagRow>($"""
                select {UnitRow.Columns}, exists (select from inventory.hold h where h.unit_id = u.id and h.kind = 'cold-chain' and h.lifted_at is null
                       and not exists (select from inventory.hold_lift_signature s where s.hold_id = h.id)) as held_already
                from inventory.donation d join inventory.unit u on u.din = d.din where u.id = any(array(
                    with recursive of_it(id) as (select a.id from unnest(@ids) a(id) union select c.id from inventory.unit c join of_it on c.parent_id = of_it.id) select id from of_it))
                order by d.din, u.id for update of d, u
                """, new { ids = out_.Keys.ToArray() });
            var parents = bags.ToDictionary(b => b.Id, b => b.ParentId);
            (string Component, Reading First) WarmedIn(Guid id) => out_.TryGetValue(id, out var own) ? own : WarmedIn(parents[id]!.Value);
            BagRow[] held = [.. bags.Where(b => !b.HeldAlready && HoldUnit.CanHold(b.Status))];
            HoldUnit.Place(tx, held, "cold-chain", "temperature", caller);
            tx.Audit("temperatures.record", "/v1/temperature-readings", new { accepted = rows.Count, held = held.Length });
            return Answers.Ok(1, new TemperaturesView(rows.Count, items.Count(i => i.Status == "repeated"), items.Count(i => i.Status == "rejected"), [.. items], [.. bags.Select(b =>
            {
                var (component, first) = WarmedIn(b.Id);
                var range = ColdChain.RangeOf(rules, component, kinds[first.Place]);
                return new ExcursionView(b.Id, b.Din, b.Component, first.Place, first.At, first.Celsius, range?.FromC, range?.ToC, b.Status, held.Contains(b));
            })]));
        }, ct);

    private static async Task<Results<Ok<ReadingView[]>, ProblemHttpResult>> List(string place, DateTimeOffset from, DateTimeOffset to, Caller caller, Database db, CancellationToken ct) =>
        to < from || to - from > TimeSpan.FromDays(31) ? CommonProblems.Invalid.With(null, new FieldError("/to", "invalid", "After from, at most 31 days"))
        : TypedResults.Ok((await db.Query<ReadingView>("select r.at, r.celsius, nullif(r.sensor, '') as sensor from inventory.temperature_reading r where r.station_id = @Tenant and r.place = @place and r.at between @from and @to order by r.at, r.sensor limit 50000",
            new { caller.Tenant, place, from, to }, ct)).ToArray());

    private sealed record Place(string Code, string Kind);

    private sealed record KnownReading
    {
        public string Place { get; init; } = "";
        public string Sensor { get; init; } = "";
        public DateTimeOffset At { get; init; }
    }

    private sealed record StayRow
    {
        public Guid UnitId { get; init; }
        public string Component { get; init; } = "";
        public string Place { get; init; } = "";
        public DateTimeOffset Since { get; init; }
        public DateTimeOffset? Until { get; init; }
    }

    private sealed record BagRow : UnitRow
    {
        public bool HeldAlready { get; init; }
    }
}

public sealed record ReadingView
{
    public DateTimeOffset At { get; init; }
    public decimal Celsius { get; init; }
    public string? Sensor { get; init; }
}
