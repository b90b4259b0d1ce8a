using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Donors;

/// <summary>Exactly one of the three; exact values only, and in the body, so that no number stands in a log of addresses.</summary>
/// <param name="Card">The twelve digits of a donor card, or its code as scanned.</param>
public sealed record SearchDonorsRequest(
    DocumentRequest? Document = null,
    [property: StringLength(24, MinimumLength = 5), RegularExpression(Plain.Phone)] string? Phone = null,
    [property: StringLength(28, MinimumLength = 12), RegularExpression(CardNumber.Pattern)] string? Card = null);

/// <summary>POST /v1/donors/search</summary>
public static class SearchDonors
{
    private const int Most = 20; // a family shares a telephone; more is no exact search

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors/search", Handle)
        .Allow("donors", Roles.Station).IgnoresIdempotencyKey().WithSummary("Finds donors by exact document, telephone or donor card");

    private static async Task<Results<Ok<Page<DonorView>>, ProblemHttpResult>> Handle(SearchDonorsRequest request, Caller caller, Database db, Vault vault, TimeProvider clock, CancellationToken ct)
    {
        var by = (request.Document is null ? 0 : 1) + (request.Phone is null ? 0 : 1) + (request.Card is null ? 0 : 1) == 1 ? request.Document is not null ? "document" : request.Phone is not null ? "phone" : "card" : null;
        if (by is null) return CommonProblems.Invalid.With("Send document, phone or card, one of them", new FieldError("", "invalid", "document, phone or card"));
        byte[]? documentIndex = null;
        if (request.Document is { } given)
        {
            var (document, bad) = IdentityDocument.Read(given.Kind, given.Number, Shanghai.DateOf(clock.GetUtcNow()));
            if (bad is not null) return bad.ToProblem();
            documentIndex = DonorIndexes.Document(vault, document!);
        }
        var phoneIndex = request.Phone is { } phone ? vault.BlindIndex("phone", Phone.Normalise(phone)) : null;
        var cardIndex = request.Card is { } code && CardNumber.IsCode(code) ? DonorIndexes.Card(vault, code) : null;
        var from = by switch
        {
            "document" => "select donor_id as id from donor.document where identity_index = @documentIndex and renews is null",
            "phone" => "select id from donor.donor where phone_index = @phoneIndex",
            _ => cardIndex is null ? "select donor_id as id from donor.card where number = @Card" : "select donor_id as id from donor.card where code_index = @cardIndex",
        };
        // Whoever was merged is found as the person he is. Of him only what the answer shows: nothing medical is read, and nothing waits for it.
        var persons = $"""
            select distinct coalesce(q.person_id, f.id) as id
            from ({from}) f
            left join donor.donor_person q on q.donor_id = f.id order by 1 limit {Most}
            """;
        var found = await db.Search("donor.search", "donors", $"jsonb_build_object('by', @by, 'found', array({persons}))", DonorProfile.Of(persons), new { by, documentIndex, phoneIndex, request.Card, cardIndex }, grid => DonorProfile.Read(grid, vault), ct);
        return TypedResults.Ok(new Page<DonorView>(found.ConvertAll(f => DonorView.Of(f, caller)), null));
    }
}
