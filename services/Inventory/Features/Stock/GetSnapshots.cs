using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Stock;

public sealed record SnapshotItem
{
    public Guid Id { get; init; }
    public DateTimeOffset TakenAt { get; init; }
    public DateTimeOffset ReceivedAt { get; init; }
    public int Accepted { get; init; }
    public int Rejected { get; init; }

    /// <summary>Bags of which nothing differed.</summary>
    public int Agreeing { get; init; }
}

/// <summary>GET /v1/stock-snapshots/{stationId}: the counts, newest first; …/{id}: what differed in one.</summary>
public static class GetSnapshots
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/stock-snapshots/{stationId:guid}", List).Allow("inventory", Roles.Station).WithSummary("The station's last hundred counts");
        app.MapGet("/v1/stock-snapshots/{stationId:guid}/{id:guid}", Get).Allow("inventory", Roles.Station).WithSummary("What differed in a count");
    }

    private static async Task<Results<Ok<SnapshotItem[]>, ProblemHttpResult>> List(Guid stationId, Caller caller, Database db, CancellationToken ct) => stationId != caller.Tenant ? CommonProblems.NotFound.With()
        : TypedResults.Ok((await db.Query<SnapshotItem>("select s.id, s.taken_at, s.received_at, s.accepted, s.rejected, s.agreeing from inventory.stock_snapshot s where s.station_id = @stationId order by s.taken_at desc limit 100", new { stationId }, ct)).ToArray());

    private static async Task<Results<Ok<Page<Difference>>, ProblemHttpResult>> Get(Guid stationId, Guid id, int? limit, int? cursor, Caller caller, Database db, CancellationToken ct)
    {
        if (stationId != caller.Tenant || !await db.QuerySingle<bool>("select exists (select from inventory.stock_snapshot s where s.id = @id and s.station_id = @stationId)", new { id, stationId }, ct)) return CommonProblems.NotFound.With();
        var take = Answers.Limit(limit);
        var rows = await db.Query<Row>("select f.n, f.kind, f.unit_id, f.din, f.product_code, f.division, f.here, f.there, f.act from inventory.snapshot_finding f where f.snapshot_id = @id and f.n > coalesce(@cursor, 0) order by f.n limit @take + 1", new { id, cursor, take }, ct);
        var page = Page<Row>.From(rows, take, r => r.N.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<Difference>([.. page.Items.Select(r => new Difference(r.Kind, r.UnitId, r.Din, r.ProductCode, r.Division, r.Here, r.There, r.Act))], page.Next));
    }

    private sealed record Row
    {
        public int N { get; init; }
        public string Kind { get; init; } = "";
        public Guid? UnitId { get; init; }
        public string Din { get; init; } = "";
        public string ProductCode { get; init; } = "";
        public string Division { get; init; } = "";
        public string? Here { get; init; }
        public string? There { get; init; }
        public string? Act { get; init; }
    }
}
