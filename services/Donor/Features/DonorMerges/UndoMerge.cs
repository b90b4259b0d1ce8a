using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.DonorMerges;

public sealed record UndoMergeRequest([property: StringLength(80, MinimumLength = 1)] string Reason);

/// <summary>
/// POST /v1/donor-merges/{id}/undo, while the policy's days last: the absorbed donor stands for himself again, with those who had been
/// merged into him, and with every fact recorded under their ids before and since.
/// </summary>
public static class UndoMerge
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donor-merges/{id:guid}/undo", Handle)
        .Allow("donors", Roles.Station).ByStaff("registrar", "physician").WithSummary("Undoes a merge");

    private static async Task<Results<Made<MergeView>, ProblemHttpResult>> Handle(Guid id, UndoMergeRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<MergeView>, ProblemHttpResult>>(async tx =>
        {
            var (person, row, recorded) = await tx.Read($"""
                {DonorFile.LockedBy("select absorbed_id from donor.merge where id = @id")}
                {MergeRow.Select} where m.id = @id for update of m;
                select din, donor_id from donor.donation where donor_id = any({DonorFile.IdsOf.Replace("@donorId", "(select absorbed_id from donor.merge where id = @id)", StringComparison.Ordinal)}) order by din
                """, new { id }, async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleOrDefaultAsync<MergeRow>(), (await grid.ReadAsync<RecordedRow>()).ToList()));
            if (person is null || row is null) return CommonProblems.Unknown(id);
            if (person.Restricted) return Problems.Restricted();
            if (row.UndoneAt is not null) return Problems.MergeUndone.With();
            if (tx.Now > row.UndoUntil) return Problems.MergeUndoExpired.With($"It could be undone until {row.UndoUntil:O}");

            var (rest, separated) = person.Split(row.AbsorbedId);
            var under = separated.Rows.Select(r => r.Id).ToHashSet();
            string[] dins = [.. recorded.Where(d => under.Contains(d.DonorId)).Select(d => d.Din)];
            var key = vault.Unwrap(row.SurvivorId, row.WrappedKey);
            row = row with { Version = row.Version + 1, UndoneAt = tx.Now, UndoneBy = caller.Staff!.Id, UndoReason = key.Seal("merge_reason", request.Reason) };
            tx.Write("update donor.merge set version = @Version, undone_at = @UndoneAt, undone_by = @UndoneBy, undo_reason = @UndoReason where id = @Id", row);
            tx.Write("update donor.donor set status = 'active', merged_into = null where id = @AbsorbedId", row);
            tx.Write("update donor.donor_person set person_id = @AbsorbedId where donor_id = any(@moved)", new { row.AbsorbedId, moved = under.ToArray() }, rows: under.Count);
            tx.Append(new DonorsUnmerged
            {
                Key = row.SurvivorId.ToString(), Version = rest.NextVersionOf(row.SurvivorId), OccurredAt = tx.Now, StationId = caller.Tenant,
                MergeId = id, Survivor = row.SurvivorId, Absorbed = row.AbsorbedId, Dins = dins, Donors = MergeFile.Moved(separated, under),
            });
            foreach (var one in new[] { separated, rest })
            {
                one.AnnounceChange(tx, status: "active");
                one.AnnounceWindows(tx);
                one.Save(tx);
            }
            tx.Audit("donor.unmerge", $"donor-merges/{id}", new { survivor = row.SurvivorId, absorbed = row.AbsorbedId });
            return Answers.Ok(row.Version, MergeView.Of(row, key, tx.Now));
        }, ct);

    private sealed record RecordedRow(string Din, Guid DonorId);
}
