using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.ReentryCases;

/// <summary>
/// POST /v1/reentry-cases/{id}/signatures: with every criterion met, two different people end the deferral. Only this one: whatever else stands
/// against the donor stays.
/// </summary>
public static class SignReentry
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/reentry-cases/{id:guid}/signatures", Handle)
        .Allow("donors", Roles.Station).ByStaff("physician", "quality").WithSummary("Signs a re-entry; the second person's signature lifts the deferral");

    private static async Task<Results<Made<ReentryCaseView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ReentryCaseView>, ProblemHttpResult>>(async tx =>
        {
            if (await ReentryFile.Lock(tx, vault, books, id) is not { } file) return CommonProblems.Unknown(id);
            var (row, donor, staff) = (file.Row, file.Donor, caller.Staff!.Id);
            if (row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            if (row.Status != "open") return Problems.CaseClosed.With($"The case is {row.Status}");
            var (signatures, no) = Reentry.Sign(file.Criteria, file.MetCriteria, [.. file.Signatures.Select(s => s.StaffId)], staff);
            if (no is not null) return no.ToProblem();

            tx.Write("insert into donor.reentry_signature (case_id, staff_id, signed_at) values (@id, @staff, @now)", new { id, staff, now = tx.Now });
            file.Signatures.Add(new(staff, tx.Now));
            if (signatures == Reentry.SignaturesNeeded)
            {
                file.Row = row with { Status = "lifted", ClosedAt = tx.Now };
                tx.Write("update donor.deferral set version = version + 1, lifted_at = @now, lifted_by = @staff, reentry_case_id = @id where id = @DeferralId and lifted_at is null", new { id, staff, now = tx.Now, row.DeferralId });
                donor.Lifted(new DeferralFact(file.DeferralCode, row.StartsOn, row.EndsOn), Shanghai.DateOf(tx.Now));
                donor.AnnounceWindows(tx);
                donor.Save(tx);
            }
            tx.Write("update donor.reentry_case set version = version + 1, status = @Status, closed_at = @ClosedAt where id = @id", new { id, file.Row.Status, file.Row.ClosedAt });
            tx.Audit("reentry.sign", $"reentry-cases/{id}", new { signatures });
            return Answers.Ok(row.Version + 1, file.View());
        }, ct);
}
