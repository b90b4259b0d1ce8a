using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.ReentryCases;

public sealed record RefuseReentryRequest([property: StringLength(80, MinimumLength = 1)] string Reason);

/// <summary>POST /v1/reentry-cases/{id}/refuse: the deferral stays. Another case can be opened later.</summary>
public static class RefuseReentry
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/reentry-cases/{id:guid}/refuse", Handle)
        .Allow("donors", Roles.Station).ByStaff("physician", "quality").WithSummary("Ends a case without ending the deferral");

    private static async Task<Results<Made<ReentryCaseView>, ProblemHttpResult>> Handle(Guid id, RefuseReentryRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ReentryCaseView>, ProblemHttpResult>>(async tx =>
        {
            if (await ReentryFile.Lock(tx, vault, books, id) is not { } file) return CommonProblems.Unknown(id);
            if (file.Row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            if (file.Row.Status != "open") return Problems.CaseClosed.With($"The case is {file.Row.Status}");
            file.Row = file.Row with { Status = "refused", ClosedAt = tx.Now, Refusal = file.Donor.Key.Seal("reentry_refusal", request.Reason) };
            tx.Write("update donor.reentry_case set version = version + 1, status = 'refused', closed_at = @ClosedAt, refusal = @Refusal where id = @id", new { id, file.Row.ClosedAt, file.Row.Refusal });
            tx.Audit("reentry.refuse", $"reentry-cases/{id}");
            return Answers.Ok(file.Row.Version + 1, file.View());
        }, ct);
}
