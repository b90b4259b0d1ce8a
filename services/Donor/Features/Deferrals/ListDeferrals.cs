using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Deferrals;

/// <summary>GET /v1/donors/{id}/deferrals and GET /v1/deferrals/{id}: medical, so for stations only, and every read is audited.</summary>
public static class ListDeferrals
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/donors/{id:guid}/deferrals", List).Allow("donors", Roles.Station).WithSummary("A donor's deferrals, lifted ones included");
        app.MapGet("/v1/deferrals/{id:guid}", One).Allow("donors", Roles.Station).WithSummary("A deferral");
    }

    private static async Task<Results<Ok<Page<DeferralView>>, ProblemHttpResult>> List(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct, int? limit = null, Guid? cursor = null) =>
        await db.InTransaction<Results<Ok<Page<DeferralView>>, ProblemHttpResult>>(async tx =>
        {
            var take = Answers.Limit(limit);
            var (known, rows) = await tx.Read($"""
                select exists (select from donor.donor where id = @donorId);
                {DeferralFileRow.Select} where f.donor_id = any({DonorFile.IdsOf}) and (@cursor is null or f.id > @cursor) order by f.id limit @more
                """, new { donorId = id, cursor, more = take + 1 }, async grid => (await grid.ReadSingleAsync<bool>(), (await grid.ReadAsync<DeferralFileRow>()).ToList()));
            if (!known) return CommonProblems.Unknown(id);
            tx.Audit("deferral.read", $"donors/{id}");
            var rules = books.Remembered.Near(Shanghai.DateOf(tx.Now));
            return TypedResults.Ok(Page<DeferralView>.From([.. rows.Select(r => DeferralView.Of(r, vault.Unwrap(r.DonorId, r.WrappedKey), rules))], take, d => d.Id.ToString()));
        }, ct);

    private static async Task<Results<Made<DeferralView>, ProblemHttpResult>> One(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DeferralView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<DeferralFileRow>(DeferralFileRow.Select + " where f.id = @id", new { id }) is not { } row) return CommonProblems.Unknown(id);
            tx.Audit("deferral.read", $"deferrals/{id}");
            return Answers.Ok(row.Version, DeferralView.Of(row, vault.Unwrap(row.DonorId, row.WrappedKey), books.Remembered.Near(Shanghai.DateOf(tx.Now))));
        }, ct);
}
