using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.DonorMerges;

public sealed record PreviewMergeRequest(Guid Survivor, Guid Absorbed);

/// <summary>What a merge would do.</summary>
/// <param name="Possible">Whether POST /v1/donor-merges would do it now; else <paramref name="Obstacle"/> is the code it would answer with.</param>
/// <param name="Contradictions">`birthDate`, `sex`, `bloodGroup`: recorded differently.</param>
/// <param name="Brings">What counts for the survivor by it.</param>
/// <param name="EligibleFrom">Per procedure the first date on which each may give, and the one person that they become.</param>
public sealed record MergePreview(bool Possible, string? Obstacle, string[] Contradictions, DonorView Survivor, DonorView Absorbed, MergeBrings Brings, IReadOnlyList<MergeEligibility> EligibleFrom);

public sealed record MergeBrings(string[] Dins, long Deferrals, long Visits, long Reactions, long Documents, int Memberships, int Consents, int Apps);

public sealed record MergeEligibility(string Procedure, DateOnly? Survivor, DateOnly? Absorbed, DateOnly? Together);

/// <summary>POST /v1/donor-merges/preview: looks at both, changes nothing.</summary>
public static class PreviewMerge
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donor-merges/preview", Handle)
        .Allow("donors", Roles.Station).ByStaff("registrar", "physician").IgnoresIdempotencyKey().WithSummary("What merging two donors would do");

    private static async Task<Results<Ok<MergePreview>, ProblemHttpResult>> Handle(PreviewMergeRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct)
    {
        if (request.Survivor == request.Absorbed) return CommonProblems.Invalid.With(null, new FieldError("/absorbed", "invalid", "Another donor than the survivor"));
        return await db.InTransaction<Results<Ok<MergePreview>, ProblemHttpResult>>(async tx =>
        {
            var file = await MergeFile.Read(tx, vault, books, request.Survivor, request.Absorbed, @lock: false);
            if (file.Survivor is not { } survivor) return CommonProblems.Unknown(request.Survivor);
            if (file.Absorbed is not { } absorbed) return CommonProblems.Unknown(request.Absorbed);
            tx.Audit("donor.merge-preview", $"donors/{survivor.Id}", new { absorbed = absorbed.Id });

            var (today, book, obstacle) = (Shanghai.DateOf(tx.Now), survivor.Book, file.Forbids());
            var together = Merging.Together([survivor.Facts, absorbed.Facts]);
            DateOnly? From(DonorFacts facts, string procedure) => Eligibility.Obstacles(facts, procedure, book).FirstOpen(today);
            return TypedResults.Ok(new MergePreview(obstacle is null, obstacle?.Problem.Code, [.. Merging.Contradictions(MergeFile.Side(survivor, false), MergeFile.Side(absorbed, false))],
                DonorView.Of(survivor, caller), DonorView.Of(absorbed, caller),
                new(file.Dins, file.Brings.Deferrals, file.Brings.Visits, file.Brings.Reactions, file.Brings.Documents, absorbed.Memberships.Count, absorbed.Consents.Count, absorbed.Apps.Length),
                [.. Procedures.All.Select(p => new MergeEligibility(p, From(survivor.Facts, p), From(absorbed.Facts, p), From(together, p)))]));
        }, ct);
    }
}
