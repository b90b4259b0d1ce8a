using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <param name="At">When, for what is recorded afterwards.</param>
public sealed record ConsentRequest(bool Accepted, DateTimeOffset? At = null);

/// <summary>POST /v1/visits/{id}/consent: to this donation, beside the consent to be registered.</summary>
public static class GiveConsent
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/consent", Handle)
        .Allow("visits", Roles.Station).ByStaff("registrar", "physician", "quality").WithSummary("Step 1: informed consent");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, ConsentRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Enter("consent", caller, request.At, tx.Now, "registrar", "physician") is { } no) return no;
            return request.Accepted ? visit.Pass(tx, caller, request) : visit.Defer(tx, caller, request, visit.Judge(tx, new(visit.Day, Failed: "CONSENT")));
        }, ct);
}
