using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.Stations;
using BloodPlatform.Inventory.Features.TestRuns;
using BloodPlatform.Inventory.Features.Units;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Imports;

/// <summary>How far a file is, and which of its rows were refused.</summary>
/// <param name="State">`queued`, `running`, `succeeded` or `failed`.</param>
/// <param name="Items">Refused rows, a page of them.</param>
public sealed record MirrorImportView(Guid Id, string Kind, string State, JobProgress Progress, int Accepted, int Rejected, IReadOnlyList<RefusedLine> Items, string? Next, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt);

/// <summary>
/// POST /v1/imports/donations, /units and /unit-movements: what the software of a mirrored station writes as CSV, recorded row by row as the calls of the same names record them, some hundred rows in a
/// transaction. The same file is one import. A bag whose donation Donor has not answered yet is tried again until it has, or two minutes are over.
/// </summary>
public static class ImportMirrored
{
    public const string Job = "import-mirrored";
    private const int MostRows = 100_000, AtOnce = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <param name="Needed">Columns without which the file is refused.</param>
    /// <param name="Read">A row as it is kept.</param>
    /// <param name="Record">What becomes of some rows.</param>
    private sealed record Form(string Kind, string[] Columns, string[] Needed, Func<CsvRow, object> Read, Func<Transaction, string[], Caller, string[], Task<BulkItem[]>> Record);

    private static readonly Form[] Forms =
    [
        new("donations",
            ["din", "donor_id", "procedure", "outcome", "nominal_ml", "collected_ml", "treatment_units", "bag_catalogue", "bag_lot", "bag_expires_on", "bag_preservative", "started_at", "ended_at", "drive_id", "appointment_id", "blood_group", "deviations", "restrictions", "backfilled"],
            ["din", "donor_id", "procedure", "outcome", "bag_catalogue", "bag_lot", "bag_expires_on", "bag_preservative", "started_at", "ended_at"],
            r => new ReportedCollection(r.Text("din"), r.Id("donor_id"), r.Text("procedure"), r.Text("outcome"), new(r.Text("bag_catalogue"), r.Text("bag_lot"), r.Date("bag_expires_on"), r.Text("bag_preservative")), r.Time("started_at"), r.Time("ended_at"),
                r.Number("nominal_ml"), r.Number("collected_ml"), r.Number("treatment_units"), r.Id("drive_id"), r.Id("appointment_id"), r.Text("blood_group"), r.Codes("deviations"), r.Codes("restrictions"), r.Flag("backfilled")),
            async (tx, kept, caller, facilities) =>
            {
                var rows = Of<ReportedCollection>(kept);
                var (reports, refused) = await ReportDonations.Record(tx, rows, caller, facilities);
                return BulkView.Of(rows.Length, i => rows[i].Din, i => reports[i]?.Id, i => refused[i]).Items;
            }),
        new("units",
            ["din", "component", "product_code", "division", "volume_ml", "content_u", "treatment_units", "produced_at", "expires_at", "blood_group"],
            ["din", "produced_at"],
            r => new PushedUnit(r.Text("din"), r.Text("component"), r.Text("product_code"), r.Text("division"), r.Number("volume_ml"), r.Decimal("content_u"), r.Number("treatment_units"), r.Time("produced_at"), r.Time("expires_at"), r.Text("blood_group")),
            (tx, kept, caller, _) => PushUnits.Record(tx, Of<PushedUnit>(kept), caller)),
        new("unit-movements",
            ["din", "product_code", "division", "kind", "at", "hospital_id", "reason_code"],
            ["din", "product_code", "kind", "at"],
            r => new PushedMovement(r.Text("din"), r.Text("product_code"), r.Text("division"), r.Text("kind"), r.Time("at"), r.Id("hospital_id"), r.Text("reason_code")),
            async (tx, kept, caller, _) => [.. (await PushMovements.Record(tx, Of<PushedMovement>(kept), caller)).Select(i => new BulkItem(i.Index, i.Reference, i.Status, i.Code, i.Id, i.Errors))]),
    ];

    private static T[] Of<T>(string[] kept) => [.. kept.Select(text => JsonSerializer.Deserialize<T>(text, Json.Options)!)];

    public static void Map(IEndpointRouteBuilder app)
    {
        foreach (var form in Forms)
        {
            app.MapPost($"/v1/imports/{form.Kind}", (HttpRequest http, Caller caller, Database db, CancellationToken ct) => Start(form, http, caller, db, ct)).Allow("inventory", Roles.Station).WithSummary($"Records a file of {form.Kind} that a station's own software wrote")
                .WithDescription($"The body is text/csv, at most 10 MiB and 100,000 rows, with a heading: {string.Join(", ", form.Columns)}. The same file again answers with its first import");
            app.MapGet($"/v1/imports/{form.Kind}/{{id:guid}}", (Guid id, Caller caller, Database db, CancellationToken ct, int? limit, int? cursor) => Get(form, id, caller, db, ct, limit, cursor)).Allow("inventory", Roles.Station).WithSummary($"How far a file of {form.Kind} is, and which rows were refused");
        }
    }

    private sealed record Order(Guid ImportId);

    private static async Task<Results<Accepted<MirrorImportView>, ProblemHttpResult>> Start(Form form, HttpRequest http, Caller caller, Database db, CancellationToken ct)
    {
        var (body, no) = await CsvFile.Body(http, ct);
        if (no is not null) return no;
        var (lines, unreadable) = CsvFile.Read(body!, form.Columns, form.Needed, MostRows, (line, field) =>
        {
            var row = new CsvRow(field);
            var content = form.Read(row);
            return (Line: line, Content: row.Errors.Count > 0 ? null : JsonSerializer.Serialize(content, content.GetType(), Json.Options), Errors: row.Errors.Count == 0 ? null : JsonSerializer.Serialize(row.Errors, Json.Options));
        });
        if (unreadable is not null) return Problems.ImportUnreadable.With(unreadable);
        var fingerprint = SHA256.HashData(body!);
        return await db.InTransaction<Results<Accepted<MirrorImportView>, ProblemHttpResult>>(async tx =>
        {
            if (await SetMode.Mirrored(tx, caller.Tenant) is null) return Problems.StationNotMirrored.With();
            if (await tx.QuerySingle<ImportRow>($"{ImportRow.Select} where i.station_id = @Tenant and i.kind = @Kind and i.fingerprint = @fingerprint", new { caller.Tenant, form.Kind, fingerprint }) is { } before)
                return TypedResults.Accepted($"/v1/imports/{form.Kind}/{before.Id}", before.View([], null));
            var (id, refused) = (tx.NewId(), lines!.Count(l => l.Content is null));
            tx.Write("""
                insert into inventory.mirror_import (id, station_id, kind, fingerprint, client_id, job_id, rows, accepted, rejected, created_at) values (@id, @Tenant, @Kind, @fingerprint, @ClientId, @job, @Count, 0, @refused, @now)
                """, new { id, caller.Tenant, form.Kind, fingerprint, caller.ClientId, job = tx.StartJob(Job, new Order(id)), lines!.Count, refused, now = tx.Now });
            tx.Write("""
                insert into inventory.mirror_import_row (import_id, line, content, outcome, code, errors)
                select @id, r.line, r.content::jsonb, case when r.content is null then 'rejected' end, case when r.content is null then 'invalid_value' end, r.errors::jsonb from unnest(@line, @content, @errors) as r(line, content, errors)
                """, new { id, line = lines.Select(l => l.Line).ToArray(), content = lines.Select(l => l.Content).ToArray(), errors = lines.Select(l => l.Errors).ToArray() }, rows: lines.Count);
            tx.Audit("mirror.import", $"/v1/imports/{form.Kind}/{id}", new { rows = lines.Count });
            return TypedResults.Accepted($"/v1/imports/{form.Kind}/{id}", new MirrorImportView(id, form.Kind, "queued", new(refused, lines.Count), 0, refused, [], null, tx.Now, null));
        }, ct);
    }

    private static async Task<Results<Ok<MirrorImportView>, ProblemHttpResult>> Get(Form form, Guid id, Caller caller, Database db, CancellationToken ct, int? limit, int? cursor)
    {
        if (await db.QuerySingle<ImportRow>($"{ImportRow.Select} where i.id = @id and i.kind = @Kind and i.station_id = @Tenant", new { id, form.Kind, caller.Tenant }, ct) is not { } import) return await db.Unknown("inventory.mirror_import", id, ct);
        var take = Answers.Limit(limit);
        var rows = await db.Query<RefusedRow>("select line, code, errors::text as errors from inventory.mirror_import_row where import_id = @id and outcome = 'rejected' and line > coalesce(@cursor, 0) order by line limit @more", new { id, cursor, more = take + 1 }, ct);
        var page = Page<RefusedRow>.From(rows, take, r => r.Line.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(import.View([.. page.Items.Select(r => new RefusedLine(r.Line, r.Code, r.Errors is null ? [] : JsonSerializer.Deserialize<FieldError[]>(r.Errors, Json.Options)!))], page.Next));
    }

    /// <summary>Some rows in their order: what they do, their outcomes and the cursor are one transaction.</summary>
    public static async Task<JobStep> Step(Job job, Transaction tx, IServiceProvider services)
    {
        var (id, after) = (job.Input<Order>().ImportId, job.Cursor<int?>() ?? 0);
        var (import, rows, kept) = await tx.Read($"""
            {ImportRow.Select} where i.id = @id;
            select r.line, r.content::text as content from inventory.mirror_import_row r where r.import_id = @id and r.content is not null and r.line > @after order by r.line limit @AtOnce;
            select exists (select from inventory.mirror_import_row r where r.import_id = @id and r.content is not null)
            """, new { id, after, AtOnce }, async grid => (await grid.ReadSingleAsync<ImportRow>(), (await grid.ReadAsync<KeptRow>()).ToList(), await grid.ReadSingleAsync<bool>()));
        var done = import.Accepted + import.Rejected;
        if (!kept)
        {
            tx.Write("update inventory.mirror_import set finished_at = @now where id = @id", new { id, now = tx.Now });
            return JobStep.Finished(new { import.Accepted, import.Rejected }, import.Rows);
        }
        if (rows.Count == 0) return JobStep.Next(0, done, import.Rows); // what waits for Donor's answer, from the first line on
        var form = Forms.Single(f => f.Kind == import.Kind);
        var caller = new Caller(import.ClientId, Roles.Station, import.StationId, [], [], null);
        var facilities = await SetMode.Mirrored(tx, import.StationId);
        var items = facilities is null ? [.. rows.Select((_, i) => new BulkItem(i, null, "rejected", Problems.StationNotMirrored.Code))] : await form.Record(tx, [.. rows.Select(r => r.Content)], caller, facilities);
        var patient = tx.Now - import.CreatedAt < Patience;
        var settled = items.Where(i => !patient || i.Code != Problems.DonationUnanswered.Code).ToList();
        if (settled.Count > 0)
        {
            tx.Write("""
                update inventory.mirror_import_row r set content = null, outcome = o.outcome, code = o.code, errors = o.errors::jsonb
                from unnest(@line, @outcome, @code, @errors) as o(line, outcome, code, errors) where r.import_id = @id and r.line = o.line
                """, new
            {
                id, line = settled.Select(i => rows[i.Index].Line).ToArray(), outcome = settled.Select(i => i.Status).ToArray(), code = settled.Select(i => i.Code).ToArray(),
                errors = settled.Select(i => i.Errors is null || i.Status == "accepted" ? null : JsonSerializer.Serialize(i.Errors.Select(e => e with { Pointer = CsvFile.ColumnOf(e.Pointer) }), Json.Options)).ToArray(),
            }, rows: settled.Count);
            var accepted = settled.Count(i => i.Status == "accepted");
            tx.Write("update inventory.mirror_import set accepted = accepted + @accepted, rejected = rejected + @refused where id = @id", new { id, accepted, refused = settled.Count - accepted });
        }
        return JobStep.Next(rows[^1].Line, done + settled.Count, import.Rows);
    }

    private sealed record ImportRow
    {
        public const string Select = "select i.id, i.station_id, i.kind, i.client_id, i.rows, i.accepted, i.rejected, i.created_at, i.finished_at, j.state from inventory.mirror_import i join inventory.job j on j.id = i.job_id";

        public Guid Id { get; init; }
        public Guid StationId { get; init; }
        public string Kind { get; init; } = "";
        public string ClientId { get; init; } = "";
        public int Rows { get; init; }
        public int Accepted { get; init; }
        public int Rejected { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
        public DateTimeOffset? FinishedAt { get; init; }
        public string State { get; init; } = "";

        public MirrorImportView View(RefusedLine[] items, string? next) => new(Id, Kind, State, new(Accepted + Rejected, Rows), Accepted, Rejected, items, next, CreatedAt, FinishedAt);
    }

    private sealed record KeptRow(int Line, string Content);

    private sealed record RefusedRow
    {
        public int Line { get; init; }
        public string Code { get; init; } = "";
        public string? Errors { get; init; }
    }
}
