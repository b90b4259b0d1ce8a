using BloodPlatform.Chassis;
using BloodPlatform.Donors.Rules;
using Dapper;

namespace BloodPlatform.Donors.Data;

/// <summary>A donor among many: what the rules must know of him.</summary>
/// <param name="WindowsDigest">Of the dates that were last announced; null where none were kept.</param>
public sealed record Person(Guid Id, long Version, byte[]? WindowsDigest, DonorFacts Facts);

/// <summary>All donors in the order of their ids, some hundred at a time, each time in two round trips.</summary>
public static class Population
{
    /// <summary>The donors after an id and the newest rules; locked where they will be changed. Last is null when none are left.</summary>
    public static async Task<(List<Person> People, RuleBook Book, int Read, Guid? Last)> After(Transaction tx, Vault vault, RuleBooks books, Guid after, int limit, bool locked)
    {
        var (rows, absorbed, book) = await tx.Read($"""
            select d.id, d.version, d.status, d.birth_date, d.sex, d.windows_digest, k.wrapped_key
            from donor.donor d left join donor.subject_key k on k.subject_id = d.id where d.id > @after order by d.id limit @limit {(locked ? "for update of d" : "")};
            {RuleBooks.Position}
            select q.person_id, d.id, d.birth_date, d.sex, k.wrapped_key from donor.donor_person q join donor.donor d on d.id = q.donor_id join donor.subject_key k on k.subject_id = d.id
            where q.person_id in (select id from donor.donor where id > @after order by id limit @limit) and q.person_id <> q.donor_id order by d.id;
            """, new { after, limit }, async grid =>
        {
            var donors = (await grid.ReadAsync<Row>()).AsList();
            var newest = await books.At(await grid.ReadSingleAsync<long>());
            return (donors, (await grid.ReadAsync<AbsorbedRow>()).ToLookup(a => a.PersonId), newest);
        });

        // By ids, so that each look-up stays a look-up however many donors there are.
        return await tx.Read("""
            select donor_id, "on", procedure, ml, units, attempt from donor.counted where donor_id = any(@ids);
            select donor_id, code, starts_on, ends_on, lifted_at from donor.deferral where donor_id = any(@ids);
            select donor_id, min(at) as at from donor.reaction_counted where donor_id = any(@ids) group by donor_id;
            select donor_id, rule, approved_for as "on" from donor.interval_approval where donor_id = any(@ids) and withdrawn_at is null;
            """, new { ids = rows.Select(r => r.Id).Concat(absorbed.SelectMany(a => a).Select(a => a.Id)).ToArray() }, async grid =>
        {
            var donations = (await grid.ReadAsync<DonationRow>()).ToLookup(d => d.DonorId);
            var deferrals = (await grid.ReadAsync<PersonDeferral>()).ToLookup(d => d.DonorId);
            var reactions = (await grid.ReadAsync<ReactionRow>()).ToDictionary(r => r.DonorId, r => r.At);
            var approvals = (await grid.ReadAsync<ApprovalRow>()).ToLookup(a => a.DonorId);
            var people = new List<Person>(rows.Count);
            foreach (var row in rows)
                if (row is { Status: "active", WrappedKey: { } wrapped }) // who is erased or merged into another gives on no date
                    people.Add(new(row.Id, row.Version, row.WindowsDigest, Merging.Together([Facts(row.Id, wrapped, row.BirthDate, row.Sex), .. absorbed[row.Id].Select(a => Facts(a.Id, a.WrappedKey, a.BirthDate, a.Sex))])));
            return (people, book, rows.Count, rows.Count == limit ? rows[^1].Id : (Guid?)null);

            DonorFacts Facts(Guid id, byte[] wrapped, byte[] birthDate, string sex) => DonorFile.FactsOf(vault.Unwrap(id, wrapped), birthDate, sex, [.. donations[id].Select(d => new PastDonation(d.On, d.Procedure, d.Ml, d.Units, d.Attempt))],
                deferrals[id].Select(d => new DeferralRow(d.Code, d.StartsOn, d.EndsOn, d.LiftedAt)), reactions.TryGetValue(id, out var at) ? at : null, [.. approvals[id].Select(a => new Approval(a.Rule, a.On))]);
        });
    }

    private sealed record Row(Guid Id, long Version, string Status, byte[] BirthDate, string Sex, byte[]? WindowsDigest, byte[]? WrappedKey);

    private sealed record AbsorbedRow(Guid PersonId, Guid Id, byte[] BirthDate, string Sex, byte[] WrappedKey);

    private sealed record DonationRow(Guid DonorId, DateOnly On, string Procedure, int? Ml, int? Units, bool Attempt);

    private sealed record PersonDeferral(Guid DonorId, byte[] Code, DateOnly StartsOn, DateOnly? EndsOn, DateTimeOffset? LiftedAt);

    private sealed record ReactionRow(Guid DonorId, DateTimeOffset At);

    private sealed record ApprovalRow(Guid DonorId, string Rule, DateOnly On);
}
