using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Stations;
using BloodPlatform.Inventory.Features.TestRuns;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Donations;

/// <summary>A collection as the station's own software knows it.</summary>
/// <param name="Din">A number issued to the station, or of one of its own facilities.</param>
/// <param name="CollectedMl">What was weighed; whole blood that was not abandoned must be.</param>
/// <param name="Deviations">What that software found; each holds the donation.</param>
/// <param name="Restrictions">Components that must not be made of it.</param>
/// <param name="Backfilled">Long ago: its bags are history.</param>
public sealed record ReportedCollection(
    string? Din = null, Guid? DonorId = null, string? Procedure = null, string? Outcome = null, ReportedBag? Bag = null, DateTimeOffset? StartedAt = null, DateTimeOffset? EndedAt = null,
    int? NominalMl = null, int? CollectedMl = null, int? TreatmentUnits = null, Guid? DriveId = null, Guid? AppointmentId = null, string? BloodGroup = null,
    string[]? Deviations = null, string[]? Restrictions = null, bool Backfilled = false);

public sealed record ReportedBag(string? Catalogue = null, string? Lot = null, DateOnly? ExpiresOn = null, string? Preservative = null);

public sealed record ReportDonationsRequest([property: MinLength(1), MaxLength(1000)] IReadOnlyList<ReportedCollection> Rows);

/// <summary>Each row is answered for itself.</summary>
public sealed record BulkView(int Accepted, int Rejected, BulkItem[] Items)
{
    internal static BulkView Of(int rows, Func<int, string?> reference, Func<int, Guid?> id, Func<int, Rejection?> refused) =>
        Of([.. Enumerable.Range(0, rows).Select(i => refused(i) is { } no
            ? new BulkItem(i, reference(i), "rejected", no.Problem.Code, null, no.Errors.Length == 0 ? null : [.. no.Errors.Select(e => e with { Pointer = $"/rows/{i}{e.Pointer}" })])
            : new BulkItem(i, reference(i), "accepted", null, id(i)))]);

    internal static BulkView Of(BulkItem[] items) => new(items.Count(i => i.Status == "accepted"), items.Count(i => i.Status != "accepted"), items);
}

/// <param name="Status">`reported`: Donor has not answered yet; `collected`: the donation is there; `refused`: it is none, and may be reported anew.</param>
/// <param name="Refusal">`donor_unknown`, `donor_restricted`, `din_used`, `drive_unknown` or `appointment_mismatch`.</param>
public sealed record DonationReportView(Guid Id, string Din, string Status, string? Refusal, ReportedCollection Content, DateTimeOffset ReportedAt, DateTimeOffset? AnsweredAt);

/// <summary>
/// POST /v1/donations and POST /v1/donation-reports: a station that keeps its own software tells what it collected. Donor, who knows persons, says whose it is; until then there is no donation,
/// so nothing of it can be made, released or held against a wrong person. The same again is the same report.
/// </summary>
public static class ReportDonations
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);
    private static readonly string[] Preservatives = ["ACD-B", "CPD", "CPDA-1", "MAP", "SAGM", "AS-1", "AS-3", "AS-5"];

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/donations", One).Allow("inventory", Roles.Station).Creates().WithSummary("A station's own software reports a collection");
        app.MapPost("/v1/donation-reports", Many).Allow("inventory", Roles.Station).WithSummary("The same for up to 1,000 collections");
        app.MapGet("/v1/donation-reports", List).Allow("inventory", Roles.Station).WithSummary("What the station reported");
        app.MapGet("/v1/donation-reports/{id:guid}", Get).Allow("inventory", Roles.Station).WithSummary("What became of a report");
    }

    private static async Task<Results<Made<DonationReportView>, ProblemHttpResult>> One(ReportedCollection request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<DonationReportView>, ProblemHttpResult>>(async tx =>
        {
            if (await SetMode.Mirrored(tx, caller.Tenant) is not { } facilities) return Problems.StationNotMirrored.With();
            var (reports, refused) = await Record(tx, [request], caller, facilities);
            return refused[0] is { } no ? no.ToProblem() : Answers.Created($"/v1/donation-reports/{reports[0]!.Id}", reports[0]!.Version, reports[0]!.View);
        }, ct);

    private static async Task<Results<Made<BulkView>, ProblemHttpResult>> Many(ReportDonationsRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<BulkView>, ProblemHttpResult>>(async tx =>
        {
            if (await SetMode.Mirrored(tx, caller.Tenant) is not { } facilities) return Problems.StationNotMirrored.With();
            var (reports, refused) = await Record(tx, request.Rows, caller, facilities);
            return Answers.Ok(1, BulkView.Of(request.Rows.Count, i => request.Rows[i].Din, i => reports[i]?.Id, i => refused[i]));
        }, ct);

    /// <summary>Each row becomes a report, is one already, or is refused.</summary>
    internal static async Task<(ReportRow?[] Reports, Rejection?[] Refused)> Record(Transaction tx, IReadOnlyList<ReportedCollection> rows, Caller caller, string[] facilities)
    {
        var dins = rows.Select(r => Din.Parse(r.Din)).ToArray();
        var refused = rows.Select((row, i) => dins[i] is null ? Problems.DinInvalid.Because(null, new FieldError("/din", "din_invalid", "Not a donation number, or its check character is wrong")) : Check(row, tx.Now)).ToArray();
        var wanted = dins.Where((d, i) => d is not null && refused[i] is null).Select(d => d!.Value).Distinct().OrderBy(d => d.Text, StringComparer.Ordinal).ToArray();
        var (texts, fins) = (wanted.Select(d => d.Text).ToArray(), wanted.Select(d => d.Fin).ToArray());
        var files = await DonationFile.Load(tx, texts, caller.Tenant, forUpdate: true, prepare: """
            insert into inventory.donation (din, version, station_id)
            select w.din, 0, @of from unnest(@issued, @fins, @years, @numbers) as w(din, fin, yy, number)
            left join lateral (select b.station_id, b.last_number from inventory.din_block b where b.fin = w.fin and b.yy = w.yy and b.first_number <= w.number order by b.first_number desc limit 1) b on true
            where w.fin = any(@facilities) or (b.last_number >= w.number and b.station_id = @of) order by w.din
            on conflict (din) do nothing;
            """, prepareArgs: new { issued = texts, fins, years = wanted.Select(d => d.Year).ToArray(), numbers = wanted.Select(d => d.Number).ToArray(), facilities, of = caller.Tenant });
        var standing = (await tx.Query<ReportRow>($"{ReportRow.Select} where r.din = any(@texts) and r.refusal is null", new { texts })).ToDictionary(r => r.Din);

        var reports = new ReportRow?[rows.Count];
        for (var i = 0; i < rows.Count; i++)
        {
            if (refused[i] is not null) continue;
            var (din, content) = (dins[i]!.Value.Text, JsonSerializer.Serialize(rows[i] with { Din = dins[i]!.Value.Text }, Json.Options));
            // Another station's number, or one that nobody issued, has no file here.
            if (files.ByDin.GetValueOrDefault(din) is not { } file) refused[i] = Problems.DinUnknown.Because(null, new FieldError("/din", "din_unknown", "Neither issued to this station nor of its own facilities"));
            else if (standing.TryGetValue(din, out var report))
            {
                if (report.Says(content)) reports[i] = report;
                else refused[i] = Problems.DonationReported.Because("Reported otherwise before; what was collected is corrected with POST /v1/visits/{reportId}/corrections");
            }
            else if (file.Arrived) refused[i] = Problems.DonationReported.Because("The donation is known, and was not reported");
            else
            {
                reports[i] = standing[din] = new ReportRow { Id = tx.NewId(), Din = din, Content = content, ReportedAt = tx.Now };
                tx.Write("insert into inventory.donation_report (id, din, station_id, content, reported_at, client_id) values (@Id, @Din, @Tenant, @Content::jsonb, @ReportedAt, @ClientId)", new { reports[i]!.Id, Din = din, caller.Tenant, Content = content, ReportedAt = tx.Now, caller.ClientId });
                file.Append(tx, version => Told(reports[i]!, rows[i], version, caller.Tenant));
            }
        }
        DonationFile.Save(tx, files.ByDin.Values.Where(f => f.Changed));
        tx.Audit("donations.report", "/v1/donation-reports", new { rows = rows.Count, rejected = refused.Count(r => r is not null) });
        return (reports, refused);
    }

    private static DonationReported Told(ReportRow report, ReportedCollection c, long version, Guid station) => new()
    {
        Key = report.Din, Version = version, OccurredAt = c.StartedAt!.Value, StationId = station, ReportId = report.Id, Din = report.Din, DonorId = c.DonorId!.Value, DriveId = c.DriveId, AppointmentId = c.AppointmentId,
        Procedure = c.Procedure!, NominalMl = c.NominalMl, CollectedMl = c.CollectedMl, TreatmentUnits = c.TreatmentUnits, Outcome = c.Outcome!, Bag = new(c.Bag!.Catalogue!, c.Bag.Lot!, c.Bag.ExpiresOn!.Value, c.Bag.Preservative!),
        Deviations = c.Deviations ?? [], Restrictions = c.Restrictions ?? [], BloodGroup = c.BloodGroup, StartedAt = c.StartedAt.Value, EndedAt = c.EndedAt!.Value, Backfilled = c.Backfilled,
    };

    /// <summary>Whether it can be a collection at all. What deviates is recorded, not refused.</summary>
    private static Rejection? Check(ReportedCollection c, DateTimeOffset now)
    {
        var errors = new List<FieldError>();
        void Must(bool so, string pointer, string message) { if (!so) errors.Add(new(pointer, "invalid", message)); }
        var whole = c.Procedure == "whole-blood";
        Must(c.DonorId is not null, "/donorId", "The donor's id");
        Must(c.Procedure is "whole-blood" or "apheresis-platelets", "/procedure", "whole-blood or apheresis-platelets");
        Must(c.Outcome is "completed" or "under" or "over" or "abandoned", "/outcome", "completed, under, over or abandoned");
        Must(whole ? c.NominalMl is 200 or 300 or 400 : c.NominalMl is null, "/nominalMl", whole ? "200, 300 or 400" : "Of whole blood only");
        Must(whole ? c.TreatmentUnits is null : c.TreatmentUnits is 1 or 2, "/treatmentUnits", whole ? "Of platelets only" : "1 or 2");
        Must(c.CollectedMl is null or (>= 0 and <= 2000) && !(whole && c is { Outcome: not "abandoned", CollectedMl: null or 0 }), "/collectedMl", "What was weighed, at most 2,000");
        Must(c is not { Outcome: "abandoned", CollectedMl: null or 0, TreatmentUnits: null }, "/collectedMl", "Nothing was drawn: that is no donation");
        Must(c.StartedAt is not null, "/startedAt", "When the needle went in");
        Must(c.EndedAt is not null && !(c.EndedAt < c.StartedAt), "/endedAt", "When it ended, not before startedAt");
        Must(c.Bag is { Catalogue.Length: > 0 and <= 40 }, "/bag/catalogue", "1 to 40 characters");
        Must(c.Bag is { Lot.Length: > 0 and <= 40 }, "/bag/lot", "1 to 40 characters");
        Must(c.Bag?.ExpiresOn is not null, "/bag/expiresOn", "A date");
        Must(Preservatives.Contains(c.Bag?.Preservative), "/bag/preservative", "One of " + string.Join(", ", Preservatives));
        Must(c.BloodGroup is null || Parameters.BloodGroups.Contains(c.BloodGroup), "/bloodGroup", "One of " + string.Join(" ", Parameters.BloodGroups));
        foreach (var (pointer, codes) in new[] { ("/deviations", c.Deviations), ("/restrictions", c.Restrictions) })
            Must(codes is null || codes is { Length: <= 20 } && codes.All(code => code is { Length: > 0 and <= 40 } && code.All(ch => char.IsAsciiLetterLower(ch) || char.IsAsciiDigit(ch) || ch == '-')), pointer, "At most 20 codes of a-z, 0-9 and -, 40 characters each");
        if (errors.Count > 0) return CommonProblems.Invalid.Because(null, [.. errors]);
        return c.EndedAt > now + ClockTolerance ? Problems.PerformedInFuture.Because(null, new FieldError("/endedAt", "in_future", "It lies in the future")) : null;
    }

    private static async Task<Results<Ok<Page<DonationReportView>>, ProblemHttpResult>> List([AllowedValues("reported", "collected", "refused", null)] string? status, int? limit, string? cursor, Caller caller, Database db, CancellationToken ct)
    {
        Guid after = default;
        if (cursor is not null && !Guid.TryParse(cursor, out after)) return CommonProblems.Invalid.With(null, new FieldError("/cursor", "invalid", "Send the next of the page before"));
        var take = Answers.Limit(limit);
        var rows = await db.Query<ReportRow>($"""
            {ReportRow.Select} where r.station_id = @Tenant and r.id > @after and (@status::text is null or @status = case when r.refusal is not null then 'refused' when r.answered_at is not null then 'collected' else 'reported' end) order by r.id limit @take + 1
            """, new { caller.Tenant, after, status, take }, ct);
        var page = Page<ReportRow>.From(rows, take, r => r.Id.ToString());
        return TypedResults.Ok(new Page<DonationReportView>([.. page.Items.Select(r => r.View)], page.Next));
    }

    private static async Task<Results<Made<DonationReportView>, ProblemHttpResult>> Get(Guid id, Caller caller, Database db, CancellationToken ct) =>
        await db.QuerySingle<ReportRow>($"{ReportRow.Select} where r.id = @id and r.station_id = @Tenant", new { id, caller.Tenant }, ct) is { } row ? Answers.Ok(row.Version, row.View) : await db.Unknown("inventory.donation_report", id, ct);
}

internal sealed record ReportRow
{
    public const string Select = "select r.id, r.din, r.content::text as content, r.reported_at, r.answered_at, r.refusal from inventory.donation_report r";

    public Guid Id { get; init; }
    public string Din { get; init; } = "";
    public string Content { get; init; } = "";
    public DateTimeOffset ReportedAt { get; init; }
    public DateTimeOffset? AnsweredAt { get; init; }
    public string? Refusal { get; init; }

    public long Version => AnsweredAt is null ? 1 : 2;

    private ReportedCollection Collection => JsonSerializer.Deserialize<ReportedCollection>(Content, Json.Options)!;

    /// <summary>Whether it says this, however the database writes JSON.</summary>
    public bool Says(string content) => JsonSerializer.Serialize(Collection, Json.Options) == content;

    public DonationReportView View => new(Id, Din, Refusal is not null ? "refused" : AnsweredAt is not null ? "collected" : "reported", Refusal, Collection, ReportedAt, AnsweredAt);
}
