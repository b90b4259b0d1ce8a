using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Recalls;

/// <summary>A case as it is listed.</summary>
public sealed record RecallItem
{
    public Guid Id { get; init; }
    public string Cause { get; init; } = "";

    /// <summary>`open` or `closed`.</summary>
    public string Status { get; init; } = "";
    public DateTimeOffset OpenedAt { get; init; }
    public DateTimeOffset Deadline { get; init; }

    /// <summary>The deadline has passed and a hospital has not answered.</summary>
    public bool Overdue { get; init; }
    public int Donations { get; init; }

    /// <summary>Bags with hospitals that have not answered.</summary>
    public int Unresolved { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
    public string? Conclusion { get; init; }
}

/// <summary>GET /v1/recalls: the station's, in the order in which they were opened.</summary>
public static class ListRecalls
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/recalls", Handle).Allow("inventory", Roles.Station).WithSummary("The station's recalls");

    private static async Task<Results<Ok<Page<RecallItem>>, ProblemHttpResult>> Handle([AllowedValues("open", "closed", null)] string? status, int? limit, string? cursor, Caller caller, Database db, TimeProvider clock, CancellationToken ct)
    {
        Guid after = default;
        if (cursor is not null && !Guid.TryParse(cursor, out after)) return CommonProblems.Invalid.With(null, new FieldError("/cursor", "invalid", "Send the next of the page before"));
        var take = Answers.Limit(limit);
        var rows = await db.Query<RecallItem>("""
            select r.id, r.cause, case when r.closed_at is null then 'open' else 'closed' end as status, r.opened_at, r.deadline, r.deadline < @now and t.open > 0 as overdue,
                   (select count(*)::int from inventory.recall_donation q where q.recall_id = r.id) as donations, t.open as unresolved, r.closed_at, r.conclusion
            from inventory.recall r cross join lateral (select count(*)::int as open from inventory.hospital_task t where t.source_id = r.id and t.outcome is null) t
            where r.station_id = @Tenant and r.id > @after and (@status::text is null or (r.closed_at is null) = (@status = 'open')) order by r.id limit @take + 1
            """, new { caller.Tenant, after, status, take, now = clock.GetUtcNow() }, ct);
        return TypedResults.Ok(Page<RecallItem>.From(rows, take, r => r.Id.ToString()));
    }
}
