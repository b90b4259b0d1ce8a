using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.HospitalTasks;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

public sealed record DiscardUnitRequest(
    [property: AllowedValues("test-reactive", "alt", "expired", "broken", "haemolysis", "lipaemia", "clot", "under-volume", "over-volume", "label-error", "confidential-exclusion", "quality-control", "cold-chain", "returned", "not-used", "lost", "other")] string ReasonCode);

/// <summary>POST /v1/units/{id}/discard: a bag is destroyed, by the station or by the hospital that has it; its record stays.</summary>
public static class DiscardUnit
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/units/{id:guid}/discard", Handle).Allow("inventory", Roles.Station, Roles.Hospital).WithSummary("Discards a bag; a hospital one that it was given");

    private static async Task<Results<Made<UnitView>, ProblemHttpResult>> Handle(Guid id, DiscardUnitRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<UnitView>, ProblemHttpResult>>(async tx =>
        {
            var hospital = caller.Is(Roles.Hospital);
            if (await tx.QuerySingle<UnitOfDonationRow>(UnitOfDonationRow.ForUpdate + " where u.id = @id and case when @hospital then u.hospital_id else u.station_id end = @Tenant for update of d, u", new { id, caller.Tenant, hospital }) is not { } unit) return await tx.Unknown("inventory.unit", id);
            if (hospital ? unit.Status is not ("issued" or "received") : unit.Status is not ("quarantine" or "available" or "returned" or "expired" or "unaccounted")) return Problems.UnitState.With($"It is {unit.Status}");
            if (hospital) HospitalTaskRow.Answered(tx, id, unit.Din, unit.StationId, caller, tx.Now, "discarded");
            tx.Moved([id], "discarded", "discarded", caller, hospitalId: hospital ? caller.Tenant : null, code: request.ReasonCode);
            tx.Write("update inventory.unit set status = 'discarded', version = version + 1 where id = @id and version = @Version", new { id, unit.Version });
            tx.Write("update inventory.donation set version = version + 1 where din = @Din and version = @DonationVersion", new { unit.Din, unit.DonationVersion });
            tx.Append(new UnitDiscarded
            {
                Key = unit.Din, Version = unit.DonationVersion + 1, OccurredAt = tx.Now, StationId = unit.StationId, UnitId = id, Din = unit.Din, DonorId = unit.DonorId, Component = unit.Component,
                BloodGroup = unit.BloodGroup, VolumeMl = unit.VolumeMl, ContentU = unit.ContentU, ReasonCode = request.ReasonCode, HospitalId = hospital ? caller.Tenant : null,
            });
            tx.Audit("unit.discard", $"/v1/units/{id}", new { request.ReasonCode });
            unit.Status = "discarded";
            return Answers.Ok(unit.Version + 1, unit.View(tx.Now));
        }, ct);
}
