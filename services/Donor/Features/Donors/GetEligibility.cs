using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Donors;

/// <summary>What a station is told: every reason with its rule, and the first date on which the answer turns true.</summary>
public sealed record EligibilityView(bool Eligible, string Procedure, DateOnly AsOf, DateOnly? EligibleFrom, RuleSetView RuleSet, IReadOnlyList<ReasonView> Reasons);

public sealed record RuleSetView(string Code, string Version);

/// <summary>GET /v1/donors/{id}/eligibility</summary>
public static class GetEligibility
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/donors/{id:guid}/eligibility", Handle)
        .Allow("donors", Roles.Station, Roles.App).WithSummary("Whether a donor may give on a day");

    private static async Task<Results<Ok<EligibilityView>, Ok<CoarseEligibilityView>, ProblemHttpResult>> Handle(
        Guid id, Caller caller, Database db, Vault vault, RuleBooks books, TimeProvider clock, CancellationToken ct, string procedure = Procedures.WholeBlood, int? volumeMl = null, DateOnly? asOf = null)
    {
        var today = Shanghai.DateOf(clock.GetUtcNow());
        var on = asOf ?? today;
        if (!Procedures.All.Contains(procedure)) return CommonProblems.Invalid.With(null, new FieldError("procedure", "invalid", string.Join(" or ", Procedures.All)));
        // An app that could ask for any day would find the date that ask-station does not bear.
        if (on > (caller.Is(Roles.App) ? today.AddYears(1) : today.AddYears(100)) || (caller.Is(Roles.App) && on < today))
            return CommonProblems.Invalid.With(null, new FieldError("asOf", "invalid", caller.Is(Roles.App) ? "From today to a year ahead" : "At most a hundred years ahead"));
        return await db.InTransaction<Results<Ok<EligibilityView>, Ok<CoarseEligibilityView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.Read(DonorFile.Unlocked, new { donorId = id }, grid => DonorFile.Read(grid, vault, books)) is not { } donor) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            if (donor.Restricted) return Problems.Restricted();
            var rules = donor.Book.Near(on);
            if (volumeMl is { } ml && Collection.Volume(rules, procedure, ml, null) is { } volume) return volume.ToProblem();
            var obstacles = donor.Obstacles(procedure);
            if (caller.Is(Roles.App)) return TypedResults.Ok(obstacles.Coarse(on, today));

            tx.Audit("donor.eligibility", $"donors/{id}");
            var standing = obstacles.On(on);
            return TypedResults.Ok(new EligibilityView(standing.Length == 0, procedure, on, obstacles.FirstOpen(on), new(rules.Code, rules.Version),
                [.. standing.Select(o => ReasonView.Of(rules, o.Category, o.Rule, o.Until))]));
        }, ct);
    }
}
