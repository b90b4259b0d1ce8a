using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Donors;

/// <summary>Exactly one of the two; exact values only, and in the body, so that no number stands in a log of addresses.</summary>
public sealed record SearchDonorsRequest(
    DocumentRequest? Document = null,
    [property: StringLength(24, MinimumLength = 5), RegularExpression(Plain.Phone)] string? Phone = null);

/// <summary>POST /v1/donors/search</summary>
public static class SearchDonors
{
    private const int Most = 20; // a family shares a telephone; more is no exact search

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors/search", Handle)
        .Allow("donors", Roles.Station).IgnoresIdempotencyKey().WithSummary("Finds donors by exact document or telephone");

    private static async Task<Results<Ok<Page<DonorView>>, ProblemHttpResult>> Handle(SearchDonorsRequest request, Caller caller, Database db, Vault vault, TimeProvider clock, CancellationToken ct)
    {
        if (request.Document is null == request.Phone is null) return CommonProblems.Invalid.With("Send document or phone, one of them", new FieldError("", "invalid", "document or phone"));
        byte[]? documentIndex = null;
        if (request.Document is { } given)
        {
            var (document, bad) = IdentityDocument.Read(given.Kind, given.Number, Shanghai.DateOf(clock.GetUtcNow()));
            if (bad is not null) return bad.ToProblem();
            documentIndex = DonorIndexes.Document(vault, document!);
        }
        var phoneIndex = request.Phone is { } phone ? vault.BlindIndex("phone", Phone.Normalise(phone)) : null;
        return await db.InTransaction<Results<Ok<Page<DonorView>>, ProblemHttpResult>>(async tx =>
        {
            // Whoever was merged is found as the person he is. Of him only what the answer shows: nothing medical is read, and nothing waits for it.
            var persons = $"""
                select distinct coalesce(q.person_id, f.id) as id
                from ({(documentIndex is null ? "select id from donor.donor where phone_index = @phoneIndex" : "select donor_id as id from donor.document where identity_index = @documentIndex and renews is null")}) f
                left join donor.donor_person q on q.donor_id = f.id order by 1 limit {Most}
                """;
            var found = await tx.Read($"""
                {Transaction.KeepPlans}
                {DonorProfile.Of(persons)}
                """, new { documentIndex, phoneIndex }, grid => DonorProfile.Read(grid, vault));
            tx.Audit("donor.search", "donors", new { by = request.Phone is null ? "document" : "phone", found = found.ConvertAll(f => f.Row.Id) });
            return TypedResults.Ok(new Page<DonorView>(found.ConvertAll(f => DonorView.Of(f, caller)), null));
        }, ct);
    }
}
