using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

/// <summary>What is printed on the bag, as scanned.</summary>
public sealed record CheckLabelRequest(
    [property: StringLength(20, MinimumLength = 1)] string Din,
    [property: StringLength(20)] string? ProductCode = null,
    [property: StringLength(10)] string? BloodGroup = null,
    DateOnly? ExpiresOn = null);

/// <param name="Mismatches">`din`, `product-code`, `blood-group`, `expiry`.</param>
public sealed record LabelCheckView(bool Matches, string[] Mismatches, UnitView Unit);

/// <summary>POST /v1/units/{id}/label-check: a label that says anything else than the record holds the bag.</summary>
public static class CheckLabel
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/units/{id:guid}/label-check", Handle).Allow("inventory", Roles.Station).WithSummary("Compares the scanned label with the record; a mismatch holds");

    private static async Task<Results<Made<LabelCheckView>, ProblemHttpResult>> Handle(Guid id, CheckLabelRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<LabelCheckView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<UnitRow>($"{UnitRow.Select} where u.id = @id and u.station_id = @Tenant for update of u", new { id, caller.Tenant }) is not { } unit) return await tx.Unknown("inventory.unit", id);
            string[] mismatches = [
                .. Din.Parse(request.Din)?.Text != unit.Din ? new[] { "din" } : [],
                .. request.ProductCode is { } code && code != unit.ProductCode ? new[] { "product-code" } : [],
                .. request.BloodGroup is { } group && group != unit.BloodGroup ? new[] { "blood-group" } : [],
                .. request.ExpiresOn is { } day && day != Shanghai.DateOf(unit.ExpiresAt) ? new[] { "expiry" } : []];
            HoldView[] holds = [.. unit.Holds, .. mismatches.Length > 0 ? new[] { HoldUnit.Place(tx, unit, "quality", "label mismatch", caller) } : []];
            tx.Moved([id], mismatches.Length == 0 ? "label-checked" : "label-check-failed", null, caller);
            return Answers.Ok(unit.Version + (mismatches.Length > 0 ? 1 : 0), new LabelCheckView(mismatches.Length == 0, mismatches, unit.View(tx.Now, holds)));
        }, ct);
}
