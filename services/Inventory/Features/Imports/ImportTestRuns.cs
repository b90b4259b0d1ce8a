using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.TestRuns;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Imports;

/// <summary>How far an analyser's file is, and which of its rows were refused.</summary>
/// <param name="State">`queued`, `running`, `succeeded` or `failed`.</param>
/// <param name="Items">Refused rows, a page of them.</param>
public sealed record TestRunImportView(Guid Id, string State, JobProgress Progress, int Accepted, int Rejected, IReadOnlyList<RefusedLine> Items, string? Next, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt);

/// <summary>A row of the file: what it says of its run, and its result.</summary>
internal sealed record AnalyserLine(string RunId, string Instrument, string? Assay, string? ReagentLot, bool ControlsValid, TestRowRequest Result);

/// <summary>
/// POST /v1/imports/test-runs: what an analyser wrote, recorded run by run as POST /v1/test-runs records them, each run in a transaction of its own. The same file
/// is one import; a run that is recorded already is refused row by row.
/// </summary>
public static class ImportTestRuns
{
    public const string Kind = "import-test-runs";
    private const int MostRows = 100_800, MostRowsOfRun = 1000;
    private static readonly string[] Columns = ["run_id", "instrument", "assay", "reagent_lot", "controls_valid", "din", "test", "round", "outcome", "value", "performed_at", "sample_id", "pool_id"];
    private static readonly string[] Needed = ["run_id", "instrument", "controls_valid", "din", "test", "outcome", "performed_at"];

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/imports/test-runs", Start).Allow("inventory", Roles.Station).ByStaff("laboratory").WithSummary("Records the runs of an analyser's file")
            .WithDescription($"The body is text/csv, at most 10 MiB and 100,800 rows, with a heading: {string.Join(", ", Columns)}. The same file again answers with its first import");
        app.MapGet("/v1/imports/test-runs/{id:guid}", Get).Allow("inventory", Roles.Station).WithSummary("How far an analyser's file is, and which rows were refused");
    }

    private sealed record Order(Guid ImportId);

    private sealed record ReadLine(int Line, int? Run, AnalyserLine? Content, FieldError[] Errors);

    private static async Task<Results<Accepted<TestRunImportView>, ProblemHttpResult>> Start(HttpRequest http, Caller caller, Database db, CancellationToken ct)
    {
        var (body, no) = await CsvFile.Body(http, ct);
        if (no is not null) return no;
        var fingerprint = SHA256.HashData(body!);
        var runs = new Dictionary<string, (int Number, AnalyserLine Head)>();
        var (lines, unreadable) = CsvFile.Read(body!, Columns, Needed, MostRows, (number, field) => Line(number, new(field), runs));
        if (unreadable is not null) return Problems.ImportUnreadable.With(unreadable);
        return await db.InTransaction<Results<Accepted<TestRunImportView>, ProblemHttpResult>>(async tx =>
        {
            if (await tx.QuerySingle<ImportRow>($"{ImportRow.Select} where i.station_id = @Tenant and i.fingerprint = @fingerprint", new { caller.Tenant, fingerprint }) is { } before)
                return TypedResults.Accepted($"/v1/imports/test-runs/{before.Id}", before.View([], null));
            var (id, staff, refused) = (tx.NewId(), caller.Staff!, lines!.Count(l => l.Content is null));
            tx.Write("""
                insert into inventory.test_run_import (id, station_id, fingerprint, client_id, staff_id, staff_number, job_id, rows, accepted, rejected, created_at)
                values (@id, @Tenant, @fingerprint, @ClientId, @staffId, @staffNumber, @job, @Count, 0, @refused, @now)
                """, new { id, caller.Tenant, fingerprint, caller.ClientId, staffId = staff.Id, staffNumber = staff.Number, job = tx.StartJob(Kind, new Order(id)), lines!.Count, refused, now = tx.Now });
            tx.Write("""
                insert into inventory.test_run_import_row (import_id, line, run, content, outcome, code, errors)
                select @id, r.line, r.run, r.content::jsonb, case when r.content is null then 'rejected' end, case when r.content is null then 'invalid_value' end, r.errors::jsonb
                from unnest(@line, @run, @content, @errors) as r(line, run, content, errors)
                """, new
            {
                id, line = lines.Select(l => l.Line).ToArray(), run = lines.Select(l => l.Run).ToArray(), content = lines.Select(l => l.Content is null ? null : JsonSerializer.Serialize(l.Content, Json.Options)).ToArray(),
                errors = lines.Select(l => l.Errors.Length == 0 ? null : JsonSerializer.Serialize(l.Errors, Json.Options)).ToArray(),
            }, rows: lines.Count);
            tx.Audit("test-runs.import", $"/v1/imports/test-runs/{id}", new { rows = lines.Count });
            return TypedResults.Accepted($"/v1/imports/test-runs/{id}", new TestRunImportView(id, "queued", new(refused, lines.Count), 0, refused, [], null, tx.Now, null));
        }, ct);
    }

    /// <summary>What a row says of its run must be what the run's first row says: nobody can tell which of two is true.</summary>
    private static ReadLine Line(int number, CsvRow row, Dictionary<string, (int Number, AnalyserLine Head)> runs)
    {
        var errors = row.Errors;
        foreach (var column in new[] { "run_id", "instrument", "controls_valid", "performed_at" }) if (row.Text(column) is null) errors.Add(new(column, "required", "It is empty"));
        foreach (var column in new[] { "run_id", "instrument", "assay", "reagent_lot" }) if (row.Text(column) is { Length: > 80 }) errors.Add(new(column, "invalid", "At most 80 characters"));
        var (controls, performed) = (row.Flag("controls_valid"), row.Time("performed_at"));
        if (errors.Count > 0) return new(number, null, null, [.. errors]);
        var line = new AnalyserLine(row.Text("run_id")!, row.Text("instrument")!, row.Text("assay"), row.Text("reagent_lot"), controls,
            new(row.Text("din"), row.Text("test"), row.Text("outcome"), performed, row.Text("round"), row.Text("value"), row.Text("sample_id"), row.Text("pool_id")));
        if (!runs.TryGetValue(line.RunId, out var run)) runs[line.RunId] = run = (runs.Count, line);
        foreach (var (column, differs) in new[] { ("instrument", line.Instrument != run.Head.Instrument), ("assay", line.Assay != run.Head.Assay), ("reagent_lot", line.ReagentLot != run.Head.ReagentLot), ("controls_valid", line.ControlsValid != run.Head.ControlsValid) })
            if (differs) errors.Add(new(column, "contradicts", "Another row of this run says otherwise"));
        return new(number, run.Number, errors.Count > 0 ? null : line, [.. errors]);
    }

    private static async Task<Results<Ok<TestRunImportView>, ProblemHttpResult>> Get(Guid id, Caller caller, Database db, CancellationToken ct, int? limit = null, int? cursor = null)
    {
        if (await db.QuerySingle<ImportRow>($"{ImportRow.Select} where i.id = @id and i.station_id = @Tenant", new { id, caller.Tenant }, ct) is not { } import) return await db.Unknown("inventory.test_run_import", id, ct);
        var take = Answers.Limit(limit);
        var rows = await db.Query<RefusedRow>("select line, code, errors::text as errors from inventory.test_run_import_row where import_id = @id and outcome = 'rejected' and line > coalesce(@cursor, 0) order by line limit @more", new { id, cursor, more = take + 1 }, ct);
        var page = Page<RefusedRow>.From(rows, take, r => r.Line.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(import.View([.. page.Items.Select(r => new RefusedLine(r.Line, r.Code, r.Errors is null ? [] : JsonSerializer.Deserialize<FieldError[]>(r.Errors, Json.Options)!))], page.Next));
    }

    /// <summary>One run: its results with all that follows from them, its rows' outcomes and the cursor are one transaction.</summary>
    public static async Task<JobStep> Step(Job job, Transaction tx, IServiceProvider services)
    {
        var (id, after) = (job.Input<Order>().ImportId, job.Cursor<int?>() ?? -1);
        var (import, rows) = await tx.Read($"""
            {ImportRow.Select} where i.id = @id;
            select r.line, r.run, r.content::text as content from inventory.test_run_import_row r
            where r.import_id = @id and r.content is not null and r.run = (select min(n.run) from inventory.test_run_import_row n where n.import_id = @id and n.content is not null and n.run > @after) order by r.line;
            """, new { id, after }, async grid => (await grid.ReadSingleAsync<ImportRow>(), (await grid.ReadAsync<KeptRow>()).ToList()));
        if (rows.Count == 0)
        {
            tx.Write("update inventory.test_run_import set finished_at = @now where id = @id", new { id, now = tx.Now });
            return JobStep.Finished(new { import.Accepted, import.Rejected }, import.Rows);
        }
        var lines = rows.ConvertAll(r => JsonSerializer.Deserialize<AnalyserLine>(r.Content, Json.Options)!);
        var head = lines[0];
        BulkItem[] items;
        if (lines.Count > MostRowsOfRun) items = [.. lines.Select((_, i) => new BulkItem(i, null, "rejected", CommonProblems.Invalid.Code, null, [new("run_id", "too_many", $"At most {MostRowsOfRun} rows of a run")]))];
        else if (await tx.QuerySingle<bool>("select exists (select from inventory.test_run t where t.station_id = @StationId and t.run_id = @RunId)", new { import.StationId, head.RunId }))
            items = [.. lines.Select((_, i) => new BulkItem(i, null, "rejected", Problems.RunExists.Code))];
        else
            items = (await RecordTestRun.Record(tx, new(head.RunId, head.Instrument, head.ControlsValid, [.. lines.Select(l => l.Result)], head.Assay, head.ReagentLot),
                new Caller(import.ClientId, Roles.Station, import.StationId, [], [], new Staff(import.StaffId, import.StaffNumber, ["laboratory"])))).Items;

        var accepted = items.Count(i => i.Status == "accepted");
        tx.Write("""
            update inventory.test_run_import_row r set content = null, outcome = o.outcome, code = o.code, errors = o.errors::jsonb
            from unnest(@line, @outcome, @code, @errors) as o(line, outcome, code, errors) where r.import_id = @id and r.line = o.line
            """, new
        {
            id, line = rows.Select(r => r.Line).ToArray(), outcome = items.Select(i => i.Status).ToArray(), code = items.Select(i => i.Code).ToArray(),
            errors = items.Select(i => i.Errors is null ? null : JsonSerializer.Serialize(i.Errors.Select(e => e with { Pointer = CsvFile.ColumnOf(e.Pointer) }), Json.Options)).ToArray(),
        }, rows: rows.Count);
        tx.Write("update inventory.test_run_import set accepted = accepted + @accepted, rejected = rejected + @refused where id = @id", new { id, accepted, refused = items.Length - accepted });
        return JobStep.Next(rows[0].Run, import.Accepted + import.Rejected + rows.Count, import.Rows);
    }

    private sealed record ImportRow
    {
        public const string Select = """
            select i.id, i.station_id, i.client_id, i.staff_id, i.staff_number, i.rows, i.accepted, i.rejected, i.created_at, i.finished_at, j.state from inventory.test_run_import i join inventory.job j on j.id = i.job_id
            """;

        public Guid Id { get; init; }
        public Guid StationId { get; init; }
        public string ClientId { get; init; } = "";
        public Guid StaffId { get; init; }
        public string StaffNumber { get; init; } = "";
        public int Rows { get; init; }
        public int Accepted { get; init; }
        public int Rejected { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
        public DateTimeOffset? FinishedAt { get; init; }
        public string State { get; init; } = "";

        public TestRunImportView View(RefusedLine[] items, string? next) => new(Id, State, new(Accepted + Rejected, Rows), Accepted, Rejected, items, next, CreatedAt, FinishedAt);
    }

    private sealed record KeptRow
    {
        public int Line { get; init; }
        public int Run { get; init; }
        public string Content { get; init; } = "";
    }

    private sealed record RefusedRow
    {
        public int Line { get; init; }
        public string Code { get; init; } = "";
        public string? Errors { get; init; }
    }
}
