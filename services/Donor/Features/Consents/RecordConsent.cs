using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Features.Exports;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Consents;

/// <param name="Version">Of the text he was shown: that of the day.</param>
public sealed record RecordConsentRequest([property: RegularExpression("[a-z][a-z0-9-]{0,39}")] string Code, [property: Range(1, 10_000)] int Version);

/// <summary>
/// POST /v1/donors/{id}/consents: he agrees to a text, by its version (PIPL Art. 14: consent again where it changes). A newer text takes the place of the one before without a
/// withdrawal between; both stay on record. PATCH with a list of codes agrees to nothing new: who sends it has not shown a text.
/// </summary>
public static class RecordConsent
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/donors/{id:guid}/consents", Handle).Allow("donors", Roles.Station, Roles.App).WithSummary("A donor agrees to a consent's text of the day");
        app.MapGet("/v1/donors/{id:guid}/consents", List).Allow("donors", Roles.Station, Roles.App).WithSummary("What a donor agreed to and withdrew, in order");
    }

    private static async Task<Results<Made<DonorView>, ProblemHttpResult>> Handle(Guid id, RecordConsentRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DonorView>, ProblemHttpResult>>(async tx =>
        {
            if (await DonorFile.Lock(tx, vault, books, id) is not { } donor) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            if (donor.Restricted) return Problems.Restricted();
            if (donor.Merged) return Problems.Survivor(donor.PersonId);
            if (ConsentTexts.On(request.Code, Shanghai.DateOf(tx.Now)) is not { } text) return Problems.ConsentUnknown.With(null, new FieldError("/code", "consent_unknown", "GET /v1/consents lists the texts"));
            if (text.Version != request.Version) return Problems.ConsentUnknown.With(null, new FieldError("/version", "consent_unknown", $"The text of today is version {text.Version}"));
            var standing = donor.Consents.Find(c => c.Code == request.Code);
            if (standing is { Withdrawn: null } && standing.Version == request.Version) return Answers.Ok(donor.ProfileVersion, DonorView.Of(donor, caller)); // he agreed already

            var given = new DonorConsent(request.Code, request.Version, tx.Now, null);
            List<DonorConsent> consents = [.. donor.Consents.Where(c => c.Code != request.Code), given];
            List<DonorConsent> own = [.. donor.OwnConsents.Where(c => c.Code != request.Code), given];
            tx.Write("update donor.donor set consents = @consents::jsonb where id = @id", new { id, consents = JsonSerializer.Serialize(own, Json.Options) });
            ConsentRecord.Keep(tx, caller, id, [given], []);
            donor.AnnounceChange(tx, consents: consents);
            donor.Save(tx);
            tx.Audit("donor.consent", $"donors/{id}", new { request.Code, request.Version });
            return Answers.Ok(donor.ProfileVersion, DonorView.Of(donor, caller) with { Consents = consents });
        }, ct);

    private static async Task<Results<Ok<List<ConsentFactView>>, ProblemHttpResult>> List(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<List<ConsentFactView>>, ProblemHttpResult>>(async tx =>
        {
            var (donor, facts) = await tx.Read(DonorFile.Unlocked + $"select code, version, given, at from donor.consent_fact where donor_id = any({DonorFile.IdsOf}) order by at, code", new { donorId = id },
                async grid => (await DonorFile.Read(grid, vault, books), (await grid.ReadAsync<ConsentFactView>()).ToList()));
            if (donor is null) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            tx.Audit("donor.read", $"donors/{id}");
            return TypedResults.Ok(facts);
        }, ct);
}
