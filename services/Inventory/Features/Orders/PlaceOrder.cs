using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Orders;

/// <param name="StationId">The station to serve it; when absent the one that holds the first matching bag to expire.</param>
/// <param name="AllowSubstitution">Whether bags of another, compatible group will do where the exact one is short.</param>
/// <param name="MinimumRemainingHours">What a bag must have left to live when it is needed, hours.</param>
/// <param name="RhdPositive">Who answers for RhD positive blood to an RhD negative patient.</param>
public sealed record PlaceOrderRequest(
    [property: AllowedValues("whole-blood", "red-cells-suspended", "red-cells-leukoreduced", "red-cells-washed", "platelets-apheresis", "plasma-fresh-frozen", "plasma-frozen", "cryoprecipitate", "plasma-thawed", "cryoprecipitate-thawed")] string Component,
    [property: AllowedValues("O+", "O-", "A+", "A-", "B+", "B-", "AB+", "AB-")] string BloodGroup,
    QuantityRequest Quantity,
    [property: AllowedValues("routine", "urgent", "emergency")] string Urgency,
    DateTimeOffset NeededBy,
    bool AllowSubstitution = false,
    PatientRequest? Patient = null,
    Guid? StationId = null,
    [property: Range(0, 8784)] int MinimumRemainingHours = 0,
    RhdPositiveRequest? RhdPositive = null);

/// <param name="Unit">`bags`; `u`, 200 ml equivalents; `treatment-units`, platelets only.</param>
public sealed record QuantityRequest([property: Range(1, 1000)] int Amount, [property: AllowedValues("bags", "u", "treatment-units")] string Unit);

/// <summary>For whom it is; sealed. With a patient, each bag needs a compatible crossmatch before it leaves.</summary>
public sealed record PatientRequest(
    [property: StringLength(80, MinimumLength = 1)] string Reference,
    [property: AllowedValues("male", "female", null)] string? Sex = null,
    [property: Range(0, 130)] int? AgeYears = null,
    [property: MaxLength(20)] string[]? Antibodies = null,
    [property: MaxLength(20)] string[]? SpecialNeeds = null);

/// <param name="Physician">The hospital's own reference of the physician, no name; sealed.</param>
public sealed record RhdPositiveRequest([property: StringLength(40, MinimumLength = 1)] string Physician, [property: StringLength(200, MinimumLength = 1)] string Reason);

/// <summary>
/// POST /v1/orders: what there is of the exact group is reserved at once, first to expire first; where that is short and the order allows it, of the groups
/// that the rules permit, nearest first. Whoever waits and comes first (more urgent, or as urgent and longer) is served before.
/// </summary>
public static class PlaceOrder
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/orders", Handle).Allow("orders", Roles.Hospital).Creates().WithSummary("Orders blood; what there is is reserved at once");

    private static async Task<Results<Made<OrderView>, ProblemHttpResult>> Handle(PlaceOrderRequest request, Caller caller, Database db, Vault vault, TimeProvider clock, CancellationToken ct)
    {
        if (request.NeededBy <= clock.GetUtcNow()) return Problems.NeededByPast.With(null, new FieldError("/neededBy", "past", "It must lie in the future"));
        if (request.Quantity.Unit != "bags" && (request.Component == "platelets-apheresis") != (request.Quantity.Unit == "treatment-units"))
            return Problems.QuantityUnit.With(null, new FieldError("/quantity/unit", "not_applicable", "Platelets are counted in treatment-units, all else in u; both in bags"));
        if ((request.Patient?.Antibodies ?? []).Concat(request.Patient?.SpecialNeeds ?? []).Any(text => text is null or { Length: > 80 }))
            return CommonProblems.Invalid.With(null, new FieldError("/patient", "invalid", "At most 80 characters each"));
        var rules = Parameters.AllocationOn(Shanghai.DateOf(clock.GetUtcNow()));
        var demand = new Demand(request.Component, request.BloodGroup, request.Quantity.Amount, request.Quantity.Unit, request.NeededBy, request.Urgency, request.AllowSubstitution, request.RhdPositive is not null,
            request.Patient?.Sex, request.Patient?.AgeYears, request.Patient?.Antibodies, request.Patient?.SpecialNeeds, request.MinimumRemainingHours);
        if (Compatibility.Unmeetable(rules, demand) is { } need) return CommonProblems.Invalid.With(null, new FieldError($"/patient/specialNeeds/{need.Index}", "unmeetable", need.Why));
        if (request.RhdPositive is not null)
        {
            if (request.Patient is null || !request.AllowSubstitution || request.BloodGroup[^1] != '-' || !rules.Of(request.Component).RhdMatters)
                return CommonProblems.Invalid.With(null, new FieldError("/rhdPositive", "not_applicable", "For an RhD negative patient, in an order that allows substitution, of a component in which RhD matters"));
            if (Compatibility.RhdPositiveRefused(rules.Rhd, demand)) return Problems.RhdPositiveRefused.With();
        }
        var groups = Compatibility.Of(rules, demand);
        var wanted = Allocation.WantedBy(rules, demand);
        for (var served = false; ; served = true)
        {
            var answer = await db.InTransaction<Results<Made<OrderView>, ProblemHttpResult>?>(async tx =>
            {
                var stock = await tx.Read(Stocked.SqlOfRequest, new { station = request.StationId, wanted.Component, wanted.Groups, wanted.KeepsUntil, wanted.CollectedFrom, wanted.Irradiated, amount = request.Quantity.Amount, request.Urgency, now = tx.Now },
                    grid => Stocked.From(grid, request.StationId));
                if (stock.Ahead && !served) return null;
                var picked = Allocation.Pick(stock.Candidates, wanted);

                var id = tx.NewId();
                byte[]? patient = null, index = null;
                if (request.Patient is { } p)
                {
                    patient = vault.CreateKey(tx, id).Seal(Patient.Field, JsonSerializer.Serialize(new Patient(p.Reference, p.Sex, p.AgeYears, p.Antibodies, p.SpecialNeeds, request.RhdPositive?.Physician, request.RhdPositive?.Reason), Json.Options));
                    index = Patient.IndexOf(vault, caller.Tenant, p.Reference);
                }
                var row = new OrderRow
                {
                    Id = id, Version = 1, HospitalId = caller.Tenant, StationId = stock.StationId, Component = request.Component, BloodGroup = request.BloodGroup, Amount = request.Quantity.Amount, Unit = request.Quantity.Unit,
                    Urgency = request.Urgency, NeededBy = request.NeededBy, AllowSubstitution = request.AllowSubstitution, Status = Allocation.StatusOf(picked, wanted), NeedsCrossmatch = patient is not null, Patient = patient, PatientIndex = index,
                    Explanation = stock.Explain(id, picked, wanted, groups, rules.Version, tx.Now), CreatedAt = tx.Now, Groups = wanted.Groups, KeepsUntil = wanted.KeepsUntil, CollectedFrom = wanted.CollectedFrom, Irradiated = wanted.Irradiated,
                    ReservedUntil = wanted.ReservedUntil, RhdPositiveApproved = request.RhdPositive is not null,
                };
                tx.Write("""
                    insert into inventory.hospital_order (id, version, hospital_id, station_id, component, blood_group, amount, unit, urgency, needed_by, allow_substitution, status, needs_crossmatch, patient, patient_index, explanation, created_at,
                        groups, keeps_until, collected_from, irradiated, reserved_until, rhd_positive_approved)
                    values (@Id, @Version, @HospitalId, @StationId, @Component, @BloodGroup, @Amount, @Unit, @Urgency, @NeededBy, @AllowSubstitution, @Status, @NeedsCrossmatch, @Patient, @PatientIndex, @Explanation::jsonb, @CreatedAt,
                        @Groups, @KeepsUntil, @CollectedFrom, @Irradiated, @ReservedUntil, @RhdPositiveApproved)
                    """, row);
                Stocked.Reserve(tx, id, picked, groups, caller);

                var order = new OrderFile { Row = row with { Patient = null }, StaleDonors = [], Lines = [.. picked.Select(u => LineOf(id, u, groups))] };
                order.Say(tx);
                return Answers.Created($"/v1/orders/{id}", 1, order.View(vault, caller) with
                {
                    Patient = request.Patient is { } of ? new(Mask.Number(of.Reference), of.Sex, of.AgeYears, of.Antibodies ?? [], of.SpecialNeeds ?? [], request.RhdPositive?.Physician) : null,
                });
            }, ct);
            if (answer is not null) return answer;
            await ServeWaiting.All(db, ct);
        }
    }

    internal static LineRow LineOf(Guid orderId, StockUnit unit, GroupChoice[] groups) => new()
    {
        OrderId = orderId, UnitId = unit.Id, Din = unit.Din, Why = Stocked.Why(groups, unit), Component = unit.Component, BloodGroup = unit.BloodGroup, ContentU = unit.ContentU, TreatmentUnits = unit.TreatmentUnits,
        VolumeMl = unit.VolumeMl, ExpiresAt = unit.ExpiresAt, Status = "reserved",
    };
}
