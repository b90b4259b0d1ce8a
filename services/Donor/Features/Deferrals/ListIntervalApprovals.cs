using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Deferrals;

/// <summary>GET /v1/donors/{id}/interval-approvals and /{approvalId}: medical, so for stations only, and every read is audited.</summary>
public static class ListIntervalApprovals
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/donors/{id:guid}/interval-approvals", List).Allow("donors", Roles.Station).WithSummary("A donor's approved shorter intervals, withdrawn ones included");
        app.MapGet("/v1/donors/{id:guid}/interval-approvals/{approvalId:guid}", One).Allow("donors", Roles.Station).WithSummary("An approved shorter interval");
    }

    private static async Task<Results<Ok<Page<IntervalApprovalView>>, ProblemHttpResult>> List(Guid id, Database db, Vault vault, RuleBooks books, CancellationToken ct, int? limit = null, Guid? cursor = null) =>
        await db.InTransaction<Results<Ok<Page<IntervalApprovalView>>, ProblemHttpResult>>(async tx =>
        {
            var take = Answers.Limit(limit);
            var (known, rows) = await tx.Read($"""
                select exists (select from donor.donor where id = @donorId);
                {IntervalApprovalRow.Select} where a.donor_id = any({DonorFile.IdsOf}) and (@cursor is null or a.id > @cursor) order by a.id limit @more
                """, new { donorId = id, cursor, more = take + 1 }, async grid => (await grid.ReadSingleAsync<bool>(), (await grid.ReadAsync<IntervalApprovalRow>()).ToList()));
            if (!known) return CommonProblems.Unknown(id);
            tx.Audit("interval-approval.read", $"donors/{id}");
            return TypedResults.Ok(Page<IntervalApprovalView>.From([.. rows.Select(r => IntervalApprovalView.Of(r, vault.Unwrap(r.DonorId, r.WrappedKey), books.Remembered.Near(r.ApprovedFor), Shanghai.DateOf(tx.Now)))], take, a => a.Id.ToString()));
        }, ct);

    private static async Task<Results<Made<IntervalApprovalView>, ProblemHttpResult>> One(Guid id, Guid approvalId, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<IntervalApprovalView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<IntervalApprovalRow>($"{IntervalApprovalRow.Select} where a.id = @approvalId and a.donor_id = any({DonorFile.IdsOf})", new { approvalId, donorId = id }) is not { } row) return await tx.Unknown("donor.interval_approval", approvalId);
            tx.Audit("interval-approval.read", $"donors/{id}");
            return Answers.Ok(row.Version, IntervalApprovalView.Of(row, vault.Unwrap(row.DonorId, row.WrappedKey), books.Remembered.Near(row.ApprovedFor), Shanghai.DateOf(tx.Now)));
        }, ct);
}
