using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

/// <summary>What is printed on the bag: its codes as the scanner sends them (`scans`, ISBT 128), or typed.</summary>
public sealed record CheckLabelRequest(
    [property: StringLength(20, MinimumLength = 1)] string? Din = null,
    [property: StringLength(20)] string? ProductCode = null,
    [property: StringLength(10)] string? BloodGroup = null,
    DateOnly? ExpiresOn = null,
    [property: MaxLength(20)] string[]? Scans = null);

/// <param name="Mismatches">`din`, `product-code`, `division`, `blood-group`, `expiry`.</param>
public sealed record LabelCheckView(bool Matches, string[] Mismatches, UnitView Unit);

/// <summary>POST /v1/units/{id}/label-check: a label that says anything else than the record, or two things at once, holds the bag; a code that cannot be read is refused and to be scanned again.</summary>
public static class CheckLabel
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/units/{id:guid}/label-check", Handle).Allow("inventory", Roles.Station).WithSummary("Compares the scanned label with the record; a mismatch holds");

    private static async Task<Results<Made<LabelCheckView>, ProblemHttpResult>> Handle(Guid id, CheckLabelRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<LabelCheckView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<UnitRow>($"{UnitRow.Select} where u.id = @id and u.station_id = @Tenant for update of u", new { id, caller.Tenant }) is not { } unit) return await tx.Unknown("inventory.unit", id);
            var scans = (request.Scans ?? []).Select(Isbt128.Read).ToArray();
            FieldError[] unread = [.. scans.Index().Where(s => s.Item is null).Select(s => new FieldError($"/scans/{s.Index}", "unreadable", "No data structure 001 to 005 of ISBT 128"))];
            if (unread.Length > 0) return CommonProblems.Invalid.With("Scan it again", unread);
            var label = Label.Of(scans);
            if (request.Din is null && label.Din is null && !label.Contradictions.Contains("din")) return CommonProblems.Invalid.With("A label is known by its donation number", new FieldError("/din", "required", "din, or its code among scans"));
            string[] mismatches = [.. new string[][] {
                label.Contradictions, [.. label.Against(unit)],
                request.Din is { } din && Din.Parse(din)?.Text != unit.Din ? ["din"] : [],
                request.ProductCode is { } code && code != unit.ProductCode ? ["product-code"] : [],
                request.BloodGroup is { } group && group != unit.BloodGroup ? ["blood-group"] : [],
                request.ExpiresOn is { } day && day != Shanghai.DateOf(unit.ExpiresAt) ? ["expiry"] : [],
            }.SelectMany(m => m).Distinct()];
            HoldView[] holds = [.. unit.Holds, .. mismatches.Length > 0 ? HoldUnit.Place(tx, [unit], "quality", "label mismatch", caller) : []];
            tx.Moved([id], mismatches.Length == 0 ? "label-checked" : "label-check-failed", null, caller);
            return Answers.Ok(unit.Version + (mismatches.Length > 0 ? 1 : 0), new LabelCheckView(mismatches.Length == 0, mismatches, unit.View(tx.Now, holds)));
        }, ct);
}
