using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Donors;

/// <summary>What is left out stays. <paramref name="Consents"/> is the whole list as it shall stand: what is missing is withdrawn.</summary>
public sealed record ChangeDonorRequest(
    [property: StringLength(24, MinimumLength = 5), RegularExpression(Plain.Phone)] string? Phone = null,
    [property: AllowedValues("O+", "O-", "A+", "A-", "B+", "B-", "AB+", "AB-", null)] string? BloodGroup = null,
    [property: StringLength(6, MinimumLength = 6), RegularExpression(Plain.District)] string? District = null,
    [property: MaxLength(20)] string[]? Consents = null);

/// <summary>PATCH /v1/donors/{id}</summary>
public static class ChangeDonor
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPatch("/v1/donors/{id:guid}", Handle)
        .Allow("donors", Roles.Station, Roles.App).WithSummary("Changes telephone, blood group, district or consents");

    private static async Task<Results<Made<DonorView>, ProblemHttpResult>> Handle(Guid id, ChangeDonorRequest request, HttpRequest http, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DonorView>, ProblemHttpResult>>(async tx =>
        {
            if (await DonorFile.Lock(tx, vault, books, id) is not { } donor) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            if (donor.Restricted) return Problems.Restricted();
            if (donor.Merged) return Problems.Survivor(donor.PersonId);
            if (Answers.Precondition(http, donor.ProfileVersion) is { } no) return no;
            if (request.Consents is { } wanted)
            {
                if (RegisterDonor.BadConsents(wanted, Shanghai.DateOf(tx.Now)) is { } bad) return bad;
                if (!wanted.Contains("registration")) return Problems.ConsentRequired.With("Who withdraws registration asks for erasure instead");
            }

            var consents = request.Consents is null ? [.. donor.Consents] : Consented(donor.Consents, request.Consents, tx.Now);
            var phone = request.Phone is null ? null : Phone.Normalise(request.Phone);
            var (bloodGroup, district) = (request.BloodGroup ?? donor.BloodGroup, request.District ?? donor.District);
            // What another registration of his said stays there: an undone merge takes it along again.
            List<DonorConsent> own = [.. donor.OwnConsents.Where(o => consents.Contains(o)), .. consents.Where(c => !donor.Consents.Contains(c))];
            var assurance = phone is null ? donor.Row.IdentityAssurance : IdentityAssurance.WithNewPhone(donor.Row.IdentityAssurance);
            tx.Write("""
                update donor.donor set phone = coalesce(@sealedPhone, phone), phone_index = coalesce(@phoneIndex, phone_index), phone_birth_index = coalesce(@phoneBirthIndex, phone_birth_index),
                       blood_group = coalesce(@BloodGroup, blood_group), district = coalesce(@District, district), consents = @consents::jsonb, identity_assurance = @assurance where id = @id
                """, new
                {
                    id, request.BloodGroup, request.District, assurance, consents = JsonSerializer.Serialize(own, Json.Options),
                    sealedPhone = phone is null ? null : donor.Key.Seal("phone", phone), phoneIndex = phone is null ? null : vault.BlindIndex("phone", phone),
                    phoneBirthIndex = phone is null ? null : DonorIndexes.PhoneBirth(vault, phone, donor.Facts.BirthDate),
                });
            ConsentRecord.Keep(tx, caller, id, consents, donor.Consents);
            donor.AnnounceChange(tx, bloodGroup: bloodGroup, district: district, consents: consents);
            donor.Save(tx);
            tx.Audit("donor.change", $"donors/{id}");
            var view = DonorView.Of(donor, caller) with { BloodGroup = bloodGroup, District = district, Consents = consents };
            return Answers.Ok(donor.ProfileVersion, phone is null ? view : view with { Phone = Mask.Number(phone) });
        }, ct);

    // A withdrawn consent stays on record with its instant (PIPL Art. 15); given again it is given to the text of the day.
    private static List<DonorConsent> Consented(List<DonorConsent> standing, string[] wanted, DateTimeOffset now) =>
    [
        .. standing.Select(c => !wanted.Contains(c.Code) ? c with { Withdrawn = c.Withdrawn ?? now } : c.Withdrawn is null ? c : Given(c.Code, now)),
        .. wanted.Distinct().Where(code => standing.All(c => c.Code != code)).Select(code => Given(code, now)),
    ];

    private static DonorConsent Given(string code, DateTimeOffset now) => new(code, ConsentTexts.On(code, Shanghai.DateOf(now))!.Version, now, null);
}

/// <summary>The proof of each consent and each withdrawal.</summary>
internal static class ConsentRecord
{
    public static void Keep(Transaction tx, Caller caller, Guid donorId, IEnumerable<DonorConsent> after, IReadOnlyCollection<DonorConsent> before)
    {
        foreach (var consent in after.Where(c => !before.Contains(c)))
            tx.Write("insert into donor.consent_fact (id, donor_id, code, version, given, at, client_id) values (@id, @donorId, @Code, @Version, @given, @now, @ClientId)",
                new { id = tx.NewId(), donorId, consent.Code, consent.Version, given = consent.Withdrawn is null, now = tx.Now, caller.ClientId });
    }
}
