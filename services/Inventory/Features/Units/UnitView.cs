using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Features.Units;

/// <summary>One bag. <c>Status</c> is its place; what forbids its use stands in <c>Holds</c>.</summary>
/// <param name="Storage">How it is kept, degrees Celsius; null for a component that today's rules don't know.</param>
/// <param name="Place">The station's place of storage where it is, if anybody has said so.</param>
/// <param name="ParentId">The bag that it was made of; null: it was made of the donation.</param>
public sealed record UnitView(
    Guid Id, string Din, string Component, string ProductCode, string Division, string? BloodGroup, decimal? ContentU, decimal? TreatmentUnits, int VolumeMl,
    DateTimeOffset CollectedAt, DateTimeOffset ProducedAt, DateTimeOffset ExpiresAt, string Status, HoldView[] Holds, Guid? OrderId, Guid? HospitalId, string[] AllowedActions,
    TemperatureRange? Storage, bool Irradiated, Guid? ParentId, string? Place);

public sealed record HoldView(Guid Id, string Kind, DateTimeOffset PlacedAt);

/// <summary>A bag as it is stored.</summary>
internal record UnitRow
{
    /// <summary>The bag (u) and the open holds that bear on it.</summary>
    public const string Columns = """
        u.id, u.version, u.din, u.station_id, u.component, u.product_code, u.division, u.blood_group, u.content_u, u.treatment_units, u.volume_ml,
        u.collected_at, u.produced_at, u.expires_at, u.status, u.open_holds, u.order_id, u.hospital_id, u.parent_id, u.irradiated_at, (select s.place from inventory.unit_stay s where s.unit_id = u.id and s.until is null) as place,
        (select jsonb_agg(jsonb_build_object('id', h.id, 'kind', h.kind, 'placedAt', h.placed_at) order by h.placed_at, h.id)::text
           from inventory.hold h where h.din = u.din and h.lifted_at is null and (h.unit_id is null or h.unit_id = u.id)) as holds_json
        """;

    public const string Select = $"select {Columns} from inventory.unit u";

    /// <summary>A bag past its expiry shows as expired, whether or not anybody has moved it yet.</summary>
    public const string ShownStatus = "case when u.status in ('quarantine', 'available', 'reserved') and u.expires_at < @now then 'expired' else u.status end";

    public Guid Id { get; init; }
    public long Version { get; init; }
    public string Din { get; init; } = "";
    public Guid StationId { get; init; }
    public string Component { get; init; } = "";
    public string ProductCode { get; init; } = "";
    public string Division { get; init; } = "";
    public string? BloodGroup { get; set; }
    public decimal? ContentU { get; init; }
    public decimal? TreatmentUnits { get; init; }
    public int VolumeMl { get; init; }
    public DateTimeOffset CollectedAt { get; init; }
    public DateTimeOffset ProducedAt { get; init; }
    public DateTimeOffset ExpiresAt { get; set; }
    public string Status { get; set; } = "";
    public int OpenHolds { get; set; }
    public Guid? OrderId { get; init; }
    public Guid? HospitalId { get; set; }
    public Guid? ParentId { get; init; }
    public DateTimeOffset? IrradiatedAt { get; init; }
    public string? Place { get; init; }
    public string? HoldsJson { get; init; }

    public HoldView[] Holds => HoldsJson is null ? [] : JsonSerializer.Deserialize<HoldView[]>(HoldsJson, Json.Options)!;

    public UnitView View(DateTimeOffset now) => View(now, Holds);

    public UnitView View(DateTimeOffset now, HoldView[] holds)
    {
        var status = Status is "quarantine" or "available" or "reserved" && ExpiresAt < now ? "expired" : Status;
        string[] actions = status switch
        {
            "quarantine" or "available" or "expired" or "returned" => Status == "reserved" ? ["label-check", "hold"] : ["label-check", "discard", "hold"],
            "reserved" => ["label-check", "hold"],
            "unaccounted" => ["discard", "hold"],
            "issued" or "received" => ["hold", "transfusion", "return", "discard"],
            _ => [],
        };
        var rules = Parameters.ComponentsOn(Shanghai.DateOf(CollectedAt));
        if (holds.Length == 0 && Status is "quarantine" or "available" or "expired") actions = [.. actions, .. Processing.Possible(rules, Component, IrradiatedAt is not null, CollectedAt, ExpiresAt, now)];
        return new(Id, Din, Component, ProductCode, Division, BloodGroup, ContentU, TreatmentUnits, VolumeMl, CollectedAt, ProducedAt, ExpiresAt, status, holds, OrderId, HospitalId, actions,
            rules.Components.FirstOrDefault(c => c.Component == Component) is { } rule ? new(rule.Storage.ToC, rule.Storage.FromC) : null, IrradiatedAt is not null, ParentId, Place);
    }
}

/// <summary>A bag with what its donation gives to its events: both are locked, the donation first.</summary>
internal sealed record UnitOfDonationRow : UnitRow
{
    public const string ForUpdate = $"select {Columns}, d.version as donation_version, d.donor_id from inventory.donation d join inventory.unit u on u.din = d.din";

    public long DonationVersion { get; init; }
    public Guid DonorId { get; init; }
}
