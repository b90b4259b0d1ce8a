using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Rules;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using System.ComponentModel.DataAnnotations;

namespace BloodPlatform.Donors.Features.Documents;

/// <param name="Seen">The station has it before it, not a copy or a word.</param>
public sealed record AddDocumentRequest(
    [property: AllowedValues(IdentityDocument.ResidentId, IdentityDocument.HmtResidencePermit, IdentityDocument.HkMacauPermit, IdentityDocument.TaiwanPermit, IdentityDocument.Passport, IdentityDocument.MilitaryId, IdentityDocument.ForeignPermanentResidence)] string Kind,
    [property: StringLength(40, MinimumLength = 1)] string Number,
    bool Seen = false);

/// <summary>POST /v1/donors/{id}/documents: one person, several documents. What it says of birth and sex must be what is known.</summary>
public static class AddDocument
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donors/{id:guid}/documents", Handle)
        .Allow("donors", Roles.Station).Creates().WithSummary("Records another document of a donor, or a renewed card");

    private static async Task<Results<Made<DocumentCardView>, ProblemHttpResult>> Handle(Guid id, AddDocumentRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DocumentCardView>, ProblemHttpResult>>(async tx =>
        {
            var today = Shanghai.DateOf(tx.Now);
            var (document, bad) = IdentityDocument.Read(request.Kind, request.Number, today, "/number");
            if (bad is not null) return bad.ToProblem();
            var identityIndex = DonorIndexes.Document(vault, document!);
            // The tombstone last: who is erased while this reads is found as the one or as the other.
            var (donor, known, tombstone) = await tx.Read(DonorFile.Locked + Cards.OfIdentity + ";" + Tombstone.OfDocument, new { donorId = id, identityIndex, documentIndex = identityIndex },
                async grid => (await DonorFile.Read(grid, vault, books), (await grid.ReadAsync<CardRow>()).AsList(), await grid.ReadSingleOrDefaultAsync<TombstoneRow>()));
            if (donor is null) return CommonProblems.Unknown(id);
            if (donor.Restricted) return Problems.Restricted();
            if (known.Count == 0 && donor.Merged) return Problems.Survivor(donor.PersonId);
            if (known.Count > 0 && !donor.Includes(known[0].DonorId)) return Cards.OfAnother(known[0].PersonId, "/number");
            if (document!.Person(donor.Facts.BirthDate, donor.Facts.Sex, today).Rejection is { } contradiction) return contradiction.ToProblem();

            if (known.Count > 0) donor.RecordAs(known[0].DonorId);
            var (cardId, isNew) = Cards.Record(tx, donor.Id, donor.Key, document, identityIndex, known, request.Seen);
            if (request.Seen && donor.Row.IdentityAssurance != IdentityAssurance.DocumentSeen)
            {
                tx.Write("update donor.donor set identity_assurance = 'document-seen' where id = @Id", new { donor.Id });
                donor.ProfileChanged(tx);
            }
            Tombstone.Meet(tx, vault, donor, tombstone);
            donor.Save(tx);
            tx.Audit("document.add", $"donors/{donor.Id}", new { document = cardId, kind = document.Kind, request.Seen });
            var same = known.FirstOrDefault(c => c.Id == cardId);
            var view = new DocumentCardView(cardId, document.Kind, Mask.Number(document.Number), isNew ? known.FirstOrDefault()?.Id : same!.Renews, isNew ? tx.Now : same!.RecordedAt, same?.SeenAt ?? (request.Seen ? tx.Now : null));
            return isNew ? Answers.Created($"/v1/donors/{donor.PersonId}/documents", 1, view) : Answers.Ok(1, view);
        }, ct);
}
