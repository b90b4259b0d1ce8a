using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Deferrals;

/// <param name="Rule">An `interval-exception` of the rule set: INTERVAL_PLT_PLT_HLA where a special match is needed.</param>
/// <param name="On">The one day on which the shorter interval is enough.</param>
public sealed record ApproveIntervalRequest([property: StringLength(40, MinimumLength = 1)] string Rule, DateOnly On, [property: StringLength(80, MinimumLength = 1)] string Reason);

public sealed record IntervalApprovalView(Guid Id, Guid DonorId, string Rule, DateOnly On, string Clause, string Message, DateTimeOffset ApprovedAt);

/// <summary>POST /v1/donors/{id}/interval-approvals: a physician answers for a shorter interval on one day (GB 18467-2011 chapter 9).</summary>
public static class ApproveInterval
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors/{id:guid}/interval-approvals", Handle)
        .Allow("donors", Roles.Station).ByStaff("physician").WithSummary("Approves a shorter interval for one day");

    private static async Task<Results<Ok<IntervalApprovalView>, ProblemHttpResult>> Handle(Guid id, ApproveIntervalRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<IntervalApprovalView>, ProblemHttpResult>>(async tx =>
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
            return TypedResults.Ok(new IntervalApprovalView(approvalId, id, request.Rule, request.On, rule.Clause, rule.Text, tx.Now));
        }, ct);
}
