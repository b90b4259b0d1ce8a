using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.TestRuns;

public sealed record RecordedRunView(Guid Id, string RunId, string Instrument, string? Assay, string? ReagentLot, bool ControlsValid, string StaffNumber, int Accepted, int Rejected, DateTimeOffset RecordedAt, RecordedRowView[] Rows);

/// <summary>A row as it was recorded; what was corrected stays beside its correction.</summary>
/// <param name="Corrects">The index of the row that this one corrects.</param>
/// <param name="CorrectedBy">The index of the row that corrects this one.</param>
/// <param name="StaffNumber">Who recorded it: the run's person, or who corrected.</param>
public sealed record RecordedRowView(
    int Index, string Din, string Test, string? Round, string Outcome, string? Value, DateTimeOffset PerformedAt, string? SampleId, string? PoolId,
    int? Corrects, int? CorrectedBy, string? ReasonCode, string StaffNumber, DateTimeOffset RecordedAt);

/// <summary>GET /v1/test-runs/{id}</summary>
public static class GetTestRun
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/test-runs/{id:guid}", Handle).Allow("inventory", Roles.Station).WithSummary("A recorded run with its rows and their corrections");

    private static async Task<Results<Made<RecordedRunView>, ProblemHttpResult>> Handle(Guid id, Caller caller, Database db, CancellationToken ct)
    {
        if (await db.QuerySingle<Row>("""
            select id, run_id, instrument, assay, reagent_lot, controls_valid, staff_number, accepted, rejected, recorded_at from inventory.test_run where id = @id and station_id = @Tenant
            """, new { id, caller.Tenant }, ct) is not { } run) return await db.Unknown("inventory.test_run", id, ct);
        var rows = (await db.Query<ResultRow>("""
            select r.row_index, r.din, r.test, r.round, r.outcome, r.value, r.performed_at, r.sample_id, r.pool_id, o.row_index as corrects, c.row_index as corrected_by, r.reason_code,
                   coalesce(r.staff_number, t.staff_number) as staff_number, coalesce(r.corrected_at, t.recorded_at) as recorded_at
            from inventory.test_run t join inventory.test_result r on r.test_run = t.id left join inventory.test_result o on o.id = r.corrects left join inventory.test_result c on c.corrects = r.id
            where t.id = @id order by r.row_index
            """, new { id }, ct)).Select(r => r.View).ToArray();
        return Answers.Ok(1 + rows.Count(r => r.Corrects is not null), new RecordedRunView(run.Id, run.RunId, run.Instrument, run.Assay, run.ReagentLot, run.ControlsValid, run.StaffNumber, run.Accepted, run.Rejected, run.RecordedAt, rows));
    }

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

    private sealed record ResultRow
    {
        public int RowIndex { get; init; }
        public string Din { get; init; } = "";
        public string Test { get; init; } = "";
        public string? Round { get; init; }
        public string Outcome { get; init; } = "";
        public string? Value { get; init; }
        public DateTimeOffset PerformedAt { get; init; }
        public string? SampleId { get; init; }
        public string? PoolId { get; init; }
        public int? Corrects { get; init; }
        public int? CorrectedBy { get; init; }
        public string? ReasonCode { get; init; }
        public string StaffNumber { get; init; } = "";
        public DateTimeOffset RecordedAt { get; init; }

        public RecordedRowView View => new(RowIndex, Din, Test, Round, Outcome, Value, PerformedAt, SampleId, PoolId, Corrects, CorrectedBy, ReasonCode, StaffNumber, RecordedAt);
    }
}
