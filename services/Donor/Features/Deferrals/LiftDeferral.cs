using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Deferrals;

public sealed record LiftDeferralRequest([property: StringLength(80, MinimumLength = 1)] string Reason);

/// <summary>POST /v1/deferrals/{id}/lift: a physician answers for it; what a test or the list of lasting reasons says, only re-entry ends.</summary>
public static class LiftDeferral
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/deferrals/{id:guid}/lift", Handle)
        .Allow("donors", Roles.Station).ByStaff("physician").WithSummary("Ends a deferral early");

    private static async Task<Results<Made<DeferralView>, ProblemHttpResult>> Handle(Guid id, LiftDeferralRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DeferralView>, ProblemHttpResult>>(async tx =>
        {
            var (donor, row) = await tx.Read(DonorFile.LockedBy("select donor_id from donor.deferral where id = @id") + DeferralFileRow.Select + " where f.id = @id for update of f", new { id },
                async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleOrDefaultAsync<DeferralFileRow>()));
            if (donor is null || row is null) return CommonProblems.Unknown(id);
            if (row.LiftedAt is not null) return Problems.DeferralNotActive.With();
            if (row.Reentry) return Problems.ReentryRequired.With();

            tx.Write("update donor.deferral set version = version + 1, lifted_at = @now, lifted_by = @by, lift_reason = @reason where id = @id",
                new { id, now = tx.Now, by = caller.Staff!.Id, reason = donor.Key.Seal("lift_reason", request.Reason) });
            var today = Shanghai.DateOf(tx.Now);
            donor.Lifted(new DeferralFact(donor.Key.Open("deferral_code", row.Code), row.StartsOn, row.EndsOn), today);
            donor.AnnounceWindows(tx);
            donor.Save(tx);
            tx.Audit("deferral.lift", $"deferrals/{id}", new { donorId = donor.Id });
            return Answers.Ok(row.Version + 1, DeferralView.Of(row with { LiftedAt = tx.Now }, donor.Key, donor.Book.Near(today)));
        }, ct);
}
