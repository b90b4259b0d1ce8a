using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Deferrals;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.ReentryCases;

public sealed record OpenReentryCaseRequest(Guid DeferralId);

/// <summary>POST /v1/reentry-cases: a donor asks to give again although a test or a lasting reason stands against him. The criteria are those of today's rules.</summary>
public static class OpenReentryCase
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/reentry-cases", Handle)
        .Allow("donors", Roles.Station).ByStaff("physician", "quality").Creates().WithSummary("Opens the only way out of a deferral that re-entry ends");

    private static async Task<Results<Made<ReentryCaseView>, ProblemHttpResult>> Handle(OpenReentryCaseRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<ReentryCaseView>, ProblemHttpResult>>(async tx =>
        {
            var (donor, deferral) = await tx.Read(DonorFile.LockedBy("select donor_id from donor.deferral where id = @DeferralId") + DeferralFileRow.Select + " where f.id = @DeferralId for update of f", new { request.DeferralId },
                async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleOrDefaultAsync<DeferralFileRow>()));
            if (donor is null || deferral is null) return CommonProblems.Unknown(request.DeferralId);
            if (deferral.LiftedAt is not null) return Problems.DeferralNotActive.With();
            if (!deferral.Reentry) return Problems.ReentryNotNeeded.With();
            var rules = donor.Book.Near(Shanghai.DateOf(tx.Now));
            if (Reentry.Criteria(rules, donor.Key.Open("deferral_code", deferral.Code)).Length == 0) return Problems.NoReentry.With();

            var id = tx.NewId();
            tx.Write("""
                insert into donor.reentry_case (id, version, donor_id, deferral_id, station_id, status, rule_set, rule_set_version, opened_at, opened_by)
                values (@id, 1, @donorId, @DeferralId, @station, 'open', @Code, @Version, @now, @by)
                """, new { id, donorId = donor.Id, request.DeferralId, station = caller.Tenant, rules.Code, rules.Version, now = tx.Now, by = caller.Staff!.Id });
            tx.Audit("reentry.open", $"reentry-cases/{id}", new { request.DeferralId, donorId = donor.Id });
            var row = new CaseRow(id, 1, donor.Id, request.DeferralId, caller.Tenant, "open", rules.Code, rules.Version, tx.Now, caller.Staff.Id, null, null, deferral.Code, deferral.StartsOn, deferral.EndsOn, null);
            return Answers.Created($"/v1/reentry-cases/{id}", 1, new ReentryFile { Row = row, Donor = donor, Rules = rules, Met = [], Signatures = [] }.View());
        }, ct);
}
