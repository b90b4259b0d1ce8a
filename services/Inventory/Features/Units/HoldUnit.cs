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
            if (!CanHold(unit.Status)) return Problems.UnitState.With($"It is {unit.Status}");
            HoldView[] holds = [.. unit.Holds, .. Place(tx, [unit], request.Kind, request.Reason, caller)];
            return Answers.Ok(unit.Version + 1, unit.View(tx.Now, holds));
        }, ct);

    /// <summary>What is gone, or lives on in other bags, can't be held.</summary>
    internal static bool CanHold(string status) => status is not ("transfused" or "discarded" or "historic" or "consumed");

    /// <summary>A hold of its own on each of the bags: stored, counted in its row, noted in its history.</summary>
    internal static HoldView[] Place(Transaction tx, IReadOnlyList<UnitRow> units, string kind, string? reason, Caller? caller)
    {
        if (units.Count == 0) return [];
        HoldView[] holds = [.. units.Select(_ => new HoldView(tx.NewId(), kind, tx.Now))];
        var ids = units.Select(u => u.Id).ToArray();
        tx.Write("""
            insert into inventory.hold (id, din, unit_id, kind, source_id, reason, placed_at, placed_by)
            select h.id, h.din, h.unit_id, @kind, h.id, @reason, @now, @by from unnest(@holds, @dins, @ids) h(id, din, unit_id)
            """, new { holds = holds.Select(h => h.Id).ToArray(), dins = units.Select(u => u.Din).ToArray(), ids, kind, reason, now = tx.Now, by = caller?.Staff?.Id }, rows: ids.Length);
        tx.Write("update inventory.unit set open_holds = open_holds + 1, version = version + 1 where id = any(@ids)", new { ids }, rows: ids.Length);
        tx.Moved(ids, "held", null, caller, code: kind);
        tx.Audit("unit.hold", units is [var one] ? $"/v1/units/{one.Id}" : "/v1/units", new { kind, units = ids });
        return holds;
    }
}
