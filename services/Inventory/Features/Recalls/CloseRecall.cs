using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Recalls;

/// <param name="Cause">Why it happened, in words; sealed.</param>
/// <param name="Correction">What is done so that it does not happen again, in words; sealed.</param>
public sealed record CloseRecallRequest(
    [property: AllowedValues("confirmed", "excluded", "undetermined", "opened-in-error")] string Conclusion,
    [property: StringLength(400, MinimumLength = 1)] string Cause,
    [property: StringLength(400, MinimumLength = 1)] string Correction);

/// <summary>
/// POST /v1/recalls/{id}/close: somebody else than who opened it concludes, once every hospital has answered; nothing overrides that. It lifts no hold: each is lifted by itself.
/// </summary>
public static class CloseRecall
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/recalls/{id:guid}/close", Handle)
        .Allow("inventory", Roles.Station).ByStaff("quality").WithSummary("Closes a recall with conclusion, cause and correction; holds stay");

    private static async Task<Results<Made<RecallView>, ProblemHttpResult>> Handle(Guid id, CloseRecallRequest request, Caller caller, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<RecallView>, ProblemHttpResult>>(async tx =>
        {
            if (await RecallRow.Find(tx, id, caller, forUpdate: true) is not var (row, files, tasks)) return await tx.Unknown("inventory.recall", id);
            if (row.ClosedAt is not null) return Problems.RecallClosed.With();
            if (row.OpenedBy == caller.Staff!.Id) return Problems.SameSigner.With("Somebody else than who opened it closes it");
            if (tasks.Where(t => t.Outcome is null).Select(t => new FieldError($"/unresolved/{t.UnitId}", "unanswered", $"Hospital {t.HospitalId} has not answered")).ToArray() is { Length: > 0 } unresolved)
                return Problems.RecallUnresolved.With(null, unresolved);

            var key = row.Key(vault) ?? throw new InvalidOperationException("an open recall without its key");
            var words = JsonSerializer.Serialize(new ClosingWords(request.Cause, request.Correction), Json.Options);
            var closed = row with { Version = row.Version + 1, ClosedAt = tx.Now, ClosedBy = caller.Staff.Id, Conclusion = request.Conclusion, Closing = key.Seal(RecallRow.NoteField, words) };
            tx.Write("update inventory.recall set version = @Version, closed_at = @ClosedAt, closed_by = @ClosedBy, conclusion = @Conclusion, closing = @Closing where id = @Id and closed_at is null",
                new { closed.Version, closed.ClosedAt, closed.ClosedBy, closed.Conclusion, closed.Closing, closed.Id });
            tx.Append(new RecallClosed { Key = id.ToString(), Version = closed.Version, OccurredAt = tx.Now, StationId = row.StationId, RecallId = id, Donations = files.ByDin.Count, BagsAsked = tasks.Count });
            tx.Audit("recall.close", $"/v1/recalls/{id}", new { request.Conclusion });
            return Answers.Ok(closed.Version, closed.View(files.ByDin.Values, tasks, key, tx.Now));
        }, ct);
}
