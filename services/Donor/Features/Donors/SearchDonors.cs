using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Donors;

/// <summary>Exactly one of the two; exact values only, and in the body, so that no number stands in a log of addresses.</summary>
public sealed record SearchDonorsRequest(
    DocumentRequest? Document = null,
    [property: StringLength(24, MinimumLength = 5), RegularExpression(@"\+?[0-9][0-9 \-]*")] string? Phone = null);

/// <summary>POST /v1/donors/search</summary>
public static class SearchDonors
{
    private const int Most = 20; // a family shares a telephone; more is no exact search

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors/search", Handle)
        .Allow("donors", Roles.Station).IgnoresIdempotencyKey().WithSummary("Finds donors by exact document or telephone");

    private static async Task<Results<Ok<Page<DonorView>>, ProblemHttpResult>> Handle(SearchDonorsRequest request, Caller caller, Database db, Vault vault, RuleBooks books, TimeProvider clock, CancellationToken ct)
    {
        if (request.Document is null == request.Phone is null) return CommonProblems.Invalid.With("Send document or phone, one of them", new FieldError("", "invalid", "document or phone"));
        byte[]? documentIndex = null;
        if (request.Document is { } given)
        {
            var (document, bad) = IdentityDocument.Read(given.Kind, given.Number, Shanghai.DateOf(clock.GetUtcNow()));
            if (bad is not null) return bad.ToProblem();
            documentIndex = vault.BlindIndex("document/" + document!.Kind, document.Identity);
        }
        var phoneIndex = request.Phone is { } phone ? vault.BlindIndex("phone", Phone.Normalise(phone)) : null;
        return await db.InTransaction<Results<Ok<Page<DonorView>>, ProblemHttpResult>>(async tx =>
        {
            var ids = await tx.Query<Guid>($"select id from donor.donor where document_index = @documentIndex or phone_index = @phoneIndex order by id limit {Most}", new { documentIndex, phoneIndex });
            var found = new List<DonorView>();
            foreach (var id in ids)
                if (await tx.Read(DonorFile.Unlocked, new { donorId = id }, grid => DonorFile.Read(grid, vault, books)) is { } donor) found.Add(DonorView.Of(donor, caller));
            tx.Audit("donor.search", "donors", new { by = request.Phone is null ? "document" : "phone", found = ids });
            return TypedResults.Ok(new Page<DonorView>(found, null));
        }, ct);
    }
}
