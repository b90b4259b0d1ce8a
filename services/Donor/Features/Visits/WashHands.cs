using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

public sealed record HygieneRequest(bool HandsWashed, DateTimeOffset? At = null);

/// <summary>POST /v1/visits/{id}/hygiene</summary>
public static class WashHands
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/hygiene", Handle)
        .Allow("visits", Roles.Station).ByStaff("registrar", "physician", "quality").WithSummary("Step 2: hand hygiene");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, HygieneRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Enter("hygiene", caller, request.At, tx.Now, "registrar", "physician") is { } no) return no;
            return request.HandsWashed ? visit.Pass(tx, caller, request) : visit.Defer(tx, caller, request, visit.Judge(tx, new(visit.Day, Failed: "HAND_HYGIENE")));
        }, ct);
}
