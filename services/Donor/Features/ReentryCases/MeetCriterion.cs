using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.ReentryCases;

/// <param name="On">The day of what shows it: the sample, the report.</param>
/// <param name="Finding">What was found, or where it is written; one of those the criterion accepts where it lists them. Kept sealed.</param>
public sealed record MeetCriterionRequest([property: StringLength(40, MinimumLength = 1)] string Code, DateOnly On, [property: StringLength(80, MinimumLength = 1)] string? Finding = null);

/// <summary>POST /v1/reentry-cases/{id}/criteria: a person answers for one criterion being met.</summary>
public static class MeetCriterion
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/reentry-cases/{id:guid}/criteria", Handle)
        .Allow("donors", Roles.Station).ByStaff("physician", "laboratory", "quality").WithSummary("Records that a criterion of re-entry is met");

    private static async Task<Results<Made<ReentryCaseView>, ProblemHttpResult>> Handle(Guid id, MeetCriterionRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ReentryCaseView>, ProblemHttpResult>>(async tx =>
        {
            if (await ReentryFile.Lock(tx, vault, books, id) is not { } file) return CommonProblems.Unknown(id);
            if (file.Row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            if (file.Row.Status != "open") return Problems.CaseClosed.With($"The case is {file.Row.Status}");
            if (Reentry.Meet(file.Criteria, file.MetCriteria, file.Row.StartsOn, request.Code, request.On, request.Finding, Shanghai.DateOf(tx.Now)) is { } no) return no.ToProblem();

            var met = new CriterionRow(request.Code, request.On, request.Finding is null ? null : file.Donor.Key.Seal("reentry_finding", request.Finding), caller.Staff!.Id);
            tx.Write("insert into donor.reentry_criterion (case_id, code, met_on, finding, recorded_at, recorded_by) values (@id, @Code, @MetOn, @Finding, @now, @RecordedBy)", new { id, met.Code, met.MetOn, met.Finding, now = tx.Now, met.RecordedBy });
            tx.Write("update donor.reentry_case set version = version + 1 where id = @id", new { id });
            tx.Audit("reentry.criterion", $"reentry-cases/{id}", new { request.Code });
            file.Met.Add(met);
            return Answers.Ok(file.Row.Version + 1, file.View());
        }, ct);
}
