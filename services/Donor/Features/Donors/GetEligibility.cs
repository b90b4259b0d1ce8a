using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Donors;

/// <summary>What a station is told: every reason with its rule, and the first date on which the answer turns true.</summary>
public sealed record EligibilityView(bool Eligible, string Procedure, DateOnly AsOf, DateOnly? EligibleFrom, RuleSetView RuleSet, IReadOnlyList<ReasonView> Reasons);

/// <summary>What an app is told. `ask-station` covers every medical reason alike and bears no date.</summary>
public sealed record CoarseEligibilityView(bool Eligible, string? Category, DateOnly? EligibleFrom);

public sealed record RuleSetView(string Code, string Version);

/// <param name="Code">What it is about: `age`, `interval`, `deferral`, `vitals`, …</param>
/// <param name="Rule">The rule's code in the rule set.</param>
/// <param name="Until">The first date on which this reason is gone; null where none is known.</param>
public sealed record ReasonView(string Code, string Rule, string Clause, string Message, DateOnly? Until)
{
    /// <summary>A deferral code that only its sender knows is told as a laboratory's result, which is what others send; a value that no rule judges as no finding of fitness.</summary>
    public static ReasonView Of(RuleSet rules, string code, string rule, DateOnly? until)
    {
        var text = rules.Find(rule) ?? rules[code == Checks.NotJudged ? "FIT_TO_DONATE" : "TEST_REACTIVE"];
        return new(code, rule, text.Clause, text.Text, until);
    }
}

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
            if (caller.Is(Roles.App)) return TypedResults.Ok(Coarse(obstacles, on, today));

            tx.Audit("donor.eligibility", $"donors/{id}");
            var standing = obstacles.On(on);
            return TypedResults.Ok(new EligibilityView(standing.Length == 0, procedure, on, obstacles.FirstOpen(on), new(rules.Code, rules.Version),
                [.. standing.Select(o => ReasonView.Of(rules, o.Category, o.Rule, o.Until))]));
        }, ct);
    }

    /// <summary>
    /// Whoever is deferred today is `ask-station` for every later day too: else asking day after day would tell how long it lasts,
    /// and that tells a cold from a reactive test.
    /// </summary>
    internal static CoarseEligibilityView Coarse(List<Obstacle> obstacles, DateOnly on, DateOnly today)
    {
        if (obstacles.Any(o => o.Medical && (o.On(on) || o.On(today)))) return new(false, "ask-station", null);
        var standing = obstacles.On(on);
        return standing.Length == 0 ? new(true, null, null) : new(false, standing.Any(o => o.Category == "age") ? "age" : "interval", obstacles.FirstOpen(on));
    }
}
