using System.ComponentModel.DataAnnotations;
using System.Globalization;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Features.Imports;
using BloodPlatform.Inventory.Features.TestRuns;
using BloodPlatform.Inventory.Features.Units;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Stock;

/// <param name="TakenAt">When the count was made; what is recorded here later it can't know.</param>
/// <param name="Units">All bags that are in the station's hands.</param>
public sealed record PutSnapshotRequest(DateTimeOffset TakenAt, [property: MaxLength(20_000)] IReadOnlyList<SnapshotRowRequest> Units);

/// <param name="Division">`00` when absent.</param>
/// <param name="Status">Its place there; may be absent: it is there.</param>
/// <param name="ExpiresAt">A date or a time with its zone.</param>
public sealed record SnapshotRowRequest(string? Din = null, string? ProductCode = null, string? Division = null, string? Status = null, bool Held = false, string? Component = null, string? BloodGroup = null, string? ExpiresAt = null);

/// <param name="Agreeing">Bags of which nothing differs.</param>
/// <param name="Counts">How many differences of each kind.</param>
/// <param name="Items">Rows that could not be read; the others were reconciled.</param>
/// <param name="Differences">The first thousand; all are listed at `/v1/stock-snapshots/{stationId}/{id}`.</param>
public sealed record SnapshotView(Guid Id, DateTimeOffset TakenAt, int Accepted, int Rejected, int Agreeing, IReadOnlyDictionary<string, int> Counts, BulkItem[] Items, Difference[] Differences);

/// <summary>
/// PUT /v1/stock-snapshots/{stationId}: what the station's own software, or a count, says is in its hands, all of it. What differs is listed, nothing is deleted, and nothing becomes laxer:
/// what was not seen is `unaccounted`, what is said to be worse is held, what was missed and is seen again comes to quarantine under a hold.
/// </summary>
public static class PutSnapshot
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);
    private static readonly string[] Statuses = ["quarantine", "available", "reserved", "issued", "received", "transfused", "returned", "discarded", "expired", "historic", "unaccounted", "consumed"];

    private const int MostBags = 20_000;
    private static readonly string[] Columns = ["din", "product_code", "division", "status", "held", "component", "blood_group", "expires_at"];

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPut("/v1/stock-snapshots/{stationId:guid}", Handle).Allow("inventory", Roles.Station).WithSummary("Reconciles the station's whole stock with what it says is there; at most 20,000 bags");
        app.MapPost("/v1/imports/stock-snapshots", Import).Allow("inventory", Roles.Station).WithSummary("The same from a file: one count, reconciled at once")
            .WithDescription($"The body is text/csv with a heading: {string.Join(", ", Columns)}. Of rows that could not be read the index is their line in the file");
    }

    private static async Task<Results<Made<SnapshotView>, ProblemHttpResult>> Handle(Guid stationId, PutSnapshotRequest request, Caller caller, Database db, CancellationToken ct) =>
        stationId != caller.Tenant ? CommonProblems.NotFound.With()
        : await Reconcile(request.TakenAt, [.. request.Units.Select((row, i) => (i, row, Errors(row).Select(e => e with { Pointer = $"/units/{i}{e.Pointer}" }).ToArray()))], caller, db, ct);

    private static async Task<Results<Made<SnapshotView>, ProblemHttpResult>> Import(DateTimeOffset takenAt, HttpRequest http, Caller caller, Database db, CancellationToken ct)
    {
        var (body, no) = await CsvFile.Body(http, ct);
        if (no is not null) return no;
        var (rows, unreadable) = CsvFile.Read(body!, Columns, ["din", "product_code"], MostBags, (line, field) =>
        {
            var fields = new CsvRow(field);
            var row = new SnapshotRowRequest(fields.Text("din"), fields.Text("product_code"), fields.Text("division"), fields.Text("status"), fields.Flag("held"), fields.Text("component"), fields.Text("blood_group"), fields.Text("expires_at"));
            return (line, row, (FieldError[])[.. fields.Errors, .. Errors(row).Select(e => e with { Pointer = CsvFile.ColumnOf("/rows/0" + e.Pointer) })]);
        });
        return unreadable is not null ? Problems.ImportUnreadable.With(unreadable) : await Reconcile(takenAt, rows!, caller, db, ct);
    }

    private static async Task<Results<Made<SnapshotView>, ProblemHttpResult>> Reconcile(DateTimeOffset takenAt, List<(int Index, SnapshotRowRequest Row, FieldError[] Errors)> counted, Caller caller, Database db, CancellationToken ct)
    {
        var stationId = caller.Tenant;
        return await db.InTransaction<Results<Made<SnapshotView>, ProblemHttpResult>>(async tx =>
        {
            if (takenAt > tx.Now + ClockTolerance) return Problems.PerformedInFuture.With(null, new FieldError("/takenAt", "in_future", "It lies in the future"));
            var rows = new List<CountedBag>();
            var (items, unread, named) = (new List<BulkItem>(), new List<string?>(), new HashSet<(string, string, string)>());
            foreach (var (i, row, errors) in counted)
            {
                if (errors.Length == 0 && named.Add((Din.Parse(row.Din)!.Value.Text, row.ProductCode!, row.Division ?? "00")))
                    rows.Add(new(Din.Parse(row.Din)!.Value.Text, row.ProductCode!, row.Division ?? "00", row.Status, row.Held, row.Component, row.BloodGroup, ExpiryOf(row.ExpiresAt)));
                else
                {
                    items.Add(new(i, row.Din, "rejected", CommonProblems.Invalid.Code, null, errors.Length > 0 ? errors : [new($"/units/{i}", "repeated", "The same label stands in an earlier row")]));
                    if (errors.Length > 0) unread.Add(row.Din);
                }
            }

            // One count of a station at a time, in the order in which they were made.
            var (newer, bags) = await tx.Read("""
                select 1 from pg_advisory_xact_lock(hashtextextended('inventory.snapshot/' || @Tenant, 0));
                select exists (select from inventory.stock_snapshot s where s.station_id = @Tenant and s.taken_at >= @takenAt);
                select u.id, u.din, u.product_code, u.division, u.component, u.blood_group, u.expires_at, u.status, u.open_holds, u.version, u.donor_id, coalesce((select max(m.recorded_at) from inventory.unit_movement m where m.unit_id = u.id), u.produced_at) as changed_at,
                       u.open_holds > 0 and exists (select from inventory.hold h where h.unit_id = u.id and h.kind = 'mirror' and h.lifted_at is null) as mirror_hold
                from (select u.*, d.donor_id from inventory.unit u join inventory.donation d on d.din = u.din where u.station_id = @Tenant and u.status = any(@inHand)
                      union select u.*, d.donor_id from inventory.unit u join inventory.donation d on d.din = u.din where u.station_id = @Tenant and u.din = any(@dins)) u
                """, new { caller.Tenant, takenAt, inHand = Reconciliation.InHand, dins = rows.Select(r => r.Din).Distinct().ToArray() }, async grid =>
            {
                await grid.ReadAsync<int>();
                return (await grid.ReadSingleAsync<bool>(), (await grid.ReadAsync<BagRow>()).ToDictionary(b => b.Id));
            });
            if (newer) return Problems.SnapshotOlder.With();

            var (differences, agreeing) = Reconciliation.Of([.. bags.Values.Select(b => b.Known)], rows, unread, takenAt);
            // Donations, then bags, as everybody locks; what changed between the look and the lock is left to the next count.
            var touched = differences.Where(d => d.Act is not null).Select(d => d.UnitId!.Value).Distinct().ToArray();
            var locked = touched.Length == 0 ? [] : (await tx.Query<UnitOfDonationRow>(UnitOfDonationRow.ForUpdate + " where u.id = any(@touched) order by d.din, u.id for update of d, u", new { touched })).Where(u => u.Version == bags[u.Id].Version).ToDictionary(u => u.Id);
            differences = differences.ConvertAll(d => d.Act is null || locked.ContainsKey(d.UnitId!.Value) ? d : d with { Kind = "changed-since", Act = null });

            var id = tx.NewId();
            UnitOfDonationRow[] That(string act) => [.. differences.Where(d => d.Act == act).Select(d => locked[d.UnitId!.Value])];
            var (lost, found) = (That("unaccounted"), That("found"));
            Move(tx, lost, "unaccounted", "unaccounted", caller);
            Move(tx, found, "found", "quarantine", caller);
            HoldUnit.Place(tx, [.. That("held").Concat(found.Where(u => !bags[u.Id].MirrorHold)).DistinctBy(u => u.Id)], "mirror", "stock count", caller);
            Say(tx, id, [.. lost, .. found], found);
            tx.Write("insert into inventory.stock_snapshot (id, station_id, taken_at, received_at, accepted, rejected, agreeing, client_id) values (@id, @Tenant, @takenAt, @now, @accepted, @rejected, @agreeing, @ClientId)",
                new { id, caller.Tenant, takenAt, now = tx.Now, accepted = rows.Count, rejected = items.Count, agreeing, caller.ClientId });
            if (differences.Count > 0)
                tx.Write("""
                    insert into inventory.snapshot_finding (snapshot_id, n, kind, unit_id, din, product_code, division, here, there, act)
                    select @id, f.n, f.kind, f.unit_id, f.din, f.product_code, f.division, f.here, f.there, f.act from unnest(@kinds, @units, @dins, @codes, @divisions, @heres, @theres, @acts) with ordinality f(kind, unit_id, din, product_code, division, here, there, act, n)
                    """, new
                {
                    id, kinds = differences.Select(d => d.Kind).ToArray(), units = differences.Select(d => d.UnitId).ToArray(), dins = differences.Select(d => d.Din).ToArray(), codes = differences.Select(d => d.ProductCode).ToArray(),
                    divisions = differences.Select(d => d.Division).ToArray(), heres = differences.Select(d => d.Here).ToArray(), theres = differences.Select(d => d.There).ToArray(), acts = differences.Select(d => d.Act).ToArray(),
                }, rows: differences.Count);
            tx.Audit("stock.reconcile", $"/v1/stock-snapshots/{stationId}/{id}", new { accepted = rows.Count, rejected = items.Count, unaccounted = lost.Length, found = found.Length });
            return Answers.Ok(1, new SnapshotView(id, takenAt, rows.Count, items.Count, agreeing, differences.GroupBy(d => d.Kind).OrderBy(g => g.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count()), [.. items], [.. differences.Take(1000)]));
        }, ct);
    }

    private static IEnumerable<FieldError> Errors(SnapshotRowRequest row)
    {
        if (Din.Parse(row.Din) is null) yield return new("/din", "din_invalid", "Not a donation number, or its check character is wrong");
        if (row.ProductCode is not { Length: > 0 and <= 20 }) yield return new("/productCode", "required", "At most 20 characters");
        if (row.Division is { } division && division.Length != 2) yield return new("/division", "invalid", "Two characters");
        if (row.Status is { } status && !Statuses.Contains(status)) yield return new("/status", "invalid", "One of " + string.Join(", ", Statuses));
        if (row.BloodGroup is { } group && !Parameters.BloodGroups.Contains(group)) yield return new("/bloodGroup", "invalid", "One of " + string.Join(" ", Parameters.BloodGroups));
        if (row.Component is { Length: > 80 }) yield return new("/component", "invalid", "At most 80 characters");
        if (row.ExpiresAt is not null && ExpiryOf(row.ExpiresAt) is null) yield return new("/expiresAt", "invalid", "2026-01-31 or 2026-01-31T23:59:00+08:00");
    }

    /// <summary>A date is a day of Shanghai; a time says its zone.</summary>
    private static DateTimeOffset? ExpiryOf(string? text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? Shanghai.StartOf(day)
        : DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var at) && text![10..].AsSpan().IndexOfAny("Z+-") >= 0 ? at : null;

    private static void Move(Transaction tx, UnitOfDonationRow[] units, string kind, string to, Caller caller)
    {
        if (units.Length == 0) return;
        var ids = units.Select(u => u.Id).ToArray();
        tx.Moved(ids, kind, to, caller);
        tx.Write("update inventory.unit set status = @to, version = version + 1 where id = any(@ids)", new { to, ids }, rows: ids.Length);
    }

    private static void Say(Transaction tx, Guid snapshot, UnitOfDonationRow[] units, UnitOfDonationRow[] found)
    {
        var donations = units.GroupBy(u => u.Din).ToArray();
        foreach (var donation in donations)
        {
            var version = donation.First().DonationVersion;
            foreach (var unit in donation)
                tx.Append(new UnitUnaccounted
                {
                    Key = unit.Din, Version = ++version, OccurredAt = tx.Now, StationId = unit.StationId, UnitId = unit.Id, Din = unit.Din, DonorId = unit.DonorId, Component = unit.Component, BloodGroup = unit.BloodGroup,
                    SnapshotId = snapshot, Found = found.Contains(unit),
                });
        }
        if (donations.Length > 0)
            tx.Write("update inventory.donation d set version = d.version + n.units from unnest(@dins, @units) n(din, units) where d.din = n.din", new { dins = donations.Select(d => d.Key).ToArray(), units = donations.Select(d => d.Count()).ToArray() }, rows: donations.Length);
    }

    private sealed record BagRow
    {
        public Guid Id { get; init; }
        public string Din { get; init; } = "";
        public string ProductCode { get; init; } = "";
        public string Division { get; init; } = "";
        public string Component { get; init; } = "";
        public string? BloodGroup { get; init; }
        public DateTimeOffset ExpiresAt { get; init; }
        public string Status { get; init; } = "";
        public int OpenHolds { get; init; }
        public long Version { get; init; }
        public DateTimeOffset ChangedAt { get; init; }
        public bool MirrorHold { get; init; }

        public KnownBag Known => new(Id, Din, ProductCode, Division, Component, BloodGroup, ExpiresAt, Status, OpenHolds, MirrorHold, ChangedAt);
    }
}
