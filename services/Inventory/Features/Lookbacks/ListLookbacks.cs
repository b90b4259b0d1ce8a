using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Projections;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Lookbacks;

/// <summary>A case as it is listed.</summary>
public sealed record LookbackItem
{
    public Guid Id { get; init; }
    public string Din { get; init; } = "";
    public Guid DonorId { get; init; }
    public string Reason { get; init; } = "";

    /// <summary>`open` or `closed`.</summary>
    public string Status { get; init; } = "";
    public DateTimeOffset OpenedAt { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
    public string? Conclusion { get; init; }
}

/// <summary>GET /v1/lookbacks: the station's, in the order in which they were opened.</summary>
public static class ListLookbacks
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/lookbacks", Handle).Allow("inventory", Roles.Station).WithSummary("The station's look-backs");

    private static async Task<Results<Ok<Page<LookbackItem>>, ProblemHttpResult>> Handle([AllowedValues("open", "closed", null)] string? status, int? limit, string? cursor, Caller caller, Database db, CancellationToken ct)
    {
        Guid after = default;
        if (cursor is not null && !Guid.TryParse(cursor, out after)) return CommonProblems.Invalid.With(null, new FieldError("/cursor", "invalid", "Send the next of the page before"));
        var take = Answers.Limit(limit);
        return await db.InTransaction<Results<Ok<Page<LookbackItem>>, ProblemHttpResult>>(async tx =>
        {
            var rows = await tx.Query<LookbackItem>($"""
                select l.id, l.din, {Persons.Of("l.donor_id")} as donor_id, l.reason, case when l.closed_at is null then 'open' else 'closed' end as status, l.opened_at, l.closed_at, l.conclusion
                from inventory.lookback l where l.station_id = @Tenant and l.id > @after and (@status::text is null or (l.closed_at is null) = (@status = 'open')) order by l.id limit @take + 1
                """, new { caller.Tenant, after, status, take });
            tx.Audit("lookback.list", "/v1/lookbacks", new { status });
            return TypedResults.Ok(Page<LookbackItem>.From(rows, take, r => r.Id.ToString()));
        }, ct);
    }
}
