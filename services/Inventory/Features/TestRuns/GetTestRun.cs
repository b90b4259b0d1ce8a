using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.TestRuns;

public sealed record RecordedRunView(Guid Id, string RunId, string Instrument, string? Assay, string? ReagentLot, bool ControlsValid, string StaffNumber, int Accepted, int Rejected, DateTimeOffset RecordedAt);

/// <summary>GET /v1/test-runs/{id}</summary>
public static class GetTestRun
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/test-runs/{id:guid}", Handle).Allow("inventory", Roles.Station).WithSummary("A recorded run");

    private static async Task<Results<Made<RecordedRunView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<Row>("""
            select id, run_id, instrument, assay, reagent_lot, controls_valid, staff_number, accepted, rejected, recorded_at from inventory.test_run where id = @id and station_id = @Tenant
            """, new { id, caller.Tenant }, ct) is { } run
            ? Answers.Ok(1, new RecordedRunView(run.Id, run.RunId, run.Instrument, run.Assay, run.ReagentLot, run.ControlsValid, run.StaffNumber, run.Accepted, run.Rejected, run.RecordedAt))
            : await db.Unknown("inventory.test_run", id, ct);

    private sealed record Row
    {
        public Guid Id { get; init; }
        public string RunId { get; init; } = "";
        public string Instrument { get; init; } = "";
        public string? Assay { get; init; }
        public string? ReagentLot { get; init; }
        public bool ControlsValid { get; init; }
        public string StaffNumber { get; init; } = "";
        public int Accepted { get; init; }
        public int Rejected { get; init; }
        public DateTimeOffset RecordedAt { get; init; }
    }
}
