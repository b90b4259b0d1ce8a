using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Units;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Features.Orders;

/// <summary>Why an order got these bags and not others, as it was when they were chosen.</summary>
/// <param name="Policy">Version of the rules that said which groups it may be given.</param>
/// <param name="Groups">All groups: those permitted, best first; then the others, each with its reason.</param>
public sealed record ExplanationView(Guid OrderId, string Rule, DateTimeOffset At, Guid? StationId, ExplainedUnit[] Taken, PassedOver[] PassedOver, string? Policy = null, GroupChoice[]? Groups = null);

public sealed record ExplainedUnit(Guid UnitId, string Din, DateTimeOffset ExpiresAt, string Why);

/// <summary>What a station has of a component and the permitted groups, the allocatable bags locked so that no other order can choose them.</summary>
/// <param name="Ahead">Whether an order that comes first lacks bags that are there.</param>
internal sealed record Stocked(Guid? StationId, List<StockUnit> Candidates, List<StockUnit> All, bool Ahead = false)
{
    private const string Columns = "u.id, u.din, u.component, u.blood_group, u.status, u.open_holds, u.content_u, u.treatment_units, u.volume_ml, u.expires_at, u.collected_at, u.irradiated_at is not null as irradiated, u.station_id";

    /// <summary>What an order that is being placed asks for: its <see cref="Wanted"/> as parameters, @station (or null: the station holding the first bag that would do) and @urgency.</summary>
    public static readonly string SqlOfRequest = $"""
        select exists (select from inventory.hospital_order o where o.component = @component and o.groups && @groups and (@station::uuid is null or coalesce(o.station_id, @station) = @station)
            and inventory.urgency_rank(o.urgency) <= inventory.urgency_rank(@urgency) and {Servable});
        {Sql("@station::uuid", "@component", "@groups::text[]", "@keepsUntil", "@collectedFrom::timestamptz", "@irradiated", "@amount")}
        """;

    /// <summary>The same of an order that is stored: @id. There all that are ahead of it come first by themselves.</summary>
    public static readonly string SqlOfOrder = "select false;\n" + Sql(OfOrder("station_id"), OfOrder("component"), OfOrder("groups"), OfOrder("keeps_until"), OfOrder("collected_from"), OfOrder("irradiated"), OfOrder("amount"));

    /// <summary>An order (o) that lacks bags, is still in time, and for which there is one.</summary>
    public const string Servable = """
        o.status in ('waiting', 'partially-allocated') and o.needed_by > @now and exists (
            select from inventory.unit u where u.component = o.component and u.blood_group = any(o.groups) and u.status = 'available' and u.open_holds = 0 and u.station_id = coalesce(o.station_id, u.station_id)
              and u.expires_at > o.keeps_until and (o.collected_from is null or u.collected_at >= o.collected_from) and (not o.irradiated or u.irradiated_at is not null))
        """;

    private static string OfOrder(string column) => $"(select q.{column} from inventory.hospital_order q where q.id = @id)";

    /// <summary>
    /// Three results: whether others come first; candidates (locked; those that another order is just choosing are skipped, not waited for), of another group only as many
    /// as the exact one lacks; then, for the explanation, what of the groups' stock comes first.
    /// </summary>
    private static string Sql(string station, string component, string groups, string keepsUntil, string collectedFrom, string irradiated, string amount)
    {
        var allocatable = $"u.component = {component} and u.status = 'available' and u.open_holds = 0 and u.expires_at > {keepsUntil} and u.collected_at >= coalesce({collectedFrom}, '-infinity') and (not {irradiated} or u.irradiated_at is not null)";
        var inStock = $"u.component = {component} and u.status in ('available', 'reserved', 'quarantine')";
        const string InOrder = "order by u.expires_at, u.collected_at, u.id";
        var serving = $"""
            coalesce({station}, (select b.station_id from unnest({groups}) with ordinality g(blood_group, rank) cross join lateral (
                select u.station_id from inventory.unit u where u.blood_group = g.blood_group and {allocatable} {InOrder} limit 1) b order by g.rank limit 1))
            """;
        return $"""
            with serving as materialized (select {serving} as station_id),
            nearest as materialized (select {Columns} from inventory.unit u where u.station_id = (select station_id from serving) and u.blood_group = ({groups})[1] and {allocatable} {InOrder} limit {amount} for update skip locked),
            others as materialized (select u.* from unnest(({groups})[2:]) g(blood_group) cross join lateral (
                select {Columns} from inventory.unit u where u.station_id = (select station_id from serving) and u.blood_group = g.blood_group and {allocatable}
                {InOrder} limit {amount} - (select count(*) from nearest) for update skip locked) u)
            select * from nearest union all select * from others;
            with serving as materialized (select {serving} as station_id)
            (select {Columns} from inventory.unit u where u.station_id = (select station_id from serving) and u.blood_group = ({groups})[1] and {inStock} {InOrder} limit {amount} + 30)
            union all
            select u.* from unnest(({groups})[2:]) g(blood_group) cross join lateral (
                select {Columns} from inventory.unit u where u.station_id = (select station_id from serving) and u.blood_group = g.blood_group and {inStock} {InOrder} limit 10) u
            """;
    }

    public static async Task<Stocked> From(Dapper.SqlMapper.GridReader grid, Guid? station)
    {
        var ahead = await grid.ReadSingleAsync<bool>();
        var candidates = (await grid.ReadAsync<Row>()).ToList();
        var all = (await grid.ReadAsync<Row>()).ToList();
        return new(station ?? candidates.Concat(all).Select(r => (Guid?)r.StationId).FirstOrDefault(), [.. candidates.Select(r => r.Unit)], [.. all.Select(r => r.Unit)], ahead);
    }

    /// <summary>Reserves the bags for the order and says why these.</summary>
    public static void Reserve(Transaction tx, Guid orderId, IReadOnlyList<StockUnit> picked, GroupChoice[] groups, Caller? caller)
    {
        if (picked.Count == 0) return;
        var ids = picked.Select(u => u.Id).ToArray();
        tx.Moved(ids, "reserved", "reserved", caller, orderId: orderId);
        tx.Write("update inventory.unit set status = 'reserved', order_id = @orderId, version = version + 1 where id = any(@ids) and status = 'available' and open_holds = 0", new { orderId, ids }, rows: ids.Length);
        tx.Write("insert into inventory.order_line (order_id, unit_id, din, why, reserved_at) select @orderId, l.unit_id, l.din, l.why, @now from unnest(@ids, @dins, @whys) as l(unit_id, din, why)",
            new { orderId, ids, dins = picked.Select(u => u.Din).ToArray(), whys = picked.Select(u => Why(groups, u)).ToArray(), now = tx.Now }, rows: ids.Length);
    }

    public static string Why(GroupChoice[] groups, StockUnit unit) => groups.First(g => g.BloodGroup == unit.BloodGroup).Why;

    public string Explain(Guid orderId, IReadOnlyCollection<StockUnit> picked, Wanted wanted, GroupChoice[] groups, string policy, DateTimeOffset now) => JsonSerializer.Serialize(new ExplanationView(orderId,
        "permitted groups, nearest first; released, without holds, in date when needed, as its needs ask; first expired, first out", now, StationId,
        [.. picked.Select(u => new ExplainedUnit(u.Id, u.Din, u.ExpiresAt, Why(groups, u)))], [.. Allocation.PassedOver(All, picked, [.. Candidates.Select(c => c.Id)], wanted)], policy, groups), Json.Options);

    private sealed record Row
    {
        public Guid Id { get; init; }
        public string Din { get; init; } = "";
        public string Component { get; init; } = "";
        public string BloodGroup { get; init; } = "";
        public string Status { get; init; } = "";
        public int OpenHolds { get; init; }
        public decimal? ContentU { get; init; }
        public decimal? TreatmentUnits { get; init; }
        public int VolumeMl { get; init; }
        public DateTimeOffset ExpiresAt { get; init; }
        public DateTimeOffset CollectedAt { get; init; }
        public bool Irradiated { get; init; }
        public Guid StationId { get; init; }

        public StockUnit Unit => new(Id, Din, Component, BloodGroup, Status, OpenHolds, ContentU, TreatmentUnits, VolumeMl, ExpiresAt, CollectedAt, Irradiated);
    }
}
