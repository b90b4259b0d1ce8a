using BloodPlatform.Chassis;
using BloodPlatform.Donors.Features.Donors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Decisions;

/// <summary>That something was judged, when and by which rules; not what came of it.</summary>
public sealed record DecisionItem(Guid Id, Guid VisitId, string Step, DateOnly JudgedOn, RuleSetView RuleSet, DateTimeOffset RecordedAt);

/// <summary>GET /v1/visits/{id}/decisions</summary>
public static class ListDecisions
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/visits/{id:guid}/decisions", Handle)
        .Allow("visits", Roles.Station).WithSummary("What was judged during a visit, oldest first");

    private static async Task<Results<Ok<List<DecisionItem>>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct)
    {
        if (await db.QuerySingle<Guid?>("select station_id from donor.visit where id = @id", new { id }, ct) is not { } station) return CommonProblems.Unknown(id);
        if (station != caller.Tenant) return CommonProblems.NotFound.With();
        var rows = await db.Query<Row>("select id, visit_id, step, judged_on, rule_set, rule_set_version, recorded_at from donor.decision where visit_id = @id order by id", new { id }, ct);
        return TypedResults.Ok(rows.ConvertAll(r => new DecisionItem(r.Id, r.VisitId, r.Step, r.JudgedOn, new(r.RuleSet, r.RuleSetVersion), r.RecordedAt)));
    }

    private sealed record Row(Guid Id, Guid VisitId, string Step, DateOnly JudgedOn, string RuleSet, string RuleSetVersion, DateTimeOffset RecordedAt);
}
