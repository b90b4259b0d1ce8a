using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Orders;

/// <param name="StationId">The station to serve it; when absent the one that holds the first matching bag to expire.</param>
public sealed record PlaceOrderRequest(
    [property: AllowedValues("whole-blood", "red-cells-suspended", "red-cells-leukoreduced", "red-cells-washed", "platelets-apheresis", "plasma-fresh-frozen", "plasma-frozen", "cryoprecipitate")] string Component,
    [property: AllowedValues("O+", "O-", "A+", "A-", "B+", "B-", "AB+", "AB-")] string BloodGroup,
    QuantityRequest Quantity,
    [property: AllowedValues("routine", "urgent", "emergency")] string Urgency,
    DateTimeOffset NeededBy,
    bool AllowSubstitution = false,
    PatientRequest? Patient = null,
    Guid? StationId = null);

/// <param name="Unit">`bags`; `u`, 200 ml equivalents; `treatment-units`, platelets only.</param>
public sealed record QuantityRequest([property: Range(1, 1000)] int Amount, [property: AllowedValues("bags", "u", "treatment-units")] string Unit);

/// <summary>For whom it is; sealed. With a patient, each bag needs a compatible crossmatch before it leaves.</summary>
public sealed record PatientRequest(
    [property: StringLength(80, MinimumLength = 1)] string Reference,
    [property: AllowedValues("male", "female", null)] string? Sex = null,
    [property: Range(0, 130)] int? AgeYears = null,
    [property: MaxLength(20)] string[]? Antibodies = null,
    [property: MaxLength(20)] string[]? SpecialNeeds = null);

/// <summary>POST /v1/orders: what there is of the exact group is reserved at once, first to expire first.</summary>
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
        var demand = new Demand(request.Component, request.BloodGroup, request.Quantity.Amount, request.Quantity.Unit, request.NeededBy);
        return await db.InTransaction<Results<Made<OrderView>, ProblemHttpResult>>(async tx =>
        {
            var stock = await tx.Read(Stocked.SqlOfRequest, new { station = request.StationId, component = request.Component, bloodGroup = request.BloodGroup, neededBy = request.NeededBy, amount = request.Quantity.Amount },
                grid => Stocked.From(grid, request.StationId));
            var picked = Allocation.Pick(stock.Candidates, demand);

            var id = tx.NewId();
            byte[]? patient = null, index = null;
            if (request.Patient is { } p)
            {
                patient = vault.CreateKey(tx, id).Seal(Patient.Field, JsonSerializer.Serialize(new Patient(p.Reference, p.Sex, p.AgeYears, p.Antibodies, p.SpecialNeeds), Json.Options));
                index = Patient.IndexOf(vault, caller.Tenant, p.Reference);
            }
            var row = new OrderRow
            {
                Id = id, Version = 1, HospitalId = caller.Tenant, StationId = stock.StationId, Component = request.Component, BloodGroup = request.BloodGroup, Amount = request.Quantity.Amount, Unit = request.Quantity.Unit,
                Urgency = request.Urgency, NeededBy = request.NeededBy, AllowSubstitution = request.AllowSubstitution, Status = Allocation.StatusOf(picked, demand), NeedsCrossmatch = patient is not null, Patient = patient, PatientIndex = index,
                Explanation = stock.Explain(id, picked, demand, tx.Now), CreatedAt = tx.Now,
            };
            tx.Write("""
                insert into inventory.hospital_order (id, version, hospital_id, station_id, component, blood_group, amount, unit, urgency, needed_by, allow_substitution, status, needs_crossmatch, patient, patient_index, explanation, created_at)
                values (@Id, @Version, @HospitalId, @StationId, @Component, @BloodGroup, @Amount, @Unit, @Urgency, @NeededBy, @AllowSubstitution, @Status, @NeedsCrossmatch, @Patient, @PatientIndex, @Explanation::jsonb, @CreatedAt)
                """, row);
            Stocked.Reserve(tx, id, picked, caller);

            var view = new OrderFile { Row = row with { Patient = null }, StaleDonors = [], Lines = [.. picked.Select(u => LineOf(id, u))] }.View(vault, caller);
            return Answers.Created($"/v1/orders/{id}", 1, view with { Patient = request.Patient is { } of ? new(Mask.Number(of.Reference), of.Sex, of.AgeYears, of.Antibodies ?? [], of.SpecialNeeds ?? []) : null });
        }, ct);
    }

    internal static LineRow LineOf(Guid orderId, StockUnit unit) => new()
    {
        OrderId = orderId, UnitId = unit.Id, Din = unit.Din, Why = Stocked.Why, Component = unit.Component, BloodGroup = unit.BloodGroup, ContentU = unit.ContentU, TreatmentUnits = unit.TreatmentUnits,
        VolumeMl = unit.VolumeMl, ExpiresAt = unit.ExpiresAt, Status = "reserved",
    };
}
