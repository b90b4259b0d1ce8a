using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Donations;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Lookbacks;

/// <param name="Conclusion">`duplicate`: the person had two open because he was merged meanwhile.</param>
/// <param name="Note">In words, sealed.</param>
public sealed record CloseLookbackRequest(
    [property: AllowedValues("donor-infection-confirmed", "donor-infection-excluded", "undetermined", "duplicate", "opened-in-error")] string Conclusion,
    [property: StringLength(80, MinimumLength = 1)] string? Note = null);

/// <summary>POST /v1/lookbacks/{id}/close: somebody else than who opened it concludes. It lifts no hold: each is lifted by itself.</summary>
public static class CloseLookback
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/lookbacks/{id:guid}/close", Handle)
        .Allow("inventory", Roles.Station).ByStaff("quality", "physician").WithSummary("Closes a look-back with its conclusion; holds stay");

    private static async Task<Results<Made<LookbackView>, ProblemHttpResult>> Handle(Guid id, CloseLookbackRequest request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<LookbackView>, ProblemHttpResult>>(async tx =>
        {
            // A case changes under the lock of its donor's rows, as it was opened.
            var files = await DonationFile.Load(tx, [], caller.Tenant, forUpdate: true, others: true, historic: true, which: GetLookback.OfCase, lookback: id);
            if (files.Lookbacks.Find(l => l.Id == id && l.StationId == caller.Tenant) is not { } row) return await tx.Unknown("inventory.lookback", id);
            if (row.ClosedAt is not null) return Problems.LookbackClosed.With();
            if (row.OpenedBy == caller.Staff!.Id) return Problems.SameSigner.With("Somebody else than who opened it closes it");

            var key = row.Key(vault);
            var closed = row with { Version = row.Version + 1, ClosedAt = tx.Now, ClosedBy = caller.Staff.Id, Conclusion = request.Conclusion, ClosingNote = request.Note is { } note ? key?.Seal(LookbackRow.NoteField, note) : null };
            tx.Write("update inventory.lookback set version = @Version, closed_at = @ClosedAt, closed_by = @ClosedBy, conclusion = @Conclusion, closing_note = @ClosingNote where id = @Id and closed_at is null", closed);
            tx.Append(new LookbackClosed { Key = id.ToString(), Version = closed.Version, OccurredAt = tx.Now, StationId = row.StationId, LookbackId = id, DonorId = row.DonorId, Din = row.Din });
            tx.Audit("lookback.close", $"/v1/lookbacks/{id}", new { request.Conclusion });
            return Answers.Ok(closed.Version, closed.View(files, key, tx.Now));
        }, ct);
}
