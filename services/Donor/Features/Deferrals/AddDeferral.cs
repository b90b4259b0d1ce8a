using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Deferrals;

/// <param name="Code">A deferral of the rule set, which knows how long it lasts.</param>
/// <param name="From">The day its cause ended.</param>
public sealed record AddDeferralRequest([property: StringLength(40, MinimumLength = 1)] string Code, DateOnly From, [property: StringLength(80, MinimumLength = 1)] string? Note = null);

/// <summary>POST /v1/donors/{id}/deferrals</summary>
public static class AddDeferral
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors/{id:guid}/deferrals", Handle)
        .Allow("donors", Roles.Station).Creates().WithSummary("Defers a donor under a rule of the rule set");

    private static async Task<Results<Made<DeferralView>, ProblemHttpResult>> Handle(Guid id, AddDeferralRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DeferralView>, ProblemHttpResult>>(async tx =>
        {
            if (request.From > Shanghai.DateOf(tx.Now) || request.From.Year < 1900) return CommonProblems.Invalid.With(null, new FieldError("/from", "invalid", "A day in the past, or today"));
            if (await DonorFile.Lock(tx, vault, books, id) is not { } donor) return CommonProblems.Unknown(id);
            var today = Shanghai.DateOf(tx.Now);
            var rules = donor.Book.Near(today);
            if (rules.Find(request.Code) is not { Kind: "deferral" } rule) return Problems.DeferralCodeUnknown.With(null, new FieldError("/code", "deferral_code_unknown", $"No deferral of {rules.Code} {rules.Version}"));

            var deferral = Checks.Defer(donor.Book, rules, request.Code, request.From, donor.Facts, today);
            if (rule.UntilInterval && deferral.Until <= today) return CommonProblems.Invalid.With(null, new FieldError("/code", "over", "No interval stands"));
            var deferralId = donor.Defer(tx, deferral, "final", "station", rules, caller.Staff?.Id, request.Note);
            donor.AnnounceWindows(tx);
            donor.Save(tx);
            tx.Audit("deferral.add", $"deferrals/{deferralId}", new { donorId = id });
            return Answers.Created($"/v1/deferrals/{deferralId}", 1, new DeferralView(
                deferralId, id, request.Code, rule.Text, rule.Clause, deferral.From, deferral.Until, "final", "station", "active", request.Note, null, null, tx.Now, null, rule is { Permanent: true } or { TestDerived: true } ? [] : ["lift"]));
        }, ct);
}
