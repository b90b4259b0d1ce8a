using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.HospitalTasks;
using BloodPlatform.Inventory.Features.Stations;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

/// <summary>What happened to a bag at a station that keeps its own software.</summary>
/// <param name="Kind">`issued` (hospitalId), `received`, `returned` (reasonCode) or `discarded` (reasonCode).</param>
/// <param name="ReasonCode">As with return and discard.</param>
public sealed record PushedMovement(string? Din = null, string? ProductCode = null, string? Division = null, string? Kind = null, DateTimeOffset? At = null, Guid? HospitalId = null, string? ReasonCode = null);

public sealed record PushMovementsRequest([property: MinLength(1), MaxLength(1000)] IReadOnlyList<PushedMovement> Rows);

/// <param name="Alarms">`not-released`, `held`, `expired`, `promised`, `unaccounted`: it is recorded, and should not have been so. A promised bag is held instead.</param>
public sealed record MovementItem(int Index, string? Reference, string Status, string? Code, Guid? Id, FieldError[]? Errors, string[] Alarms);

public sealed record MovementsView(int Accepted, int Rejected, MovementItem[] Items);

/// <summary>
/// POST /v1/unit-movements: what a station's own software did with its bags, in the order in which it happened. Facts, also of a bag that should not have left; then the row bears alarms. The same row again
/// is the same movement. Transfusions are the hospital's to tell: it knows the patient.
/// </summary>
public static class PushMovements
{
    private static readonly string[] ReturnReasons = ["not-used", "wrong-delivery", "damaged", "recalled", "expired", "other"];

    private static readonly string[] DiscardReasons =
        ["test-reactive", "alt", "expired", "broken", "haemolysis", "lipaemia", "clot", "under-volume", "over-volume", "label-error", "confidential-exclusion", "quality-control", "cold-chain", "returned", "not-used", "lost", "other"];

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/unit-movements", Handle).Allow("inventory", Roles.Station).WithSummary("A station's own software tells what it did with its bags; at most 1,000");

    private static async Task<Results<Made<MovementsView>, ProblemHttpResult>> Handle(PushMovementsRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<MovementsView>, ProblemHttpResult>>(async tx =>
        {
            if (await SetMode.Mirrored(tx, caller.Tenant) is null) return Problems.StationNotMirrored.With();
            var items = await Record(tx, request.Rows, caller);
            var accepted = items.Count(i => i.Status == "accepted");
            return Answers.Ok(1, new MovementsView(accepted, items.Length - accepted, items));
        }, ct);

    internal static async Task<MovementItem[]> Record(Transaction tx, IReadOnlyList<PushedMovement> rows, Caller caller)
    {
        var dins = rows.Select(r => Din.Parse(r.Din)?.Text).ToArray();
        var args = new { caller.Tenant, dins = dins.OfType<string>().Distinct().ToArray() };
        var bags = (await tx.Query<UnitOfDonationRow>(UnitOfDonationRow.ForUpdate + " where d.din = any(@dins) and u.station_id = @Tenant order by d.din, u.id for update of d, u", args)).ToDictionary(u => (u.Din, u.ProductCode, u.Division));
        var recorded = (await tx.Query<RecordedRow>("select m.unit_id, m.kind, m.at from inventory.unit_movement m where m.unit_id = any(@ids) and m.kind = any(@Kinds)", new { ids = bags.Values.Select(b => b.Id).ToArray(), Mirroring.Kinds })).ToHashSet();
        var before = bags.Values.DistinctBy(b => b.Din).ToDictionary(b => b.Din, b => b.DonationVersion);
        var (versions, held) = (new Dictionary<string, long>(before), new HashSet<Guid>());

        var items = rows.Select((row, i) =>
        {
            MovementItem Rejected(ProblemCode code, params FieldError[] errors) => new(i, row.Din, "rejected", code.Code, null, errors.Length == 0 ? null : [.. errors.Select(e => e with { Pointer = $"/rows/{i}{e.Pointer}" })], []);
            if (dins[i] is not { } din) return Rejected(Problems.DinInvalid, new FieldError("/din", "din_invalid", "Not a donation number, or its check character is wrong"));
            if (Check(row, tx.Now) is { Length: > 0 } errors) return Rejected(CommonProblems.Invalid, errors);
            if (bags.GetValueOrDefault((din, row.ProductCode!, row.Division ?? "00")) is not { } bag) return Rejected(Problems.UnitUnknown);
            if (recorded.Contains(new() { UnitId = bag.Id, Kind = row.Kind!, At = row.At!.Value })) return new MovementItem(i, din, "accepted", null, bag.Id, null, []);
            if (row.At < bag.ProducedAt) return Rejected(CommonProblems.Invalid, new FieldError("/at", "before_production", "It was not made then"));
            if (Mirroring.Of(row.Kind!, bag.Status, bag.OpenHolds > 0, bag.ExpiresAt < row.At) is not { } movement) return Rejected(Problems.UnitState, new FieldError("/kind", "unit_state", $"It is {bag.Status}"));
            if (movement.Holds && held.Add(bag.Id) && !bag.Holds.Any(h => h.Kind == "mirror")) HoldUnit.Place(tx, [bag], "mirror", row.Kind, caller);
            if (movement.To is { } to) Move(tx, bag, row, to, movement.Alarms, ++versions[din], caller);
            recorded.Add(new() { UnitId = bag.Id, Kind = row.Kind!, At = row.At.Value });
            return new(i, din, "accepted", null, bag.Id, null, movement.Alarms);
        }).ToArray();

        foreach (var (din, version) in versions.Where(v => v.Value != before[v.Key])) tx.Write("update inventory.donation set version = @version where din = @din", new { version, din });
        var accepted = items.Count(i => i.Status == "accepted");
        tx.Audit("units.move", "/v1/unit-movements", new { accepted, rejected = items.Length - accepted, alarms = items.Count(i => i.Alarms.Length > 0) });
        return items;
    }

    private static void Move(Transaction tx, UnitOfDonationRow bag, PushedMovement row, string to, string[] alarms, long version, Caller caller)
    {
        var hospital = to switch { "issued" => row.HospitalId, "received" or "returned" => bag.HospitalId, _ => null };
        tx.Moved([bag.Id], row.Kind!, to, caller, at: row.At, hospitalId: hospital, code: alarms.Length > 0 ? "alarm" : row.ReasonCode);
        tx.Write("update inventory.unit set status = @to, hospital_id = case when @to in ('issued', 'received') then @hospital::uuid end, order_id = case when @to = 'issued' then null else order_id end, version = version + 1 where id = @Id", new { to, hospital, bag.Id });
        if (to == "returned") tx.WriteAny("update inventory.order_line set dropped_at = @now where unit_id = @Id and dropped_at is null", new { bag.Id, now = tx.Now });
        if (to == "issued") HospitalTaskRow.Ask(tx, bag.Id, bag.Din, bag.StationId, hospital!.Value);
        DomainEvent said = to switch
        {
            "issued" => new UnitIssued { Key = bag.Din, Version = version, OccurredAt = row.At!.Value, UnitId = bag.Id, Din = bag.Din, DonorId = bag.DonorId, Component = bag.Component, BloodGroup = bag.BloodGroup, VolumeMl = bag.VolumeMl, ContentU = bag.ContentU, HospitalId = hospital!.Value },
            "received" => new UnitReceived { Key = bag.Din, Version = version, OccurredAt = row.At!.Value, UnitId = bag.Id, Din = bag.Din, DonorId = bag.DonorId, Component = bag.Component, BloodGroup = bag.BloodGroup, VolumeMl = bag.VolumeMl, ContentU = bag.ContentU, HospitalId = hospital!.Value },
            "returned" => new UnitReturned { Key = bag.Din, Version = version, OccurredAt = row.At!.Value, UnitId = bag.Id, Din = bag.Din, DonorId = bag.DonorId, Component = bag.Component, BloodGroup = bag.BloodGroup, VolumeMl = bag.VolumeMl, ContentU = bag.ContentU, HospitalId = hospital!.Value, ReasonCode = row.ReasonCode!, Status = to },
            _ => new UnitDiscarded { Key = bag.Din, Version = version, OccurredAt = row.At!.Value, UnitId = bag.Id, Din = bag.Din, DonorId = bag.DonorId, Component = bag.Component, BloodGroup = bag.BloodGroup, VolumeMl = bag.VolumeMl, ContentU = bag.ContentU, ReasonCode = row.ReasonCode! },
        };
        tx.Append(said with { StationId = bag.StationId });
        (bag.Status, bag.HospitalId) = (to, to is "issued" or "received" ? hospital : null);
    }

    private static FieldError[] Check(PushedMovement row, DateTimeOffset now)
    {
        var errors = new List<FieldError>();
        void Must(bool so, string pointer, string message) { if (!so) errors.Add(new(pointer, "invalid", message)); }
        Must(row.ProductCode is { Length: > 0 and <= 20 }, "/productCode", "At most 20 characters");
        Must(row.Division is null or { Length: 2 }, "/division", "Two characters");
        Must(Mirroring.Kinds.Contains(row.Kind), "/kind", "One of " + string.Join(", ", Mirroring.Kinds));
        Must(row.At is not null, "/at", "When it happened");
        Must(!(row.At > now), "/at", "It lies in the future");
        Must(row.Kind != "issued" || row.HospitalId is not null, "/hospitalId", "To whom it was issued");
        Must(row.Kind != "returned" || ReturnReasons.Contains(row.ReasonCode), "/reasonCode", "One of " + string.Join(", ", ReturnReasons));
        Must(row.Kind != "discarded" || DiscardReasons.Contains(row.ReasonCode), "/reasonCode", "One of " + string.Join(", ", DiscardReasons));
        return [.. errors];
    }

    private sealed record RecordedRow
    {
        public Guid UnitId { get; init; }
        public string Kind { get; init; } = "";
        public DateTimeOffset At { get; init; }
    }
}
