using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Documents;

/// <summary>A card that a donor was registered with or has shown, masked.</summary>
/// <param name="Renews">The first card of the same identity; null for that one.</param>
/// <param name="SeenAt">When a station first saw it; null while it was only told.</param>
public sealed record DocumentCardView(Guid Id, string Kind, string Number, Guid? Renews, DateTimeOffset RecordedAt, DateTimeOffset? SeenAt);

/// <summary>GET /v1/donors/{id}/documents: of all the person's registrations, oldest first.</summary>
public static class ListDocuments
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/donors/{id:guid}/documents", Handle)
        .Allow("donors", Roles.Station).WithSummary("A donor's documents, renewed cards included");

    private static async Task<Results<Ok<Page<DocumentCardView>>, ProblemHttpResult>> Handle(Guid id, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<Page<DocumentCardView>>, ProblemHttpResult>>(async tx =>
        {
            var rows = await tx.Query<Row>($"""
                select d.id, d.donor_id, d.kind, d.number, d.renews, d.recorded_at, d.seen_at, k.wrapped_key, p.status
                from donor.document d join donor.donor p on p.id = d.donor_id join donor.subject_key k on k.subject_id = d.donor_id where d.donor_id = any({DonorFile.IdsOf}) order by d.recorded_at, d.id
                """, new { donorId = id });
            if (rows.Count == 0) return CommonProblems.Unknown(id); // whoever is registered has one
            if (rows[0].Status == "restricted") return Problems.Restricted();
            tx.Audit("document.read", $"donors/{id}");
            return TypedResults.Ok(new Page<DocumentCardView>(rows.ConvertAll(r => new DocumentCardView(r.Id, r.Kind, Mask.Number(vault.Unwrap(r.DonorId, r.WrappedKey).Open("document_number", r.Number)), r.Renews, r.RecordedAt, r.SeenAt)), null));
        }, ct);

    private sealed record Row(Guid Id, Guid DonorId, string Kind, byte[] Number, Guid? Renews, DateTimeOffset RecordedAt, DateTimeOffset? SeenAt, byte[] WrappedKey, string Status);
}
