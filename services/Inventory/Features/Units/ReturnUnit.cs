using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

/// <summary>Whether what was issued may ever return to stock (setting `Inventory:Returns`: `discard`, the default, or `quarantine`). Once handed out there is no return in Chinese practice (domain rules 3.3).</summary>
public sealed record ReturnPolicy(bool ToStock)
{
    /// <exception cref="InvalidOperationException">The setting says something else: the service does not start.</exception>
    public static ReturnPolicy From(IConfiguration configuration) => configuration["Inventory:Returns"] switch
    {
        null or "discard" => new(false),
        "quarantine" => new(true),
        var other => throw new InvalidOperationException($"Inventory:Returns is discard or quarantine, not {other}"),
    };
}

/// <param name="Unopened">Whether nobody has opened it; not said counts as opened.</param>
/// <param name="ColdChainKept">Whether it is proven that it was kept as it must be all the time; not said counts as not.</param>
/// <param name="At">When it came, for what is recorded afterwards; else now.</param>
public sealed record ReturnUnitRequest(
    [property: AllowedValues("not-used", "wrong-delivery", "damaged", "recalled", "expired", "other")] string ReasonCode,
    bool Unopened = false, bool ColdChainKept = false, DateTimeOffset? At = null);

/// <summary>
/// POST /v1/units/{id}/return: a bag came back from the hospital, a fact. It is there to be discarded; only where the policy allows it, it is unopened, in date and its cold chain proven, it
/// enters quarantine under a hold, and is stock again when two people have lifted that.
/// </summary>
public static class ReturnUnit
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/units/{id:guid}/return", Handle).Allow("inventory", Roles.Station).ByStaff("issue").WithSummary("Takes in a bag that came back from a hospital");

    private static async Task<Results<Made<UnitView>, ProblemHttpResult>> Handle(Guid id, ReturnUnitRequest request, Caller caller, Database db, ReturnPolicy policy, CancellationToken ct) =>
        await db.InTransaction<Results<Made<UnitView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<UnitOfDonationRow>(UnitOfDonationRow.ForUpdate + " where u.id = @id and u.station_id = @Tenant for update of d, u", new { id, caller.Tenant }) is not { } unit) return await tx.Unknown("inventory.unit", id);
            if (unit.Status is not ("issued" or "received")) return Problems.UnitState.With($"It is {unit.Status}");
            var at = request.At ?? tx.Now;
            if (at > tx.Now) return Problems.PerformedInFuture.With(null, new FieldError("/at", "in_future", "It lies in the future"));
            if (at < unit.ProducedAt) return CommonProblems.Invalid.With(null, new FieldError("/at", "before_production", "It was not made then"));

            var place = policy.ToStock && request is { Unopened: true, ColdChainKept: true } && unit.ExpiresAt > tx.Now ? "quarantine" : "returned";
            // What is to be discarded keeps its order: a transfusion that is recorded of it nevertheless is an alarm, not an unknown bag.
            tx.Moved([id], "returned", place, caller, at: at, orderId: unit.OrderId, hospitalId: unit.HospitalId, code: request.ReasonCode);
            tx.Write("update inventory.unit set status = @place, order_id = case when @place = 'returned' then order_id end, hospital_id = null, version = version + 1 where id = @id and version = @Version", new { place, id, unit.Version });
            tx.WriteAny("update inventory.order_line set dropped_at = @now where unit_id = @id and dropped_at is null", new { id, now = tx.Now }); // a mirrored station issues without an order here
            HoldView[] holds = [.. unit.Holds, .. place == "quarantine" ? HoldUnit.Place(tx, [unit], "quality", "returned", caller) : []];
            tx.Write("update inventory.donation set version = version + 1 where din = @Din and version = @DonationVersion", new { unit.Din, unit.DonationVersion });
            tx.Append(new UnitReturned
            {
                Key = unit.Din, Version = unit.DonationVersion + 1, OccurredAt = at, StationId = unit.StationId, UnitId = id, Din = unit.Din, DonorId = unit.DonorId, Component = unit.Component,
                BloodGroup = unit.BloodGroup, VolumeMl = unit.VolumeMl, ContentU = unit.ContentU, HospitalId = unit.HospitalId!.Value, ReasonCode = request.ReasonCode, Status = place,
            });
            tx.Audit("unit.return", $"/v1/units/{id}", new { request.ReasonCode, place });
            unit.Status = place;
            return Answers.Ok(unit.Version + (place == "quarantine" ? 2 : 1), (unit with { OrderId = place == "returned" ? unit.OrderId : null, HospitalId = null }).View(tx.Now, holds));
        }, ct);
}
