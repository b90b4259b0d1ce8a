using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.DonorMerges;

/// <summary>GET /v1/donor-merges/{id} and GET /v1/donor-merges?donorId=: undone ones included.</summary>
public static class GetMerge
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/donor-merges/{id:guid}", One).Allow("donors", Roles.Station).WithSummary("A merge of donors");
        app.MapGet("/v1/donor-merges", List).Allow("donors", Roles.Station).WithSummary("Merges, oldest first");
    }

    private static async Task<Results<Made<MergeView>, ProblemHttpResult>> One(Guid id, Database db, Vault vault, CancellationToken ct) =>
        await db.InTransaction<Results<Made<MergeView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<MergeRow>(MergeRow.Select + " where m.id = @id", new { id }) is not { } row) return CommonProblems.Unknown(id);
            tx.Audit("donor.merge-read", $"donor-merges/{id}");
            return Answers.Ok(row.Version, MergeView.Of(row, vault.Unwrap(row.SurvivorId, row.WrappedKey), tx.Now));
        }, ct);

    private static async Task<Ok<Page<MergeView>>> List(Database db, Vault vault, CancellationToken ct, Guid? donorId = null, int? limit = null, Guid? cursor = null) =>
        await db.InTransaction(async tx =>
        {
            var take = Answers.Limit(limit);
            var rows = await tx.Query<MergeRow>(MergeRow.Select + """
                 where (@donorId::uuid is null or @donorId in (m.survivor_id, m.absorbed_id)) and (@cursor::uuid is null or m.id > @cursor) order by m.id limit @more
                """, new { donorId, cursor, more = take + 1 });
            tx.Audit("donor.merge-read", "donor-merges", new { donorId });
            return TypedResults.Ok(Page<MergeView>.From(rows.ConvertAll(r => MergeView.Of(r, vault.Unwrap(r.SurvivorId, r.WrappedKey), tx.Now)), take, m => m.Id.ToString()));
        }, ct);
}
