using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.TestRuns;

/// <param name="RowIndex">The row's index in its run, as GET shows it; of a correction its own.</param>
/// <param name="Outcome">What the row should have said; `invalid` where it says nothing of this donation.</param>
public sealed record CorrectResultRequest(
    int RowIndex,
    [property: AllowedValues("non-reactive", "reactive", "invalid")] string Outcome,
    [property: AllowedValues("transcription", "wrong-sample", "wrong-value", "instrument", "reagent")] string ReasonCode,
    [property: StringLength(80)] string? Value = null);

/// <summary>
/// POST /v1/test-runs/{id}/corrections: a second person says what a row should have said. The row stays; the correction is a new one beside it
/// and counts in its place, but for a reactive row, which goes on counting. What was concluded from the wrong row is put right in the same transaction.
/// </summary>
public static class CorrectResult
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/test-runs/{id:guid}/corrections", Handle)
        .Allow("inventory", Roles.Station).ByStaff("laboratory").Creates()
        .WithSummary("Corrects a row by a second person; what was reactive stays so");

    private static async Task<Results<Made<RecordedRowView>, ProblemHttpResult>> Handle(Guid id, CorrectResultRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<RecordedRowView>, ProblemHttpResult>>(async tx =>
        {
            // The lock gives the correction the next index of the run.
            var (run, row) = await tx.Read("""
                select 1 from pg_advisory_xact_lock(hashtextextended('inventory.test-run/' || @id, 0));
                select t.run_id, t.instrument, t.reagent_lot, t.controls_valid, t.staff_id, (select coalesce(max(r.row_index), -1) + 1 from inventory.test_result r where r.test_run = t.id) as next_index,
                       (select count(*)::int from inventory.test_result r where r.test_run = t.id and r.corrects is not null) as corrections
                  from inventory.test_run t where t.id = @id and t.station_id = @Tenant;
                select r.id, r.din, r.test, r.round, r.outcome, r.value, r.performed_at, r.sample_id, r.pool_id, r.staff_id, exists (select from inventory.test_result c where c.corrects = r.id) as corrected
                  from inventory.test_result r where r.test_run = @id and r.row_index = @RowIndex;
                """, new { id, caller.Tenant, request.RowIndex }, async grid =>
            {
                await grid.ReadAsync<int>();
                return (await grid.ReadSingleOrDefaultAsync<RunRow>(), await grid.ReadSingleOrDefaultAsync<WrongRow>());
            });
            if (run is null) return await tx.Unknown("inventory.test_run", id);
            if (row is null) return CommonProblems.Invalid.With(null, new FieldError("/rowIndex", "unknown", "The run has no recorded row of this index"));
            var by = caller.Staff!;
            if (run.StaffId == by.Id || row.StaffId == by.Id) return Problems.OwnResult.With();
            if (row.Corrected) return Problems.ResultCorrected.With();
            if ((row.Outcome, row.Value) == (request.Outcome, request.Value)) return CommonProblems.Invalid.With(null, new FieldError("/outcome", "unchanged", "The row says just this"));

            var pools = await Pools.Read(tx, caller.Tenant, row.PoolId is null ? [] : [row.PoolId]);
            var members = row.PoolId is not null && run.ControlsValid && request.Outcome == "reactive" ? pools.MembersOf([new(row.PoolId, row.Test)]) : [];
            var files = await DonationFile.Load(tx, [.. members.Prepend(row.Din)], caller.Tenant, forUpdate: true, others: true);
            var file = files.ByDin[row.Din];
            if (RecordTestRun.Check(new(row.Din, row.Test, request.Outcome, row.PerformedAt, row.Round, request.Value, row.SampleId, row.PoolId), file.Scheme, tx.Now) is { } no) return no.ToProblem();

            var before = file.Conclusions;
            file.Results.Add(new ResultRow
            {
                Corrects = row.Id, Din = row.Din, Test = row.Test, Round = row.Round, Outcome = request.Outcome, Value = request.Value, PoolId = row.PoolId, PerformedAt = row.PerformedAt,
                ControlsValid = run.ControlsValid, StaffId = by.Id, RunId = run.RunId, Instrument = run.Instrument, ReagentLot = run.ReagentLot,
            });
            tx.Write("""
                insert into inventory.test_result (test_run, row_index, din, test, round, outcome, value, performed_at, sample_id, pool_id, corrects, reason_code, corrected_at, staff_id, staff_number)
                values (@id, @NextIndex, @Din, @Test, @Round, @Outcome, @Value, @PerformedAt, @SampleId, @PoolId, @corrects, @ReasonCode, @now, @staffId, @staffNumber)
                """, new
            {
                id, run.NextIndex, row.Din, row.Test, row.Round, request.Outcome, request.Value, row.PerformedAt, row.SampleId, row.PoolId, corrects = row.Id, request.ReasonCode, now = tx.Now, staffId = by.Id, staffNumber = by.Number,
            });

            var others = await ForgetGroup(tx, file, files);
            var pooled = pools.Mark(files.ByDin.Values.Where(f => f.Row.StationId == caller.Tenant));
            foreach (var affected in files.ByDin.Values.Where(f => f == file || pooled.Contains(f.Din)).Concat(others).Distinct().ToList()) TestEffects.Apply(tx, affected, files, caller, pooled.Contains(affected.Din));

            // Who signed has seen a label, and what has left quarantine was judged, by the row as it was: quality looks.
            var after = file.Conclusions;
            if (!file.Row.Backfilled && (file.Signers.Count > 0 || file.Units.Exists(u => u.Status is not ("quarantine" or "expired" or "discarded"))) && (before.Group != after.Group || !before.ByTest.SequenceEqual(after.ByTest)))
                file.Hold(tx, "quality", tx.NewId(), caller);
            DonationFile.Save(tx, files.ByDin.Values.Where(f => f == file || f.Changed || others.Contains(f)));
            tx.Audit("test-result.correct", $"/v1/test-runs/{id}", new { request.RowIndex, request.ReasonCode });
            return Answers.Created($"/v1/test-runs/{id}", 2 + run.Corrections, new RecordedRowView(run.NextIndex, row.Din, row.Test, row.Round, request.Outcome, request.Value, row.PerformedAt, row.SampleId, row.PoolId, request.RowIndex, null, request.ReasonCode, by.Number, tx.Now));
        }, ct);

    /// <summary>
    /// A group that the donation's rows no longer say is not held against anything any more: bags in quarantine lose it, and the donor's known group is
    /// what his other donations say, if any does.
    /// </summary>
    /// <returns>The donor's other donations, which may have been measured against it.</returns>
    private static async Task<List<DonationFile>> ForgetGroup(Transaction tx, DonationFile file, Files files)
    {
        if (file.Row.BloodGroup is not { } wrong || file.GroupOfRows == wrong) return [];
        if (file.Row.ReleasedAt is null)
        {
            file.Row.BloodGroup = null;
            foreach (var unit in file.Units.Where(u => u.Status == "quarantine")) unit.BloodGroup = null;
            tx.WriteAny("update inventory.unit set blood_group = null, version = version + 1 where din = @Din and status = 'quarantine'", new { file.Din });
        }
        if (file.Safety is not { } safety || safety.BloodGroup != wrong) return [];
        safety.BloodGroup = await tx.QuerySingle<string>("""
            select d.blood_group from inventory.donation d where d.donor_id = @DonorId and d.din <> @Din and d.voided_at is null and d.arrived_at is not null and d.blood_group is not null order by d.arrived_at, d.din limit 1
            """, new { safety.DonorId, file.Din });
        tx.Write("update inventory.donor_safety set blood_group = @BloodGroup where donor_id = @DonorId", new { safety.BloodGroup, safety.DonorId });
        return [.. files.ByDin.Values.Where(f => f != file && f.Arrived && f.Row.VoidedAt is null && f.Row.PersonId == file.Row.PersonId)];
    }

    private sealed record RunRow
    {
        public string RunId { get; init; } = "";
        public string Instrument { get; init; } = "";
        public string? ReagentLot { get; init; }
        public bool ControlsValid { get; init; }
        public Guid StaffId { get; init; }
        public int NextIndex { get; init; }
        public int Corrections { get; init; }
    }

    private sealed record WrongRow
    {
        public long Id { get; init; }
        public string Din { get; init; } = "";
        public string Test { get; init; } = "";
        public string? Round { get; init; }
        public string Outcome { get; init; } = "";
        public string? Value { get; init; }
        public DateTimeOffset PerformedAt { get; init; }
        public string? SampleId { get; init; }
        public string? PoolId { get; init; }
        public Guid? StaffId { get; init; }
        public bool Corrected { get; init; }
    }
}
