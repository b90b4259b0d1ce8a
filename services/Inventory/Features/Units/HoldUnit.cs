using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

/// <param name="Kind">What a person may hold for; `test` and `mirror` are the platform's own.</param>
public sealed record HoldUnitRequest(
    [property: AllowedValues("recall", "lookback", "late-information", "cold-chain", "quality")] string Kind,
    [property: StringLength(80)] string? Reason = null);

/// <summary>POST /v1/units/{id}/hold: this bag only; its donation's other bags stay as they are.</summary>
public static class HoldUnit
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/units/{id:guid}/hold", Handle).Allow("inventory", Roles.Station).WithSummary("Holds a bag");

    private static async Task<Results<Made<UnitView>, ProblemHttpResult>> Handle(Guid id, HoldUnitRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<UnitView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<UnitRow>($"{UnitRow.Select} where u.id = @id and u.station_id = @Tenant for update of u", new { id, caller.Tenant }) is not { } unit) return await tx.Unknown("inventory.unit", id);
            if (unit.Status is "transfused" or "discarded" or "historic" or "consumed") return Problems.UnitState.With($"It is {unit.Status}");
            HoldView[] holds = [.. unit.Holds, Place(tx, unit, request.Kind, request.Reason, caller)];
            return Answers.Ok(unit.Version + 1, unit.View(tx.Now, holds));
        }, ct);

    /// <summary>A hold on one bag: stored, counted in its row, noted in its history.</summary>
    internal static HoldView Place(Transaction tx, UnitRow unit, string kind, string? reason, Caller caller)
    {
        var hold = new HoldView(tx.NewId(), kind, tx.Now);
        tx.Write("insert into inventory.hold (id, din, unit_id, kind, source_id, reason, placed_at, placed_by) values (@Id, @Din, @unitId, @kind, @Id, @reason, @now, @by)",
            new { hold.Id, unit.Din, unitId = unit.Id, kind, reason, now = tx.Now, by = caller.Staff?.Id });
        tx.Write("update inventory.unit set open_holds = open_holds + 1, version = version + 1 where id = @Id", new { unit.Id });
        tx.Moved([unit.Id], "held", null, caller, code: kind);
        tx.Audit("unit.hold", $"/v1/units/{unit.Id}", new { kind });
        return hold;
    }
}
