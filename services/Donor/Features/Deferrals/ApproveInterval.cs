using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Deferrals;

/// <param name="Rule">An `interval-exception` of the rule set: INTERVAL_PLT_PLT_HLA where a special match is needed.</param>
/// <param name="On">The one day on which the shorter interval is enough.</param>
public sealed record ApproveIntervalRequest([property: StringLength(40, MinimumLength = 1)] string Rule, DateOnly On, [property: StringLength(80, MinimumLength = 1)] string Reason);

/// <summary>An approval with its reason: for stations, nobody else.</summary>
/// <param name="Status">`active`, `over` (its day is) or `withdrawn`.</param>
public sealed record IntervalApprovalView(
    Guid Id, Guid DonorId, string Rule, DateOnly On, string Clause, string Message, DateTimeOffset ApprovedAt, string Status, string Reason, DateTimeOffset? WithdrawnAt, string? WithdrawReason, string[] AllowedActions)
{
    /// <param name="rules">Of its day; they have the words.</param>
    internal static IntervalApprovalView Of(IntervalApprovalRow row, SubjectKey key, RuleSet rules, DateOnly today)
    {
        var rule = rules.Find(row.Rule);
        var status = row.WithdrawnAt is not null ? "withdrawn" : row.ApprovedFor < today ? "over" : "active";
        return new(row.Id, row.DonorId, row.Rule, row.ApprovedFor, rule?.Clause ?? "", rule?.Text ?? row.Rule, row.RecordedAt, status, key.Open("approval_reason", row.Reason), row.WithdrawnAt,
            row.WithdrawReason is null ? null : key.Open("withdraw_reason", row.WithdrawReason), status == "active" ? ["withdraw"] : []);
    }
}

internal sealed record IntervalApprovalRow(Guid Id, Guid DonorId, string Rule, DateOnly ApprovedFor, byte[] Reason, DateTimeOffset RecordedAt, DateTimeOffset? WithdrawnAt, byte[]? WithdrawReason, byte[] WrappedKey)
{
    public const string Select = """
        select a.id, a.donor_id, a.rule, a.approved_for, a.reason, a.recorded_at, a.withdrawn_at, a.withdraw_reason, k.wrapped_key from donor.interval_approval a join donor.subject_key k on k.subject_id = a.donor_id
        """;

    public long Version => WithdrawnAt is null ? 1 : 2;
}

/// <summary>POST /v1/donors/{id}/interval-approvals: a physician answers for a shorter interval on one day (GB 18467-2011 chapter 9).</summary>
public static class ApproveInterval
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors/{id:guid}/interval-approvals", Handle)
        .Allow("donors", Roles.Station).ByStaff("physician").Creates().WithSummary("Approves a shorter interval for one day");

    private static async Task<Results<Made<IntervalApprovalView>, ProblemHttpResult>> Handle(Guid id, ApproveIntervalRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<IntervalApprovalView>, ProblemHttpResult>>(async tx =>
        {
            if (await DonorFile.Lock(tx, vault, books, id) is not { } donor) return CommonProblems.Unknown(id);
            var rules = donor.Book.Near(request.On);
            if (rules.Find(request.Rule) is not { Kind: "interval-exception" } rule) return Problems.IntervalExceptionUnknown.With(null, new FieldError("/rule", "interval_exception_unknown", $"No exception of {rules.Code} {rules.Version}"));
            if (Shanghai.DateOf(tx.Now) is var today && (request.On < today || request.On > today.AddYears(1))) return CommonProblems.Invalid.With(null, new FieldError("/on", "invalid", "From today to a year ahead"));
            var approvalId = tx.NewId();
            tx.Write("insert into donor.interval_approval (id, donor_id, rule, approved_for, approved_by, reason, recorded_at) values (@approvalId, @id, @Rule, @On, @by, @reason, @now)",
                new { approvalId, id, request.Rule, request.On, by = caller.Staff!.Id, reason = donor.Key.Seal("approval_reason", request.Reason), now = tx.Now });
            donor.Facts = donor.Facts with { Approvals = [.. donor.Facts.Approvals ?? [], new Approval(request.Rule, request.On)] };
            donor.AnnounceWindows(tx);
            donor.Save(tx);
            tx.Audit("interval.approve", $"donors/{id}", new { request.Rule, request.On });
            return Answers.Created($"/v1/donors/{id}/interval-approvals/{approvalId}", 1, new IntervalApprovalView(approvalId, id, request.Rule, request.On, rule.Clause, rule.Text, tx.Now, "active", request.Reason, null, null, ["withdraw"]));
        }, ct);
}
