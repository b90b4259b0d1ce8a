using System.ComponentModel.DataAnnotations;
using System.Globalization;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Drives;

/// <param name="Capacity">Places per slot; 0 closes a single slot.</param>
/// <param name="SlotStartsAt">Of this slot only; absent: of every slot that has not ended, and of the drive.</param>
/// <param name="Force">Whoever is booked beyond it loses the place, the youngest booking first, and is told.</param>
public sealed record ChangeCapacityRequest([property: Range(0, 1000)] int Capacity, [property: StringLength(80, MinimumLength = 1)] string Reason, DateTimeOffset? SlotStartsAt = null, bool Force = false);

/// <summary>POST /v1/drives/{id}/capacity: of an approved drive. Under what is booked it is refused with the bookings it would take, or forced.</summary>
public static class ChangeCapacity
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/drives/{id:guid}/capacity", Handle)
        .Allow("drives", Roles.Station)
        .WithSummary("Changes how many places a drive or one of its slots has");

    private static async Task<Results<Made<DriveView>, ProblemHttpResult>> Handle(Guid id, ChangeCapacityRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DriveView>, ProblemHttpResult>>(async tx =>
        {
            var (before, places) = await SlotPlaces.Lock(tx, id);
            if (before is null) return CommonProblems.Unknown(id);
            if (!before.IsManagedBy(caller)) return CommonProblems.NotFound.With();
            if (!before.HasSlots) return Problems.StepOutOfOrder.With($"Only an approved drive has slots; the drive is {before.Status}");
            if (request is { Capacity: 0, SlotStartsAt: null }) return CommonProblems.Invalid.With("A drive without places is cancelled", new FieldError("/capacity", "zero", "Only a single slot can be closed"));
            if (request.SlotStartsAt is { } one && places.Slots.All(s => s.StartsAt != one)) return Problems.SlotUnknown.With("GET /v1/drives/{id}/slots lists them", new FieldError("/slotStartsAt", "unknown", "No slot that has not ended starts then"));
            if (places.Cut(tx, before, request.Capacity, request.SlotStartsAt, request.Force, "/capacity") is { } no) return no;

            var after = before with { Version = before.Version + 1, CapacityPerSlot = request.SlotStartsAt is null ? request.Capacity : before.CapacityPerSlot };
            tx.Write("update event.drive set version = @Version, capacity_per_slot = @CapacityPerSlot where id = @Id", after);
            var was = request.SlotStartsAt is { } slot ? places.Slots.Single(s => s.StartsAt == slot).Capacity : before.CapacityPerSlot;
            DriveChangeRow.Log(tx, caller, id, "capacityPerSlot", was.ToString(CultureInfo.InvariantCulture), request.Capacity.ToString(CultureInfo.InvariantCulture), request.Reason, request.SlotStartsAt);
            tx.Append(after.ToChanged(tx.Now));
            tx.Audit("drive.capacity", $"drive/{id}", new { request.Capacity, request.SlotStartsAt, request.Force });
            return Answers.Ok(after.Version, after.ViewFor(caller, tx.Now));
        }, ct);
}
