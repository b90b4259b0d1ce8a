using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Donors;

/// <param name="Phone">The number that was reached: it must be the one on record.</param>
public sealed record VerifyPhoneRequest([property: StringLength(24, MinimumLength = 5), RegularExpression(Plain.Phone)] string Phone);

/// <summary>
/// POST /v1/donors/{id}/phone-verified: whoever reached the donor under his number says so, a station that called him or the app
/// that registered him and sent him a code. Raises `declared` to `phone`; never lowers what is surer.
/// </summary>
public static class VerifyPhone
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors/{id:guid}/phone-verified", Handle)
        .Allow("donors", Roles.Station, Roles.App).WithSummary("Says that the donor was reached under his telephone number");

    private static async Task<Results<Made<DonorView>, ProblemHttpResult>> Handle(Guid id, VerifyPhoneRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DonorView>, ProblemHttpResult>>(async tx =>
        {
            if (await DonorFile.Lock(tx, vault, books, id) is not { } donor) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            if (donor.Restricted) return Problems.Restricted();
            if (donor.Merged) return Problems.Survivor(donor.PersonId);
            if (donor.Key.Open("phone", donor.Row.Phone) != Phone.Normalise(request.Phone)) return Problems.PhoneMismatch.With(null, new FieldError("/phone", "phone_mismatch", "Change the number first"));
            var reached = IdentityAssurance.Surest([donor.Assurance, IdentityAssurance.Phone]);
            if (donor.Row.IdentityAssurance == IdentityAssurance.Declared)
            {
                tx.Write("update donor.donor set identity_assurance = 'phone' where id = @id", new { id });
                donor.ProfileChanged(tx);
            }
            tx.Audit("donor.phone-verified", $"donors/{id}");
            return Answers.Ok(donor.ProfileVersion, DonorView.Of(donor, caller) with { IdentityAssurance = reached });
        }, ct);
}
