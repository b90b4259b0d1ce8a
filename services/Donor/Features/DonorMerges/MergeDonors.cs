using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.DonorMerges;

/// <param name="Survivor">The donor who stays.</param>
/// <param name="Absorbed">The donor whose history counts for the survivor from now on.</param>
/// <param name="Reason">How it was found that both are one person; kept sealed.</param>
public sealed record MergeRequest(Guid Survivor, Guid Absorbed, [property: StringLength(80, MinimumLength = 1)] string Reason);

/// <summary>
/// POST /v1/donor-merges: two registrations are one person. Nothing is moved: what was recorded under the absorbed one stays under his
/// id and counts for the survivor, so that an undone merge leaves exactly what was there, and what came since with whom it was recorded.
/// </summary>
public static class MergeDonors
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/donor-merges", Handle)
        .Allow("donors", Roles.Station).ByStaff("registrar", "physician").Creates().WithSummary("Makes two registrations of a person one");

    private static async Task<Results<Made<MergeView>, ProblemHttpResult>> Handle(MergeRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct)
    {
        if (request.Survivor == request.Absorbed) return CommonProblems.Invalid.With(null, new FieldError("/absorbed", "invalid", "Another donor than the survivor"));
        return await db.InTransaction<Results<Made<MergeView>, ProblemHttpResult>>(async tx =>
        {
            var file = await MergeFile.Read(tx, vault, books, request.Survivor, request.Absorbed, @lock: true);
            if (file.Survivor is not { } survivor) return CommonProblems.Unknown(request.Survivor);
            if (file.Absorbed is not { } absorbed) return CommonProblems.Unknown(request.Absorbed);
            if (file.Forbids() is { } no) return no.ToProblem();

            var person = DonorFile.Together(survivor, absorbed);
            Guid[] moved = [.. absorbed.Rows.Select(r => r.Id)];
            var row = new MergeRow(tx.NewId(), 1, survivor.Id, absorbed.Id, file.Dins, survivor.Key.Seal("merge_reason", request.Reason), tx.Now, caller.Staff!.Id, IdentityPolicy.Shipped.UndoUntil(tx.Now), null, null, null, []);
            tx.Write("insert into donor.merge (id, version, survivor_id, absorbed_id, dins, reason, merged_at, merged_by, undo_until) values (@Id, 1, @SurvivorId, @AbsorbedId, @Dins, @Reason, @MergedAt, @MergedBy, @UndoUntil)", row);
            tx.Write("update donor.donor set status = 'merged', merged_into = @SurvivorId where id = @AbsorbedId", row);
            tx.Write("insert into donor.donor_person (donor_id, person_id) select m.id, @survivor from unnest(@moved) as m(id) on conflict (donor_id) do update set person_id = excluded.person_id", new { survivor = survivor.Id, moved }, rows: moved.Length);
            tx.WriteAny("update donor.duplicate_dismissal set undone_at = @now, undone_by = @by where undone_at is null and first_id = any(@ids) and second_id = any(@ids)", new { ids = person.Rows.Select(r => r.Id).ToArray(), now = tx.Now, by = caller.Staff.Id });
            tx.Append(new DonorsMerged
            {
                Key = survivor.Id.ToString(), Version = person.NextVersion(), OccurredAt = tx.Now, StationId = caller.Tenant,
                MergeId = row.Id, Survivor = survivor.Id, Absorbed = absorbed.Id, Dins = file.Dins, Donors = MergeFile.Moved(person, moved),
            });
            tx.Append(new DonorChanged
            {
                Key = absorbed.Id.ToString(), Version = person.NextVersionOf(absorbed.Id), OccurredAt = tx.Now, DonorId = absorbed.Id, Status = "merged", BloodGroup = absorbed.BloodGroup, District = absorbed.District,
                Consents = [.. absorbed.Consents], Apps = absorbed.Apps, Memberships = absorbed.PublicMemberships,
            });
            // One history now: what one of them gave must not be used because of what was known of the other.
            var rules = person.Book.Near(Shanghai.DateOf(tx.Now));
            foreach (var (given, reaches) in new[] { (survivor.Given, absorbed.Reaches(rules)), (absorbed.Given, survivor.Reaches(rules)) })
                foreach (var donation in given.Where(d => reaches.Any(reach => reach.Covers(d.On)))) person.Withdraw(tx, donation.Din, donation.StationId, donation.DonorId);
            person.AnnounceChange(tx);
            person.AnnounceWindows(tx);
            person.Save(tx);
            tx.Audit("donor.merge", $"donor-merges/{row.Id}", new { survivor = survivor.Id, absorbed = absorbed.Id });
            return Answers.Created($"/v1/donor-merges/{row.Id}", 1, MergeView.Of(row, survivor.Key, tx.Now));
        }, ct);
    }
}
