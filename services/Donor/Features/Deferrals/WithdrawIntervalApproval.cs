using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Deferrals;

public sealed record WithdrawIntervalApprovalRequest([property: StringLength(80, MinimumLength = 1)] string Reason);

/// <summary>POST /v1/donors/{id}/interval-approvals/{approvalId}/withdraw: while its day is not over, a physician takes it back, and the day is closed again.</summary>
public static class WithdrawIntervalApproval
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors/{id:guid}/interval-approvals/{approvalId:guid}/withdraw", Handle)
        .Allow("donors", Roles.Station).ByStaff("physician").WithSummary("Takes an approved shorter interval back");

    private static async Task<Results<Made<IntervalApprovalView>, ProblemHttpResult>> Handle(Guid id, Guid approvalId, WithdrawIntervalApprovalRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<IntervalApprovalView>, ProblemHttpResult>>(async tx =>
        {
            var (donor, row) = await tx.Read(DonorFile.Locked + $"{IntervalApprovalRow.Select} where a.id = @approvalId and a.donor_id = any({DonorFile.IdsOf})", new { donorId = id, approvalId },
                async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleOrDefaultAsync<IntervalApprovalRow>()));
            if (donor is null) return CommonProblems.Unknown(id);
            if (row is null) return await tx.Unknown("donor.interval_approval", approvalId);
            var today = Shanghai.DateOf(tx.Now);
            if (row.WithdrawnAt is not null || row.ApprovedFor < today) return Problems.IntervalApprovalOver.With();

            var key = vault.Unwrap(row.DonorId, row.WrappedKey); // of the registration it was recorded under
            var reason = key.Seal("withdraw_reason", request.Reason);
            tx.Write("update donor.interval_approval set withdrawn_at = @now, withdrawn_by = @by, withdraw_reason = @reason where id = @approvalId", new { approvalId, now = tx.Now, by = caller.Staff!.Id, reason });
            var left = (donor.Facts.Approvals ?? []).ToList();
            left.Remove(new Approval(row.Rule, row.ApprovedFor));
            donor.Facts = donor.Facts with { Approvals = left };
            donor.AnnounceWindows(tx);
            donor.Save(tx);
            tx.Audit("interval-approval.withdraw", $"donors/{id}", new { row.Rule, row.ApprovedFor });
            return Answers.Ok(2, IntervalApprovalView.Of(row with { WithdrawnAt = tx.Now, WithdrawReason = reason }, key, donor.Book.Near(row.ApprovedFor), today));
        }, ct);
}
