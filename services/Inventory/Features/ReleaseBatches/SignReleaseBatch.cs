using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.TestRuns;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.ReleaseBatches;

public sealed record SignReleaseBatchRequest([property: MinLength(1), MaxLength(200)] string[] Dins);

/// <summary>Row by row: `signed` (the first signature), `released` (the second), or `rejected` and why.</summary>
public sealed record ReleaseBatchView(int Accepted, int Rejected, BulkItem[] Items);

/// <summary>POST /v1/release-batches: one person's signature under many donations, each judged for itself.</summary>
public static class SignReleaseBatch
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/release-batches", Handle)
        .Allow("inventory", Roles.Station).ByStaff("release").NeedsIdempotencyKey()
        .WithSummary("Signs the release of many donations");

    private static async Task<Results<Ok<ReleaseBatchView>, ProblemHttpResult>> Handle(SignReleaseBatchRequest request, Caller caller, Database db, CancellationToken ct)
    {
        FieldError[] missing = [.. request.Dins.Select((din, i) => (string?)din is null ? new FieldError($"/dins/{i}", "required", "A number in every row") : null).OfType<FieldError>()];
        if (missing.Length > 0) return CommonProblems.Invalid.With(null, missing);
        return await db.InTransaction<Results<Ok<ReleaseBatchView>, ProblemHttpResult>>(async tx =>
        {
            var dins = request.Dins.Select(Din.Parse).ToArray();
            var files = await DonationFile.Load(tx, [.. dins.OfType<Din>().Select(d => d.Text).Distinct()], caller.Tenant, forUpdate: true);
            var seen = new HashSet<string>();
            var items = dins.Select((din, i) =>
            {
                if (din is not { } number) return Rejected(i, request.Dins[i], Problems.DinInvalid.Because());
                if (files.ByDin.GetValueOrDefault(number.Text) is not { Arrived: true } file) return Rejected(i, number.Text, CommonProblems.NotFound.Because());
                if (!seen.Add(number.Text)) return Rejected(i, number.Text, Problems.SameSigner.Because());
                var (signatures, no) = SignRelease.Sign(tx, file, files, caller);
                return no is not null ? Rejected(i, number.Text, no) : new BulkItem(i, number.Text, signatures == 2 ? "released" : "signed");
            }).ToArray();
            var rejected = items.Count(i => i.Status == "rejected");
            return TypedResults.Ok(new ReleaseBatchView(items.Length - rejected, rejected, items));
        }, ct);
    }

    private static BulkItem Rejected(int index, string? reference, Rejection no) => new(index, reference, "rejected", no.Problem.Code, null, no.Errors.Length == 0 ? null : no.Errors);
}
