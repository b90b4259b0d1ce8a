using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.Projections;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Features.Orders;

public sealed record QuantityView(int Amount, string Unit);

/// <param name="Reference">The hospital's own reference of the patient, masked.</param>
/// <param name="RhdPositivePhysician">Who answers for RhD positive blood to this RhD negative patient: the hospital's own reference of the physician.</param>
public sealed record OrderPatientView(string Reference, string? Sex, int? AgeYears, string[] Antibodies, string[] SpecialNeeds, string? RhdPositivePhysician = null);

/// <param name="Substitution">Whether the group differs from the one ordered.</param>
/// <param name="Crossmatch">`compatible`, `incompatible` or null.</param>
public sealed record OrderLineView(Guid UnitId, string Din, string Component, string? BloodGroup, decimal? ContentU, decimal? TreatmentUnits, int VolumeMl, DateTimeOffset ExpiresAt, bool Substitution, string Why, string Status, string? Crossmatch);

/// <param name="StationId">The station that serves; null while no station has any.</param>
/// <param name="ReservedUntil">When bags that nobody fetched are free again and the order ends; without any it ends at `neededBy`.</param>
/// <param name="ReasonCode">Why it ended: `cancelled`, `reservation-lapsed` or `not-met-in-time`.</param>
public sealed record OrderView(
    Guid Id, string Status, string Component, string BloodGroup, QuantityView Quantity, string Urgency, DateTimeOffset NeededBy, bool AllowSubstitution, Guid HospitalId, Guid? StationId,
    OrderPatientView? Patient, OrderLineView[] Lines, DateTimeOffset CreatedAt, DateTimeOffset ReservedUntil, string? ReasonCode, string[] AllowedActions);

/// <summary>What is sealed of a patient.</summary>
internal sealed record Patient(string Reference, string? Sex, int? AgeYears, string[]? Antibodies, string[]? SpecialNeeds, string? Physician = null, string? PhysicianReason = null)
{
    public const string Field = "patient";
    public const string IndexPurpose = "patient-reference";

    /// <summary>References are the hospital's: equal texts of two hospitals are two patients.</summary>
    public static byte[] IndexOf(Vault vault, Guid hospital, string reference) => vault.BlindIndex(IndexPurpose, $"{hospital:N}/{reference.Trim()}");
}

/// <summary>An order with its lines, as read for an answer or, locked, for a change.</summary>
internal sealed class OrderFile
{
    public required OrderRow Row { get; init; }
    public required List<LineRow> Lines { get; init; }

    /// <summary>Donors of the lines, under any of their ids, of whom the last 60 s may be missing.</summary>
    public required HashSet<Guid> StaleDonors { get; init; }

    /// <summary>What is in stock for it, where that was asked for.</summary>
    public Stocked? Stock { get; private set; }

    /// <summary>Orders of the condition on o, in the order of their ids; for a change the order, then its donations and bags are locked.</summary>
    public static async Task<List<OrderFile>> Load(Transaction tx, string where, object args, bool forUpdate = false, bool withStock = false)
    {
        var all = new Dapper.DynamicParameters(args);
        all.AddDynamicParams(new { sealNotBefore = Freshness.NotBefore });
        var orders = $"select o.id from inventory.hospital_order o where {where}";
        return await tx.Read($"""
            select o.id, o.version, o.hospital_id, o.station_id, o.component, o.blood_group, o.amount, o.unit, o.urgency, o.needed_by, o.allow_substitution, o.status, o.needs_crossmatch, o.patient, o.patient_index,
                   o.explanation::text as explanation, o.created_at, o.groups, o.keeps_until, o.collected_from, o.irradiated, o.reserved_until, o.reason_code, k.wrapped_key
              from inventory.hospital_order o left join inventory.subject_key k on k.subject_id = o.id where o.id in ({orders}) order by o.id {(forUpdate ? "for update of o" : "")};
            select l.order_id, l.unit_id, l.din, l.why, l.crossmatch, u.version, u.component, u.blood_group, u.content_u, u.treatment_units, u.volume_ml, u.expires_at, u.status, u.open_holds, d.donor_id, d.version as donation_version, d.station_id
              from inventory.order_line l join inventory.donation d on d.din = l.din join inventory.unit u on u.id = l.unit_id
             where l.dropped_at is null and l.order_id in ({orders}) order by l.din, l.unit_id {(forUpdate ? "for update of d, u" : "")};
            {(forUpdate ? Freshness.StaleAmong("donor", $"select k.id::text from ({Persons.IdsOfAll($"select d.donor_id from inventory.order_line l join inventory.donation d on d.din = l.din where l.dropped_at is null and l.order_id in ({orders})")}) k(id)") : "select ''::text where false")};
            {(withStock ? Stocked.SqlOfOrder : "")}
            """, all, async grid =>
        {
            var rows = await grid.ReadAsync<OrderRow>();
            var lines = (await grid.ReadAsync<LineRow>()).ToLookup(l => l.OrderId);
            var stale = (await grid.ReadAsync<string>()).Select(Guid.Parse).ToHashSet();
            var files = rows.Select(row => new OrderFile { Row = row, Lines = [.. lines[row.Id]], StaleDonors = stale }).ToList();
            if (withStock && files is [var only]) only.Stock = await Stocked.From(grid, only.Row.StationId);
            return files;
        });
    }

    /// <summary>Who may read an order: the hospital that placed it, and the station that serves it.</summary>
    public static string VisibleTo(Caller caller) => caller.Is(Roles.Hospital) ? "o.hospital_id = @Tenant" : "o.station_id = @Tenant";

    public OrderView View(Vault vault, Caller caller)
    {
        OrderPatientView? patient = null;
        if (Row.Patient is { } sealed_ && Row.WrappedKey is { } wrapped)
        {
            var p = JsonSerializer.Deserialize<Patient>(vault.Unwrap(Row.Id, wrapped).Open(Patient.Field, sealed_), Json.Options)!;
            patient = new(Mask.Number(p.Reference), p.Sex, p.AgeYears, p.Antibodies ?? [], p.SpecialNeeds ?? [], p.Physician);
        }
        var hospital = caller.Is(Roles.Hospital);
        string[] actions = Row.Status switch
        {
            "waiting" or "partially-allocated" or "allocated" => [.. hospital && Row.NeedsCrossmatch && Lines.Count > 0 ? new[] { "crossmatch" } : [], "allocate", .. !hospital && Lines.Count > 0 ? new[] { "issue" } : [], "cancel"],
            "issued" => hospital ? ["receive"] : [],
            _ => [],
        };
        return new(Row.Id, Row.Status, Row.Component, Row.BloodGroup, new(Row.Amount, Row.Unit), Row.Urgency, Row.NeededBy, Row.AllowSubstitution, Row.HospitalId, Row.StationId, patient,
            [.. Lines.OrderBy(l => l.ExpiresAt).ThenBy(l => l.UnitId).Select(l => new OrderLineView(l.UnitId, l.Din, l.Component, l.BloodGroup, l.ContentU, l.TreatmentUnits, l.VolumeMl, l.ExpiresAt, l.BloodGroup != Row.BloodGroup, l.Why, l.Status, l.Crossmatch))], Row.CreatedAt, Row.ReservedUntil, Row.ReasonCode, actions);
    }

    /// <summary>Says the order's new state.</summary>
    public void Say(Transaction tx) => tx.Append(new OrderChanged
    {
        Key = Row.Id.ToString(), Version = Row.Version, OccurredAt = tx.Now, StationId = Row.StationId, OrderId = Row.Id, HospitalId = Row.HospitalId, Component = Row.Component, BloodGroup = Row.BloodGroup,
        Amount = Row.Amount, Unit = Row.Unit, Urgency = Row.Urgency, NeededBy = Row.NeededBy, Status = Row.Status, Bags = Lines.Count, ReasonCode = Row.ReasonCode,
    });
}

internal sealed record OrderRow
{
    public Guid Id { get; init; }
    public long Version { get; set; }
    public Guid HospitalId { get; init; }
    public Guid? StationId { get; set; }
    public string Component { get; init; } = "";
    public string BloodGroup { get; init; } = "";
    public int Amount { get; init; }
    public string Unit { get; init; } = "";
    public string Urgency { get; init; } = "";
    public DateTimeOffset NeededBy { get; init; }
    public bool AllowSubstitution { get; init; }
    public string Status { get; set; } = "";
    public bool NeedsCrossmatch { get; init; }
    public byte[]? Patient { get; init; }
    public byte[]? PatientIndex { get; init; }
    public string Explanation { get; set; } = "";
    public DateTimeOffset CreatedAt { get; init; }
    public string[] Groups { get; init; } = [];
    public DateTimeOffset KeepsUntil { get; init; }
    public DateTimeOffset? CollectedFrom { get; init; }
    public bool Irradiated { get; init; }
    public DateTimeOffset ReservedUntil { get; init; }
    public bool RhdPositiveApproved { get; init; }
    public string? ReasonCode { get; set; }

    public Wanted Wanted => new(Component, Amount, Unit, Groups, KeepsUntil, CollectedFrom, Irradiated, ReservedUntil);

    public byte[]? WrappedKey { get; init; }
}

internal sealed record LineRow
{
    public Guid OrderId { get; init; }
    public Guid UnitId { get; init; }
    public string Din { get; init; } = "";
    public string Why { get; init; } = "";
    public string? Crossmatch { get; set; }
    public long Version { get; init; }
    public string Component { get; init; } = "";
    public string? BloodGroup { get; init; }
    public decimal? ContentU { get; init; }
    public decimal? TreatmentUnits { get; init; }
    public int VolumeMl { get; init; }
    public DateTimeOffset ExpiresAt { get; init; }
    public string Status { get; set; } = "";
    public int OpenHolds { get; init; }
    public Guid DonorId { get; init; }
    public long DonationVersion { get; init; }
    public Guid StationId { get; init; }
}
