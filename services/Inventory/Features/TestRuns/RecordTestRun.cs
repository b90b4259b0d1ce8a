using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.TestRuns;

/// <summary>What an instrument measured in one run. Its rows are independent: a bad one is answered for itself.</summary>
public sealed record RecordTestRunRequest(
    [property: StringLength(80, MinimumLength = 1)] string RunId,
    [property: StringLength(80, MinimumLength = 1)] string Instrument,
    bool ControlsValid,
    [property: MinLength(1), MaxLength(1000)] IReadOnlyList<TestRowRequest> Rows,
    [property: StringLength(80)] string? Assay = null,
    [property: StringLength(80)] string? ReagentLot = null);

public sealed record TestRowRequest(string? Din = null, string? Test = null, string? Outcome = null, DateTimeOffset? PerformedAt = null, string? Round = null, string? Value = null, string? SampleId = null, string? PoolId = null);

public sealed record TestRunView(Guid Id, string RunId, bool ControlsValid, int Accepted, int Rejected, BulkItem[] Items);

/// <summary>One row's answer: `accepted` (and whether it is `void`, because the run's controls were), or `rejected` and why.</summary>
public sealed record BulkItem(int Index, string? Reference, string Status, string? Code = null, Guid? Id = null, FieldError[]? Errors = null);

/// <summary>POST /v1/test-runs</summary>
public static class RecordTestRun
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/test-runs", Handle)
        .Allow("inventory", Roles.Station).ByStaff("laboratory")
        .WithSummary("Records the results of a run; a reactive row holds at once");

    private static async Task<Results<Made<TestRunView>, ProblemHttpResult>> Handle(RecordTestRunRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<TestRunView>, ProblemHttpResult>>(async tx => Answers.Ok(1, await Record(tx, request, caller)), ct);

    /// <summary>A run as it was sent, or read from an analyser's file: rows, holds, and all that follows from them, in one transaction.</summary>
    internal static async Task<TestRunView> Record(Transaction tx, RecordTestRunRequest request, Caller caller)
    {
        var dins = request.Rows.Select(r => Din.Parse(r.Din)).ToArray();
        var wanted = dins.OfType<Din>().Distinct().OrderBy(d => d.Text, StringComparer.Ordinal).ToArray();
        var pools = await Pools.Read(tx, caller.Tenant, request.Rows.Select(r => r.PoolId).OfType<string>());
        var members = pools.MembersOf(request.Rows.Where(r => request.ControlsValid && r is { Outcome: "reactive", PoolId: not null, Test: not null }).Select(r => new Pool(r.PoolId!, r.Test!)));
        // Results for an issued number whose donation has not arrived are kept: its row is made here.
        var files = await DonationFile.Load(tx, [.. wanted.Select(d => d.Text).Union(members)], caller.Tenant, forUpdate: true, others: true, recalls: caller.Tenant, prepare: """
            insert into inventory.donation (din, version, station_id)
            select w.din, 0, b.station_id from unnest(@issued, @fins, @years, @numbers) as w(din, fin, yy, number)
            cross join lateral (select b.station_id, b.last_number from inventory.din_block b where b.fin = w.fin and b.yy = w.yy and b.first_number <= w.number order by b.first_number desc limit 1) b
            where b.last_number >= w.number and b.station_id = @station order by w.din
            on conflict (din) do nothing;
            """, prepareArgs: new { issued = wanted.Select(d => d.Text).ToArray(), fins = wanted.Select(d => d.Fin).ToArray(), years = wanted.Select(d => d.Year).ToArray(), numbers = wanted.Select(d => d.Number).ToArray() });

        var id = tx.NewId();
        var items = new BulkItem[request.Rows.Count];
        var accepted = new List<int>();
        DonationFile? FileOf(int i) => dins[i] is { } din ? files.ByDin.GetValueOrDefault(din.Text) : null;
        // Another donor's file may be here for look-back, another station's never is this caller's.
        var refused = request.Rows.Select((row, i) => dins[i] is null ? Problems.DinInvalid.Because() : FileOf(i) is not { } file || file.Row.StationId != caller.Tenant ? Problems.DinUnknown.Because() : Check(row, file.Scheme, tx.Now)).ToArray();
        // A pool is measured once for all its members: where they say two things of it, nobody knows which is true.
        foreach (var pool in request.Rows.Index().Where(r => refused[r.Index] is null && r.Item.PoolId is not null).GroupBy(r => (r.Item.PoolId, r.Item.Test, r.Item.Round)).Where(p => p.DistinctBy(r => r.Item.Outcome).Skip(1).Any()))
            foreach (var (i, _) in pool) refused[i] = Problems.PoolContradicts.Because(null, new FieldError("/outcome", "pool_contradicts", "Rows of this run say two things of the pool"));
        for (var i = 0; i < request.Rows.Count; i++)
        {
            var (row, file, no) = (request.Rows[i], FileOf(i), refused[i]);
            items[i] = no is null ? new(i, dins[i]!.Value.Text, "accepted") : new(i, row.Din, "rejected", no.Problem.Code, null, no.Errors.Length == 0 ? null : [.. no.Errors.Select(e => e with { Pointer = $"/rows/{i}{e.Pointer}" })]);
            if (no is not null) continue;
            accepted.Add(i);
            file!.Results.Add(new ResultRow { Din = file.Din, Test = row.Test!, Round = row.Round, Outcome = row.Outcome!, Value = row.Value, PoolId = row.PoolId, PerformedAt = row.PerformedAt!.Value, ControlsValid = request.ControlsValid, StaffId = caller.Staff!.Id, RunId = request.RunId, Instrument = request.Instrument, ReagentLot = request.ReagentLot });
        }

        tx.Write("""
            insert into inventory.test_run (id, station_id, run_id, instrument, assay, reagent_lot, controls_valid, staff_id, staff_number, accepted, rejected, recorded_at)
            values (@id, @Tenant, @RunId, @Instrument, @Assay, @ReagentLot, @ControlsValid, @staffId, @staffNumber, @accepted, @rejected, @now)
            """, new { id, caller.Tenant, request.RunId, request.Instrument, request.Assay, request.ReagentLot, request.ControlsValid, staffId = caller.Staff!.Id, staffNumber = caller.Staff.Number, accepted = accepted.Count, rejected = items.Length - accepted.Count, now = tx.Now });
        if (accepted.Count > 0)
        {
            T[] Column<T>(Func<int, T> of) => [.. accepted.Select(of)];
            tx.Write("""
                insert into inventory.test_result (test_run, row_index, din, test, round, outcome, value, performed_at, sample_id, pool_id)
                select @id, r.* from unnest(@index, @din, @test, @round, @outcome, @value, @performedAt, @sampleId, @poolId) as r
                """, new
            {
                id, index = Column(i => i), din = Column(i => dins[i]!.Value.Text), test = Column(i => request.Rows[i].Test!), round = Column(i => request.Rows[i].Round), outcome = Column(i => request.Rows[i].Outcome!),
                value = Column(i => request.Rows[i].Value), performedAt = Column(i => request.Rows[i].PerformedAt!.Value), sampleId = Column(i => request.Rows[i].SampleId), poolId = Column(i => request.Rows[i].PoolId),
            }, rows: accepted.Count);
        }
        var pooled = pools.Mark(files.ByDin.Values.Where(f => f.Row.StationId == caller.Tenant));
        var measured = accepted.Select(i => dins[i]!.Value.Text).ToHashSet();
        foreach (var file in files.ByDin.Values.Where(f => measured.Contains(f.Din) || pooled.Contains(f.Din)).ToList()) TestEffects.Apply(tx, file, files, caller, pooled.Contains(file.Din));
        files.HoldForRecalls(tx, caller); // a run, an instrument or a reagent under recall measured it
        DonationFile.Save(tx, files.ByDin.Values.Where(f => f.Changed || measured.Contains(f.Din)));
        tx.Audit("test-run.record", $"/v1/test-runs/{id}", new { accepted = accepted.Count, rejected = items.Length - accepted.Count });
        return new TestRunView(id, request.RunId, request.ControlsValid, accepted.Count, items.Length - accepted.Count, items);
    }

    /// <summary>Whether a row can be believed at all.</summary>
    internal static Rejection? Check(TestRowRequest row, TestScheme scheme, DateTimeOffset now)
    {
        var errors = new List<FieldError>();
        var test = scheme.Tests.FirstOrDefault(t => t.Test == row.Test);
        if (test is null) errors.Add(new("/test", "invalid", $"One of {string.Join(", ", scheme.Tests.Select(t => t.Test))}"));
        if (row.Outcome is not ("non-reactive" or "reactive" or "invalid")) errors.Add(new("/outcome", "invalid", "non-reactive, reactive or invalid"));
        if (row.Round is not (null or "first" or "second" or "retest-a" or "retest-b")) errors.Add(new("/round", "invalid", "first, second, retest-a or retest-b"));
        if (row.PerformedAt is null) errors.Add(new("/performedAt", "required", "When the test was performed"));
        foreach (var (pointer, text) in new[] { ("/value", row.Value), ("/sampleId", row.SampleId), ("/poolId", row.PoolId) })
            if (text is { Length: > 80 }) errors.Add(new(pointer, "invalid", "At most 80 characters"));
        if (row.Outcome is "non-reactive" or "reactive")
        {
            if (test is { Kind: "limit" } && !Conclusions.TryValue(row.Value, out _)) errors.Add(new("/value", "invalid", "A number such as 37.5"));
            if (test is { Kind: "group" } && !Parameters.BloodGroups.Contains(row.Value)) errors.Add(new("/value", "invalid", "One of " + string.Join(" ", Parameters.BloodGroups)));
        }
        if (errors.Count > 0) return CommonProblems.Invalid.Because(null, [.. errors]);
        return row.PerformedAt > now + ClockTolerance ? Problems.PerformedInFuture.Because(null, new FieldError("/performedAt", "in_future", "It lies in the future")) : null;
    }
}
