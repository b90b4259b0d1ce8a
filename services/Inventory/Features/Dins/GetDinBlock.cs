using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Dins;

/// <summary>GET /v1/din-blocks/{id}</summary>
public static class GetDinBlock
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/din-blocks/{id:guid}", Handle).Allow("inventory", Roles.Station).WithSummary("A block of issued numbers");

    private static async Task<Results<Made<DinBlockView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct)
    {
        var block = await db.QuerySingle<Row>("select id, fin, yy, first_number, last_number, drive_id, issued_at from inventory.din_block where id = @id and station_id = @Tenant", new { id, caller.Tenant }, ct);
        if (block is null) return await db.Unknown("inventory.din_block", id, ct);
        var dins = Enumerable.Range(block.FirstNumber, block.LastNumber - block.FirstNumber + 1).Select(n => Din.Of(block.Fin, block.Yy, n).Text).ToArray();
        return Answers.Ok(1, new DinBlockView(block.Id, dins[0], dins[^1], dins.Length, block.DriveId, block.IssuedAt, dins));
    }

    private sealed record Row
    {
        public Guid Id { get; init; }
        public string Fin { get; init; } = "";
        public int Yy { get; init; }
        public int FirstNumber { get; init; }
        public int LastNumber { get; init; }
        public Guid? DriveId { get; init; }
        public DateTimeOffset IssuedAt { get; init; }
    }
}
