using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Documents;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.IdentityCorrections;

/// <summary>What is left out stays.</summary>
/// <param name="Document">The one that is seen: it must agree, and counts as seen from now on.</param>
public sealed record CorrectIdentityRequest(
    [property: AllowedValues("entered-wrong", "document-misread", "told-wrong", "changed-by-authority")] string ReasonCode,
    DocumentRequest Document,
    [property: StringLength(80, MinimumLength = 1), RegularExpression(Plain.Name)] string? Name = null,
    DateOnly? BirthDate = null,
    [property: AllowedValues("male", "female", null)] string? Sex = null);

/// <summary>What was corrected, by whom and on which document. The values themselves are in the donor's export and in full reads only.</summary>
/// <param name="Fields">`name`, `birthDate`, `sex`.</param>
public sealed record IdentityCorrectionView(Guid Id, Guid DonorId, int Number, string[] Fields, string ReasonCode, string DocumentKind, DateTimeOffset RecordedAt, Guid RecordedBy);

/// <summary>Name, birth date and sex before or after a correction; kept sealed.</summary>
public sealed record IdentityState(string Name, DateOnly BirthDate, string Sex);

/// <summary>
/// POST /v1/donors/{id}/identity-corrections (PIPL Art. 46): what was entered wrong, by somebody else than who entered it, with the document before him. A new fact: what was
/// recorded stays, sealed. Birth date and sex are the person's, so of all his registrations; dates are announced only where they change.
/// </summary>
public static class CorrectIdentity
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/donors/{id:guid}/identity-corrections", Handle).Allow("donors", Roles.Station).ByStaff("registrar", "physician", "quality").Creates().WithSummary("A second person corrects name, birth date or sex; If-Match of the donor");
        app.MapGet("/v1/donors/{id:guid}/identity-corrections", List).Allow("donors", Roles.Station).WithSummary("A donor's corrections of identity, in order");
        app.MapGet("/v1/donors/{id:guid}/identity-corrections/{correctionId:guid}", One).Allow("donors", Roles.Station).WithSummary("A correction of identity");
    }

    private static async Task<Results<Made<IdentityCorrectionView>, ProblemHttpResult>> Handle(Guid id, CorrectIdentityRequest request, HttpRequest http, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<IdentityCorrectionView>, ProblemHttpResult>>(async tx =>
        {
            var today = Shanghai.DateOf(tx.Now);
            var (document, bad) = IdentityDocument.Read(request.Document.Kind, request.Document.Number, today);
            if (bad is not null) return bad.ToProblem();
            var identityIndex = DonorIndexes.Document(vault, document!);
            var (donor, known, last, all, tombstone) = await tx.Read(DonorFile.Locked + Cards.OfIdentity + $"""
                ; select count(c.id)::int as number, (array_agg(c.recorded_by order by c.number desc))[1] as recorded_by, (select registered_by from donor.donor where id = @donorId) as registered_by from donor.identity_correction c where c.donor_id = @donorId;
                select donor_id, kind, number from donor.document where donor_id = any({DonorFile.IdsOf});
                {Tombstone.OfDocument}
                """, new { donorId = id, identityIndex, documentIndex = identityIndex }, async grid => (await DonorFile.Read(grid, vault, books), (await grid.ReadAsync<CardRow>()).ToList(), await grid.ReadSingleAsync<LastRow>(), (await grid.ReadAsync<NumberRow>()).ToList(), await grid.ReadSingleOrDefaultAsync<TombstoneRow>()));
            if (donor is null) return CommonProblems.Unknown(id);
            if (donor.Restricted) return Problems.Restricted();
            if (donor.Merged) return Problems.Survivor(donor.PersonId);
            if (Answers.Precondition(http, donor.ProfileVersion) is { } no) return no;
            if (Correction.By(caller.Staff!.Id, last.RegisteredBy is { } by ? [by] : [], last.RecordedBy) is { } same) return same.ToProblem();
            if (known.Count > 0 && !donor.Includes(known[0].DonorId)) return Cards.OfAnother(known[0].PersonId, "/document/number");

            var before = new IdentityState(donor.Key.Open("name", donor.Row.Name), donor.Facts.BirthDate, donor.Facts.Sex);
            var after = new IdentityState(request.Name?.Trim() ?? before.Name, request.BirthDate ?? before.BirthDate, request.Sex ?? before.Sex);
            string[] fields = [.. new[] { after.Name == before.Name ? null : "name", after.BirthDate == before.BirthDate ? null : "birthDate", after.Sex == before.Sex ? null : "sex" }.OfType<string>()];
            if (after.Name.Length == 0) return CommonProblems.Invalid.With(null, new FieldError("/name", "invalid", "Not blank"));
            if (fields.Length == 0) return Problems.NothingCorrected.With();
            if (document!.Person(after.BirthDate, after.Sex, today).Rejection is { } contradiction) return contradiction.ToProblem();
            // Every other card of his that bears birth date and sex must agree as well: else it is not the record that is wrong.
            foreach (var card in all)
                if (IdentityDocument.Read(card.Kind, donor.KeyOf(card.DonorId).Open("document_number", card.Number), today).Document is { BirthDate: not null } other && other.Person(after.BirthDate, after.Sex, today).Rejection is { } otherwise)
                    return otherwise.ToProblem();

            var seen = Cards.Record(tx, known.Count > 0 ? known[0].DonorId : donor.Id, donor.KeyOf(known.Count > 0 ? known[0].DonorId : donor.Id), document, identityIndex, known, seen: true).Id;
            var view = new IdentityCorrectionView(tx.NewId(), id, last.Number + 1, fields, request.ReasonCode, document.Kind, tx.Now, caller.Staff.Id);
            tx.Write("""
                insert into donor.identity_correction (id, donor_id, number, fields, reason_code, document_kind, document_id, before, after, recorded_at, recorded_by)
                values (@Id, @DonorId, @Number, @Fields, @ReasonCode, @DocumentKind, @seen, @before, @after, @RecordedAt, @RecordedBy)
                """, new { view.Id, view.DonorId, view.Number, view.Fields, view.ReasonCode, view.DocumentKind, seen, before = Seal(donor, before), after = Seal(donor, after), view.RecordedAt, view.RecordedBy });
            foreach (var row in donor.Rows)
            {
                var key = donor.KeyOf(row.Id);
                var name = row.Id == donor.Id ? after.Name : key.Open("name", row.Name);
                tx.Write("""
                    update donor.donor set name = @name, birth_date = @born, sex = @Sex, phone_birth_index = @phoneBirthIndex, name_birth_index = @nameBirthIndex, identity_assurance = case when id = @asked then 'document-seen' else identity_assurance end where id = @Id
                    """, new
                    {
                        row.Id, asked = id, after.Sex, name = key.Seal("name", name), born = key.Seal("birth_date", $"{after.BirthDate:yyyy-MM-dd}"),
                        phoneBirthIndex = DonorIndexes.PhoneBirth(vault, key.Open("phone", row.Phone), after.BirthDate), nameBirthIndex = DonorIndexes.NameBirth(vault, name, after.BirthDate),
                    });
            }
            donor.ProfileChanged(tx);
            var told = DonorFile.DigestOf(DonorFile.Windows(donor.PersonId, 0, donor.Facts, donor.Book, tx.Now));
            donor.Facts = donor.Facts with { BirthDate = after.BirthDate, Sex = after.Sex };
            if (!DonorFile.DigestOf(DonorFile.Windows(donor.PersonId, 0, donor.Facts, donor.Book, tx.Now)).AsSpan().SequenceEqual(told)) donor.AnnounceWindows(tx);
            Tombstone.Meet(tx, vault, donor, tombstone); // the document that proves it may be an erased one's
            donor.Save(tx);
            tx.Audit("donor.identity-correct", $"donors/{id}", new { correction = view.Id, fields, request.ReasonCode });
            return Answers.Created($"/v1/donors/{id}/identity-corrections/{view.Id}", 1, view);
        }, ct);

    private static async Task<Results<Ok<List<IdentityCorrectionView>>, ProblemHttpResult>> List(Guid id, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<List<IdentityCorrectionView>>, ProblemHttpResult>>(async tx =>
        {
            if (await Read(tx, id) is not { } all) return CommonProblems.Unknown(id);
            tx.Audit("donor.read", $"donors/{id}");
            return TypedResults.Ok(all);
        }, ct);

    private static async Task<Results<Made<IdentityCorrectionView>, ProblemHttpResult>> One(Guid id, Guid correctionId, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<IdentityCorrectionView>, ProblemHttpResult>>(async tx =>
        {
            if (await Read(tx, id) is not { } all) return CommonProblems.Unknown(id);
            if (all.Find(c => c.Id == correctionId) is not { } correction) return CommonProblems.NotFound.With();
            tx.Audit("donor.read", $"donors/{id}");
            return Answers.Ok(1, correction);
        }, ct);

    private static Task<List<IdentityCorrectionView>?> Read(Transaction tx, Guid donorId) => tx.Read($"""
        select exists (select from donor.donor where id = @donorId);
        select id, donor_id, number, fields, reason_code, document_kind, recorded_at, recorded_by from donor.identity_correction where donor_id = any({DonorFile.IdsOf}) order by recorded_at, number
        """, new { donorId }, async grid => await grid.ReadSingleAsync<bool>() ? (List<IdentityCorrectionView>?)[.. await grid.ReadAsync<IdentityCorrectionView>()] : null);

    private static byte[] Seal(DonorFile donor, IdentityState state) => donor.Key.Seal("identity_state", JsonSerializer.Serialize(state, Json.Options));

    private sealed record LastRow(int Number, Guid? RecordedBy, Guid? RegisteredBy);

    private sealed record NumberRow(Guid DonorId, string Kind, byte[] Number);
}
