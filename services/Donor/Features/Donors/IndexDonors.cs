using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Npgsql;

namespace BloodPlatform.Donors.Features.Donors;

/// <summary>
/// Donors of before this release have no hashes for finding duplicates, memberships none of the member's number, documents one of the number as it
/// was typed: only the service has the key. Fills them in, some at a time, on every replica at once without meeting; done once, it finds nothing to do.
/// </summary>
public sealed class IndexDonors(IServiceScopeFactory scopes, Vault vault, TimeProvider clock, ILogger<IndexDonors> log) : BackgroundService
{
    private const int AtATime = 200;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50); // donors at the table come first

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        var filled = 0;
        while (true)
        {
            try
            {
                var some = await Fill(stopping);
                filled += some;
                if (some == 0) break;
                await Task.Delay(Pause, clock, stopping);
            }
            catch (NpgsqlException e) when (!stopping.IsCancellationRequested)
            {
                log.LogWarning("Indexing waits for the database: {Reason}", e.GetType().Name);
                await Task.Delay(TimeSpan.FromSeconds(2), clock, stopping);
            }
        }
        if (filled > 0) log.LogInformation("Filled in the keyed hashes of {Count} older rows", filled);
    }

    private async Task<int> Fill(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(async tx =>
        {
            var (donors, members) = await tx.Read($"""
                select d.id, d.name, d.birth_date, d.phone, k.wrapped_key from donor.donor d join donor.subject_key k on k.subject_id = d.id where d.name_birth_index is null order by d.id limit {AtATime} for update of d skip locked;
                select m.id, m.donor_id, m.organisation_id, m.member_number, k.wrapped_key from donor.membership m join donor.subject_key k on k.subject_id = m.donor_id
                where m.member_number is not null and m.member_index is null order by m.id limit {AtATime} for update of m skip locked
                """, null, async grid => ((await grid.ReadAsync<DonorToIndex>()).ToList(), (await grid.ReadAsync<MemberToIndex>()).ToList()));
            foreach (var donor in donors)
            {
                var key = vault.Unwrap(donor.Id, donor.WrappedKey);
                var born = DonorFile.BirthDateOf(key, donor.BirthDate);
                tx.Write("update donor.donor set phone_birth_index = @phoneBirth, name_birth_index = @nameBirth where id = @Id",
                    new { donor.Id, phoneBirth = DonorIndexes.PhoneBirth(vault, key.Open("phone", donor.Phone), born), nameBirth = DonorIndexes.NameBirth(vault, key.Open("name", donor.Name), born) });
            }
            foreach (var member in members)
                tx.Write("update donor.membership set member_index = @index where id = @Id", new { member.Id, index = DonorIndexes.Member(vault, member.OrganisationId, vault.Unwrap(member.DonorId, member.WrappedKey).Open("member_number", member.MemberNumber)) });
            return donors.Count + members.Count;
        }, ct) + await Normalise(scope.ServiceProvider.GetRequiredService<Database>(), ct);
    }

    /// <summary>
    /// One document is one transaction, its donor's row locked first as by whoever changes him. A number that another document has by now is left where it
    /// is found as it was typed, and said in the log and the audit: the two donors are to be merged by a person.
    /// </summary>
    private async Task<int> Normalise(Database db, CancellationToken ct)
    {
        var cards = await db.Query<CardToNormalise>($"select id, donor_id from donor.document where not normalised order by id limit {AtATime}", null, ct);
        foreach (var card in cards)
        {
            try { await db.InTransaction(tx => Normalise(tx, card, ct), ct); }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation) { /* registered this moment with the other spelling: seen as taken in the next round */ }
        }
        return cards.Count;
    }

    private async Task Normalise(Transaction tx, CardToNormalise card, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (await tx.QuerySingle<SealedCard>("""
            select d.kind, d.number, d.identity_index, d.renews, k.wrapped_key, o.status from donor.donor o join donor.document d on d.donor_id = o.id join donor.subject_key k on k.subject_id = o.id
            where d.id = @Id and not d.normalised for update of o
            """, card) is not { } row) return;
        var typed = vault.Unwrap(card.DonorId, row.WrappedKey).Open("document_number", row.Number);
        var number = IdentityDocument.Normalise(typed);
        var (before, index) = (vault.BlindIndex("document/" + row.Kind, typed), vault.BlindIndex("document/" + row.Kind, number));
        tx.WriteAny("update donor.document set normalised = true where id = @Id", card);
        if (before.AsSpan().SequenceEqual(index)) return;
        // What an erased donor left is found by both; his documents bear a hash that equals no other.
        tx.WriteAny("insert into donor.tombstone_document (identity_index, donor_id) select @index, donor_id from donor.tombstone_document where identity_index = @before on conflict (identity_index) do nothing", new { index, before });
        if (row.Status is "restricted" or "erased" || row.Renews is not null) return;
        var taken = await tx.QuerySingle<CardToNormalise>("select id, donor_id from donor.document where identity_index = @index and renews is null", new { index });
        if (taken is null)
        {
            tx.WriteAny("update donor.document set identity_index = @index where identity_index = @before", new { index, before });
            tx.WriteAny("update donor.donor set document_index = @index where id = @DonorId and document_index = @before", new { index, card.DonorId, before });
        }
        else if (taken.DonorId == card.DonorId)
            tx.WriteAny("update donor.document set identity_index = @index, renews = @first where identity_index = @before", new { index, first = taken.Id, before });
        else
        {
            log.LogWarning("Donors {Donor} and {Other} have the same document: merge them", card.DonorId, taken.DonorId);
            tx.Audit("document.same", $"donors/{card.DonorId}", new { donor = taken.DonorId });
        }
    }

    private sealed record CardToNormalise(Guid Id, Guid DonorId);

    private sealed record SealedCard(string Kind, byte[] Number, byte[] IdentityIndex, Guid? Renews, byte[] WrappedKey, string Status);

    private sealed record DonorToIndex(Guid Id, byte[] Name, byte[] BirthDate, byte[] Phone, byte[] WrappedKey);

    private sealed record MemberToIndex(Guid Id, Guid DonorId, Guid OrganisationId, byte[] MemberNumber, byte[] WrappedKey);
}
