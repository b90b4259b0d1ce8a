using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Deviations;

/// <param name="Cause">Why it happened, in words; sealed.</param>
/// <param name="Correction">What is done so that it does not happen again, in words; sealed.</param>
public sealed record CloseDeviationRequest(
    [property: AllowedValues("person", "training", "method", "equipment", "material", "environment", "supplier", "unknown")] string CauseCode,
    [property: StringLength(400, MinimumLength = 1)] string Cause,
    [property: StringLength(400, MinimumLength = 1)] string Correction);

/// <summary>POST /v1/deviations/{id}/close: quality says why it happened and what is done about it; somebody else than who recorded it.</summary>
public static class CloseDeviation
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/deviations/{id:guid}/close", Handle).Allow("inventory", Roles.Station).ByStaff("quality").WithSummary("Closes a deviation with cause and correction");

    private static async Task<Results<Made<DeviationView>, ProblemHttpResult>> Handle(Guid id, CloseDeviationRequest request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DeviationView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<DeviationRow>($"{DeviationRow.Select} where v.id = @id and v.station_id = @Tenant for update of v", new { id, caller.Tenant }) is not { } row) return await tx.Unknown("inventory.deviation", id);
            if (row.ClosedAt is not null) return Problems.DeviationClosed.With();
            if (row.OpenedBy == caller.Staff!.Id) return Problems.SameSigner.With("Somebody else than who recorded it closes it");

            var key = row.Key(vault) ?? throw new InvalidOperationException("an open deviation without its key");
            var closed = row with
            {
                Version = row.Version + 1, ClosedAt = tx.Now, ClosedBy = caller.Staff.Id, CauseCode = request.CauseCode,
                Closing = key.Seal(DeviationRow.ClosingField, JsonSerializer.Serialize(new ClosingWords(request.Cause, request.Correction), Json.Options)),
            };
            tx.Write("update inventory.deviation set version = @Version, closed_at = @ClosedAt, closed_by = @ClosedBy, cause_code = @CauseCode, closing = @Closing where id = @Id and closed_at is null",
                new { closed.Version, closed.ClosedAt, closed.ClosedBy, closed.CauseCode, closed.Closing, closed.Id });
            tx.Audit("deviation.close", $"/v1/deviations/{id}", new { request.CauseCode });
            return Answers.Ok(closed.Version, closed.View(key));
        }, ct);
}
