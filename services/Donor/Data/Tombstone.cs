using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Data;

/// <summary>
/// What remains of an erased donor: keyed hashes of his documents, and his standing deferrals, sealed under the platform's key. It
/// follows what is still found out about him, a result that comes after the erasure above all, and whoever registered with his document
/// follows it.
/// </summary>
internal static class Tombstone
{
    private const string Columns = "t.donor_id, t.reasons, array(select c.claimant_id from donor.tombstone_claim c where c.tombstone_id = t.donor_id order by 1) as claimants";

    /// <summary>Takes @donorId of the erased.</summary>
    public const string OfDonor = $"select {Columns} from donor.tombstone t where t.donor_id = @donorId";

    /// <summary>Takes @donorId, any id of the person; locked.</summary>
    public static readonly string OfPerson = $"select {Columns} from donor.tombstone t where t.donor_id = {DonorFile.PersonOf} for update;";

    /// <summary>Takes @documentIndex; locked, so that no claim is missed by what becomes known meanwhile.</summary>
    public const string OfDocument = $"select {Columns} from donor.tombstone_document x join donor.tombstone t on t.donor_id = x.donor_id where x.identity_index = @documentIndex for update of t;";

    public static Remains Open(Vault vault, TombstoneRow row) => JsonSerializer.Deserialize<Remains>(vault.OpenSecret(row.Reasons, Context(row.DonorId)), Json.Options)!;

    /// <summary>Made when a person asks for erasure: for all documents of all his registrations, and for those that he took over from one before.</summary>
    public static void Make(Transaction tx, Vault vault, Guid personId, Guid[] ids, DonorFacts facts, RuleBook book)
    {
        tx.Write("insert into donor.tombstone (donor_id, reasons) values (@personId, @reasons)", new { personId, reasons = Seal(vault, personId, Retention.Remaining(facts, Shanghai.DateOf(tx.Now), book)) });
        tx.WriteAny("update donor.tombstone_document set donor_id = @personId where donor_id in (select tombstone_id from donor.tombstone_claim where claimant_id = any(@ids))", new { personId, ids });
        // Who came with another document of the one before is this person too, and goes on with what remains of him now.
        tx.WriteAny("insert into donor.tombstone_claim (tombstone_id, claimant_id) select distinct @personId, o.claimant_id from donor.tombstone_claim c join donor.tombstone_claim o on o.tombstone_id = c.tombstone_id where c.claimant_id = any(@ids) and o.claimant_id <> all(@ids)", new { personId, ids });
        tx.WriteAny("insert into donor.tombstone_document (identity_index, donor_id) select identity_index, @personId from donor.document where donor_id = any(@ids) and renews is null on conflict (identity_index) do update set donor_id = excluded.donor_id", new { personId, ids });
    }

    /// <summary>Something became known of a person whose record is restricted: what remains of him is what stands now.</summary>
    public static void Follow(Transaction tx, Vault vault, Guid personId, DonorFacts facts, RuleBook book)
    {
        tx.Write("update donor.tombstone set reasons = @reasons where donor_id = @personId", new { personId, reasons = Seal(vault, personId, Retention.Remaining(facts, Shanghai.DateOf(tx.Now), book)) });
        tx.StartJob(Features.Erasures.FollowErased.Kind, new Features.Erasures.FollowErased.Input(personId));
    }

    /// <summary>The same of a person whose key is destroyed.</summary>
    /// <returns>False when there is no such tombstone.</returns>
    public static async Task<bool> Add(Transaction tx, Vault vault, Guid donorId, IReadOnlyList<DeferralFact> deferrals, IReadOnlyList<PastDonation>? donations = null)
    {
        if (await tx.QuerySingle<TombstoneRow>(OfPerson, new { donorId }) is not { } row) return false;
        Add(tx, vault, row, deferrals, donations);
        return true;
    }

    /// <summary>The same of one that was read, locked.</summary>
    public static void Add(Transaction tx, Vault vault, TombstoneRow row, IReadOnlyList<DeferralFact> deferrals, IReadOnlyList<PastDonation>? donations = null)
    {
        var before = Open(vault, row);
        var after = before with { Deferrals = [.. before.Deferrals.Union(deferrals)], Donations = [.. before.Donations.UnionBy(donations ?? [], Remains.Same)] };
        tx.Write("update donor.tombstone set reasons = @reasons where donor_id = @DonorId", new { row.DonorId, reasons = Seal(vault, row.DonorId, after) });
        tx.StartJob(Features.Erasures.FollowErased.Kind, new Features.Erasures.FollowErased.Input(row.DonorId));
    }

    /// <summary>A person registers with a document of an erased one: his deferrals and intervals go on.</summary>
    public static void Claim(Transaction tx, Guid id, SubjectKey key, TombstoneRow row, Remains remains, RuleSet rules)
    {
        tx.WriteAny("insert into donor.tombstone_claim (tombstone_id, claimant_id) values (@DonorId, @id) on conflict do nothing", new { id, row.DonorId });
        foreach (var other in row.Claimants.Where(c => c != id)) tx.StartJob(Features.Erasures.FollowClaimant.Kind, new Features.Erasures.FollowClaimant.Input(other, id));
        foreach (var deferral in remains.Deferrals)
            tx.Write("""
                insert into donor.deferral (id, donor_id, version, code, starts_on, ends_on, certainty, reentry, origin, recorded_at)
                values (@deferralId, @id, 1, @code, @From, @Until, 'final', @reentry, 'earlier', @now)
                """, new { deferralId = tx.NewId(), id, code = key.Seal("deferral_code", deferral.Code), deferral.From, deferral.Until, reentry = rules.Find(deferral.Code) is null or { Permanent: true } or { TestDerived: true }, now = tx.Now });
        if (remains.FirstReaction is { } reaction) Carry(tx, id, reaction);
        foreach (var donation in remains.Donations) Carry(tx, id, donation);
    }

    /// <summary>
    /// A donor who is known comes with a document of an erased one: they are one person, so he is deferred like him, and what he gave meanwhile is
    /// withdrawn. The caller saves the donor.
    /// </summary>
    /// <param name="row">Of the document; null where nobody was erased with it.</param>
    public static void Meet(Transaction tx, Vault vault, DonorFile donor, TombstoneRow? row)
    {
        if (row is null || row.Claimants.Any(donor.Includes)) return;
        var (remains, rules) = (Open(vault, row), donor.Book.Near(Shanghai.DateOf(tx.Now)));
        var missing = remains.Missing(donor.Facts.Deferrals);
        Claim(tx, donor.Id, donor.Key, row, remains with { Deferrals = missing }, rules);
        donor.Facts = donor.Facts with
        {
            Deferrals = [.. donor.Facts.Deferrals, .. missing], Donations = [.. donor.Facts.Donations, .. remains.Donations],
            FirstReaction = remains.FirstReaction is { } reaction && !(donor.Facts.FirstReaction <= reaction) ? reaction : donor.Facts.FirstReaction,
        };
        foreach (var deferral in missing) donor.WithdrawReached(tx, Reach.Of(deferral, rules.Find(deferral.Code), "earlier"));
        foreach (var other in row.Claimants) tx.StartJob(Features.Erasures.FollowClaimant.Kind, new Features.Erasures.FollowClaimant.Input(donor.Id, other)); // what he brings is theirs too
        donor.AnnounceWindows(tx);
    }

    public static void Carry(Transaction tx, Guid id, DateOnly firstReaction) => tx.Write("""
        insert into donor.carried_reaction (donor_id, first_on) values (@id, @firstReaction) on conflict (donor_id) do update set first_on = least(carried_reaction.first_on, excluded.first_on)
        """, new { id, firstReaction });

    public static void Carry(Transaction tx, Guid id, PastDonation donation) =>
        tx.Write("insert into donor.carried_donation (donor_id, donated_on, procedure, collected_ml, treatment_units, attempt) values (@id, @On, @Procedure, @Ml, @Units, @Attempt)", new { id, donation.On, donation.Procedure, donation.Ml, donation.Units, donation.Attempt });

    private static byte[] Seal(Vault vault, Guid personId, Remains remains) => vault.SealSecret(JsonSerializer.SerializeToUtf8Bytes(remains, Json.Options), Context(personId));

    // As Program tells the rotation of the master keys.
    private static string Context(Guid personId) => $"tombstone/{personId}";
}

/// <param name="Claimants">Who registered with one of his documents since, or showed one.</param>
internal sealed record TombstoneRow(Guid DonorId, byte[] Reasons, Guid[] Claimants);
