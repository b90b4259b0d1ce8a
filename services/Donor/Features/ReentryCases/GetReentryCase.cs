using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.ReentryCases;

/// <summary>A case in a list.</summary>
public sealed record ReentryCaseItem(Guid Id, Guid DonorId, Guid DeferralId, string Status, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt);

/// <summary>GET /v1/reentry-cases/{id} and GET /v1/reentry-cases?donorId=&amp;status=: the station's own, audited.</summary>
public static class GetReentryCase
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/reentry-cases/{id:guid}", One).Allow("donors", Roles.Station).WithSummary("A re-entry case");
        app.MapGet("/v1/reentry-cases", List).Allow("donors", Roles.Station).WithSummary("The station's re-entry cases");
    }

    private static async Task<Results<Made<ReentryCaseView>, ProblemHttpResult>> One(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ReentryCaseView>, ProblemHttpResult>>(async tx =>
        {
            if (await ReentryFile.Read(tx, vault, books, id) is not { } file) return CommonProblems.Unknown(id);
            if (file.Row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            tx.Audit("reentry.read", $"reentry-cases/{id}");
            return Answers.Ok(file.Row.Version, file.View());
        }, ct);

    private static async Task<Ok<Page<ReentryCaseItem>>> List(Caller caller, Database db, CancellationToken ct, Guid? donorId = null, string? status = null, int? limit = null, Guid? cursor = null) =>
        await db.InTransaction(async tx =>
        {
            var take = Answers.Limit(limit);
            var rows = await tx.Query<ReentryCaseItem>("""
                select id, donor_id, deferral_id, status, opened_at, closed_at from donor.reentry_case
                where station_id = @station and (@donorId::uuid is null or donor_id = @donorId) and (@status::text is null or status = @status) and (@cursor::uuid is null or id > @cursor) order by id limit @more
                """, new { station = caller.Tenant, donorId, status, cursor, more = take + 1 });
            tx.Audit("reentry.read", "reentry-cases", new { donorId });
            return TypedResults.Ok(Page<ReentryCaseItem>.From(rows, take, c => c.Id.ToString()));
        }, ct);
}
