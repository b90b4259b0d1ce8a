using BloodPlatform.Chassis;
using BloodPlatform.Donors.Rules;
using Dapper;

namespace BloodPlatform.Donors.Data;

/// <summary>A donor among many: what the rules must know of him.</summary>
/// <param name="WindowsDigest">Of the dates that were last announced; null where none were kept.</param>
public sealed record Person(Guid Id, long Version, byte[]? WindowsDigest, DonorFacts Facts);

/// <summary>All donors in the order of their ids, some hundred at a time, each time in one round trip.</summary>
public static class Population
{
    /// <summary>The donors after an id and the newest rules; locked where they will be changed. Last is null when none are left.</summary>
    public static Task<(List<Person> People, RuleBook Book, int Read, Guid? Last)> After(Transaction tx, Vault vault, RuleBooks books, Guid after, int limit, bool locked)
    {
        const string Some = "(select id from donor.donor where id > @after order by id limit @limit)";
        return tx.Read($"""
            select d.id, d.version, d.status, d.birth_date, d.sex, d.windows_digest, k.wrapped_key
            from donor.donor d left join donor.subject_key k on k.subject_id = d.id where d.id > @after order by d.id limit @limit {(locked ? "for update of d" : "")};
            {RuleBooks.Position}
            select donor_id, donated_on as "on", procedure, collected_ml as ml, treatment_units as units from donor.donation where donor_id in {Some};
            select donor_id, code, starts_on, ends_on, lifted_at from donor.deferral where donor_id in {Some};
            select donor_id, min(at) as at from donor.reaction where donor_id in {Some} group by donor_id;
            select donor_id, rule, approved_for as "on" from donor.interval_approval where donor_id in {Some};
            """, new { after, limit }, async grid =>
        {
            var rows = (await grid.ReadAsync<Row>()).AsList();
            var book = await books.At(await grid.ReadSingleAsync<long>());
            var donations = (await grid.ReadAsync<DonationRow>()).ToLookup(d => d.DonorId);
            var deferrals = (await grid.ReadAsync<PersonDeferral>()).ToLookup(d => d.DonorId);
            var reactions = (await grid.ReadAsync<ReactionRow>()).ToDictionary(r => r.DonorId, r => r.At);
            var approvals = (await grid.ReadAsync<ApprovalRow>()).ToLookup(a => a.DonorId);
            var people = new List<Person>(rows.Count);
            foreach (var row in rows)
                if (row is { Status: "active", WrappedKey: { } wrapped }) // who is erased or merged into another gives on no date
                    people.Add(new(row.Id, row.Version, row.WindowsDigest, DonorFile.FactsOf(vault.Unwrap(row.Id, wrapped), row.BirthDate, row.Sex, [.. donations[row.Id].Select(d => new PastDonation(d.On, d.Procedure, d.Ml, d.Units))],
                        deferrals[row.Id].Select(d => new DeferralRow(d.Code, d.StartsOn, d.EndsOn, d.LiftedAt)), reactions.TryGetValue(row.Id, out var at) ? at : null, [.. approvals[row.Id].Select(a => new Approval(a.Rule, a.On))])));
            return (people, book, rows.Count, rows.Count == limit ? rows[^1].Id : (Guid?)null);
        });
    }

    private sealed record Row(Guid Id, long Version, string Status, byte[] BirthDate, string Sex, byte[]? WindowsDigest, byte[]? WrappedKey);

    private sealed record DonationRow(Guid DonorId, DateOnly On, string Procedure, int? Ml, int? Units);

    private sealed record PersonDeferral(Guid DonorId, byte[] Code, DateOnly StartsOn, DateOnly? EndsOn, DateTimeOffset? LiftedAt);

    private sealed record ReactionRow(Guid DonorId, DateTimeOffset At);

    private sealed record ApprovalRow(Guid DonorId, string Rule, DateOnly On);
}
