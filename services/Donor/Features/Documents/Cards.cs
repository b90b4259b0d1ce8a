using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Documents;

/// <summary>The cards of one identity: the first, and those that renewed it.</summary>
internal static class Cards
{
    /// <summary>Takes @identityIndex; the first card first.</summary>
    public const string OfIdentity = """
        select d.id, d.donor_id, coalesce(q.person_id, d.donor_id) as person_id, d.kind, d.number, d.renews, d.recorded_at, d.seen_at
        from donor.document d left join donor.donor_person q on q.donor_id = d.donor_id where d.identity_index = @identityIndex order by d.renews nulls first, d.recorded_at, d.id
        """;

    /// <summary>
    /// Records a card of a donor, or that it was seen. The first of its identity is settled by the constraint document_one_donor, those
    /// that renew it by the donor's lock.
    /// </summary>
    /// <param name="known">All cards of the identity, opened with the same donor's key.</param>
    /// <returns>The card, and whether it is new.</returns>
    public static (Guid Id, bool New) Record(Transaction tx, Guid donorId, SubjectKey key, IdentityDocument document, byte[] identityIndex, IReadOnlyList<CardRow> known, bool seen)
    {
        if (known.FirstOrDefault(c => IdentityDocument.Normalise(key.Open("document_number", c.Number)) == document.Number) is { } same)
        {
            if (seen && same.SeenAt is null) tx.Write("update donor.document set seen_at = @now where id = @Id", new { same.Id, now = tx.Now });
            return (same.Id, false);
        }
        var (id, number) = (tx.NewId(), key.Seal("document_number", document.Number));
        tx.Write("insert into donor.document (id, donor_id, kind, number, identity_index, renews, recorded_at, seen_at) values (@id, @donorId, @Kind, @number, @identityIndex, @renews, @now, @seenAt)",
            new { id, donorId, document.Kind, number, identityIndex, renews = known.Count == 0 ? (Guid?)null : known[0].Id, now = tx.Now, seenAt = seen ? tx.Now : (DateTimeOffset?)null });
        // The document he is shown with is the card that is valid now.
        if (known.Count > 0) tx.WriteAny("update donor.donor set document_number = @number where id = @donorId and document_index = @identityIndex", new { number, donorId, identityIndex });
        return (id, true);
    }

    /// <summary>A person came with a renewed card where he only had to be found.</summary>
    public static async Task Renew(Transaction tx, Vault vault, RuleBooks books, Guid donorId, IdentityDocument document, bool seen)
    {
        var identityIndex = DonorIndexes.Document(vault, document);
        var (donor, known) = await tx.Read(DonorFile.Locked + OfIdentity, new { donorId, identityIndex }, async grid => (await DonorFile.Read(grid, vault, books), (await grid.ReadAsync<CardRow>()).AsList()));
        // He may have been erased between the answer and this: a card recorded now would find him again.
        if (donor is null || donor.Restricted || known.Count == 0 || !donor.Includes(known[0].DonorId)) return;
        if (!Record(tx, donorId, donor.Key, document, identityIndex, known, seen).New) return;
        tx.Audit("document.renewed", $"donors/{donorId}", new { kind = document.Kind });
    }

    /// <summary>409 with the donor it belongs to: a candidate for a merge.</summary>
    public static ProblemHttpResult OfAnother(Guid personId, string pointer)
    {
        var another = Problems.DocumentOfAnother.With("Perhaps the two are one person: see donor-merges", new FieldError(pointer, "document_of_another_donor", "Another donor's"));
        another.ProblemDetails.Extensions["donorId"] = personId;
        return another;
    }
}

internal sealed record CardRow(Guid Id, Guid DonorId, Guid PersonId, string Kind, byte[] Number, Guid? Renews, DateTimeOffset RecordedAt, DateTimeOffset? SeenAt);
