using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <param name="Code">A deferral of the rule set, which knows how long it lasts.</param>
/// <param name="From">The day its cause ended; the visit's where it is not said.</param>
public sealed record DeferVisitRequest([property: StringLength(40, MinimumLength = 1)] string Code, DateOnly? From = null, [property: StringLength(80, MinimumLength = 1)] string? Note = null, DateTimeOffset? At = null);

/// <summary>POST /v1/visits/{id}/defer: at any time before the needle a physician may find why this donor does not give today.</summary>
public static class DeferVisit
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/defer", Handle)
        .Allow("visits", Roles.Station).ByStaff("physician", "quality").WithSummary("A physician defers the donor, up to the needle");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, DeferVisitRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Enter("defer", caller, request.At, tx.Now, "physician") is { } no) return no;
            var rules = visit.Rules;
            if (rules.Find(request.Code) is not { Kind: "deferral" }) return Problems.DeferralCodeUnknown.With(null, new FieldError("/code", "deferral_code_unknown", $"No deferral of {rules.Code} {rules.Version}"));
            var from = request.From ?? visit.Day;
            if (from > visit.Day || from.Year < 1900) return CommonProblems.Invalid.With(null, new FieldError("/from", "invalid", "The day of the visit, or before it"));
            var deferral = Checks.Defer(visit.Donor.Book, rules, request.Code, from, visit.Donor.Facts, visit.Day);
            if (deferral.Until <= visit.Day) return CommonProblems.Invalid.With(null, new FieldError("/from", "over", $"It was over on {deferral.Until:yyyy-MM-dd}"));
            return visit.Defer(tx, caller, request, new([new Reason(rules[request.Code].UntilInterval ? "interval" : "deferral", request.Code, deferral.Until)], [deferral]));
        }, ct);
}
