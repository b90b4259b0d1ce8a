using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Units;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Features.Orders;

/// <summary>Why an order got these bags and not others, as it was when they were chosen.</summary>
public sealed record ExplanationView(Guid OrderId, string Rule, DateTimeOffset At, Guid? StationId, ExplainedUnit[] Taken, PassedOver[] PassedOver);

public sealed record ExplainedUnit(Guid UnitId, string Din, DateTimeOffset ExpiresAt, string Why);

/// <summary>What a station has of a component and group, the allocatable bags locked so that no other order can choose them.</summary>
internal sealed record Stocked(Guid? StationId, List<StockUnit> Candidates, List<StockUnit> All)
{
    public const string Why = "exact group, first to expire";
    private const string Columns = "id, din, component, blood_group, status, open_holds, content_u, treatment_units, volume_ml, expires_at, collected_at, station_id";

    /// <summary>What an order that is being placed asks for: @station (or null: the station holding the first bag to expire that would do), @component, @bloodGroup, @neededBy, @amount.</summary>
    public static readonly string SqlOfRequest = Sql("@station::uuid", "@component", "@bloodGroup", "@neededBy", "@amount");

    /// <summary>The same of an order that is stored: @id.</summary>
    public static readonly string SqlOfOrder = Sql(OfOrder("station_id"), OfOrder("component"), OfOrder("blood_group"), OfOrder("needed_by"), OfOrder("amount"));

    private static string OfOrder(string column) => $"(select q.{column} from inventory.hospital_order q where q.id = @id)";

    /// <summary>Two results: candidates (locked; those that another order is just choosing are skipped, not waited for), then the group's whole stock for the explanation.</summary>
    private static string Sql(string station, string component, string bloodGroup, string neededBy, string amount)
    {
        var allocatable = $"component = {component} and blood_group = {bloodGroup} and status = 'available' and open_holds = 0 and expires_at > {neededBy}";
        var serving = $"coalesce({station}, (select station_id from inventory.unit where {allocatable} order by expires_at, collected_at, id limit 1))";
        return $"""
            select {Columns} from inventory.unit where station_id = {serving} and {allocatable}
            order by expires_at, collected_at, id limit {amount} for update skip locked;
            select {Columns} from inventory.unit where station_id = {serving} and component = {component} and blood_group = {bloodGroup} and status in ('available', 'reserved', 'quarantine')
            order by expires_at, collected_at, id limit 200
            """;
    }

    public static async Task<Stocked> From(Dapper.SqlMapper.GridReader grid, Guid? station)
    {
        var candidates = (await grid.ReadAsync<Row>()).ToList();
        var all = (await grid.ReadAsync<Row>()).ToList();
        return new(station ?? candidates.Concat(all).Select(r => (Guid?)r.StationId).FirstOrDefault(), [.. candidates.Select(r => r.Unit)], [.. all.Select(r => r.Unit)]);
    }

    /// <summary>Reserves the bags for the order and says why these.</summary>
    public static void Reserve(Transaction tx, Guid orderId, IReadOnlyList<StockUnit> picked, Caller caller)
    {
        if (picked.Count == 0) return;
        var ids = picked.Select(u => u.Id).ToArray();
        tx.Moved(ids, "reserved", "reserved", caller, orderId: orderId);
        tx.Write("update inventory.unit set status = 'reserved', order_id = @orderId, version = version + 1 where id = any(@ids) and status = 'available' and open_holds = 0", new { orderId, ids }, rows: ids.Length);
        tx.Write("insert into inventory.order_line (order_id, unit_id, din, why, reserved_at) select @orderId, l.unit_id, l.din, @why, @now from unnest(@ids, @dins) as l(unit_id, din)",
            new { orderId, ids, dins = picked.Select(u => u.Din).ToArray(), why = Why, now = tx.Now }, rows: ids.Length);
    }

    public string Explain(Guid orderId, IReadOnlyCollection<StockUnit> picked, Demand demand, DateTimeOffset now) => JsonSerializer.Serialize(new ExplanationView(orderId,
        "exact group; released, without holds, in date when needed; first expired, first out", now, StationId,
        [.. picked.Select(u => new ExplainedUnit(u.Id, u.Din, u.ExpiresAt, Why))], [.. Allocation.PassedOver(All, picked, [.. Candidates.Select(c => c.Id)], demand)]), Json.Options);

    private sealed record Row
    {
        public Guid Id { get; init; }
        public string Din { get; init; } = "";
        public string Component { get; init; } = "";
        public string BloodGroup { get; init; } = "";
        public string Status { get; init; } = "";
        public int OpenHolds { get; init; }
        public decimal? ContentU { get; init; }
        public int? TreatmentUnits { get; init; }
        public int VolumeMl { get; init; }
        public DateTimeOffset ExpiresAt { get; init; }
        public DateTimeOffset CollectedAt { get; init; }
        public Guid StationId { get; init; }

        public StockUnit Unit => new(Id, Din, Component, BloodGroup, Status, OpenHolds, ContentU, TreatmentUnits, VolumeMl, ExpiresAt, CollectedAt);
    }
}
