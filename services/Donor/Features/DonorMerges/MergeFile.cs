using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Dapper;

namespace BloodPlatform.Donors.Features.DonorMerges;

/// <summary>The two donors of a merge, read in one round trip, each with all that was merged into him before.</summary>
internal sealed record MergeFile(DonorFile? Survivor, DonorFile? Absorbed, bool SurvivorVisitOpen, bool AbsorbedVisitOpen, string[] Dins, MergeCounts Brings)
{
    /// <summary>For a change both rows are locked in the order of their ids before anything is read: two merges never wait for each other crosswise.</summary>
    public static Task<MergeFile> Read(Transaction tx, Vault vault, RuleBooks books, Guid survivor, Guid absorbed, bool @lock) => tx.Read($"""
        {(@lock ? "select id from donor.donor where id in (@survivor, @absorbed) order by id for update;" : "")}
        {Of(DonorFile.Unlocked, "@survivor")}
        {Of(DonorFile.Unlocked, "@absorbed")}
        select exists (select from donor.visit where donor_id = any({Of(DonorFile.IdsOf, "@survivor")}) and status not in ('deferred', 'abandoned', 'collected', 'completed'));
        select exists (select from donor.visit where donor_id = any({Of(DonorFile.IdsOf, "@absorbed")}) and status not in ('deferred', 'abandoned', 'collected', 'completed'));
        select din from donor.donation where donor_id = any({Of(DonorFile.IdsOf, "@absorbed")}) order by din;
        select (select count(*) from donor.deferral where donor_id = any({Of(DonorFile.IdsOf, "@absorbed")})) as deferrals, (select count(*) from donor.visit where donor_id = any({Of(DonorFile.IdsOf, "@absorbed")})) as visits,
               (select count(*) from donor.reaction where donor_id = any({Of(DonorFile.IdsOf, "@absorbed")})) as reactions, (select count(*) from donor.document where donor_id = any({Of(DonorFile.IdsOf, "@absorbed")})) as documents
        """, new { survivor, absorbed }, async grid =>
    {
        if (@lock) await grid.ReadAsync<Guid>();
        var (one, other) = (await DonorFile.Read(grid, vault, books), await DonorFile.Read(grid, vault, books));
        return new MergeFile(one, other, await grid.ReadSingleAsync<bool>(), await grid.ReadSingleAsync<bool>(), [.. await grid.ReadAsync<string>()], await grid.ReadSingleAsync<MergeCounts>());
    });

    /// <summary>Why the merge can't be done now.</summary>
    public Rejection? Forbids() => Merging.Forbids(Side(Survivor!, SurvivorVisitOpen), Side(Absorbed!, AbsorbedVisitOpen));

    public static Registration Side(DonorFile donor, bool visitOpen) => new(donor.Id, donor.Row.Status, donor.Facts.BirthDate, donor.Row.Sex, donor.BloodGroup, visitOpen);

    /// <summary>What another id means from now on; each takes the next version of its own.</summary>
    public static MovedDonor[] Moved(DonorFile donors, IEnumerable<Guid> ids) => [.. ids.Order().Select(id => new MovedDonor(id, donors.NextVersionOf(id)))];

    private static string Of(string sql, string id) => sql.Replace("@donorId", id, StringComparison.Ordinal);
}

/// <summary>What a donor brings into a merge, besides his donations.</summary>
internal sealed record MergeCounts(long Deferrals, long Visits, long Reactions, long Documents);

/// <summary>A merge as stations see it.</summary>
/// <param name="Dins">The donations that count for the survivor by it.</param>
/// <param name="Status">`merged` or `undone`.</param>
/// <param name="UndoUntil">Until then it can be undone.</param>
public sealed record MergeView(Guid Id, Guid Survivor, Guid Absorbed, string Status, string Reason, string[] Dins, DateTimeOffset MergedAt, Guid MergedBy, DateTimeOffset UndoUntil, DateTimeOffset? UndoneAt, Guid? UndoneBy, string? UndoReason, string[] AllowedActions)
{
    internal static MergeView Of(MergeRow row, SubjectKey key, DateTimeOffset now) => new(row.Id, row.SurvivorId, row.AbsorbedId, row.UndoneAt is null ? "merged" : "undone", key.Open("merge_reason", row.Reason), row.Dins, row.MergedAt, row.MergedBy, row.UndoUntil,
        row.UndoneAt, row.UndoneBy, row.UndoReason is null ? null : key.Open("merge_reason", row.UndoReason), row.UndoneAt is null && now <= row.UndoUntil ? ["undo"] : []);
}

internal sealed record MergeRow(Guid Id, long Version, Guid SurvivorId, Guid AbsorbedId, string[] Dins, byte[] Reason, DateTimeOffset MergedAt, Guid MergedBy, DateTimeOffset UndoUntil, DateTimeOffset? UndoneAt, Guid? UndoneBy, byte[]? UndoReason, byte[] WrappedKey)
{
    public const string Select = """
        select m.id, m.version, m.survivor_id, m.absorbed_id, m.dins, m.reason, m.merged_at, m.merged_by, m.undo_until, m.undone_at, m.undone_by, m.undo_reason, k.wrapped_key
        from donor.merge m join donor.subject_key k on k.subject_id = m.survivor_id
        """;
}
