using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.Stations;
using BloodPlatform.Inventory.Features.TestRuns;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

/// <summary>A bag as the station's own software made it.</summary>
/// <param name="Component">This, or the product code, or both.</param>
/// <param name="Division">`00` when absent.</param>
/// <param name="VolumeMl">As weighed; the usual yield when absent.</param>
/// <param name="ContentU">Equivalents of 200 ml whole blood; what is left of the donation when absent.</param>
/// <param name="ExpiresAt">As its label says: a later one than the rules give is not kept, and said in `errors` of an accepted row.</param>
/// <param name="BloodGroup">As its label says: another one than is known here holds it.</param>
public sealed record PushedUnit(
    string? Din = null, string? Component = null, string? ProductCode = null, string? Division = null, int? VolumeMl = null, decimal? ContentU = null, int? TreatmentUnits = null,
    DateTimeOffset? ProducedAt = null, DateTimeOffset? ExpiresAt = null, string? BloodGroup = null);

public sealed record PushUnitsRequest([property: MinLength(1), MaxLength(1000)] IReadOnlyList<PushedUnit> Rows);

/// <summary>
/// POST /v1/units: the bags that a station's own software made. They enter quarantine, always: what makes them available is this platform's release, on results that it was given. The same bag again is the
/// same bag.
/// </summary>
public static class PushUnits
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/units", Handle).Allow("inventory", Roles.Station).WithSummary("A station's own software tells which bags it made; at most 1,000");

    private static async Task<Results<Made<BulkView>, ProblemHttpResult>> Handle(PushUnitsRequest request, Caller caller, Database db, CancellationToken ct) =>
        await db.InTransaction<Results<Made<BulkView>, ProblemHttpResult>>(async tx =>
            await SetMode.Mirrored(tx, caller.Tenant) is null ? Problems.StationNotMirrored.With() : Answers.Ok(1, BulkView.Of(await Record(tx, request.Rows, caller))), ct);

    internal static async Task<BulkItem[]> Record(Transaction tx, IReadOnlyList<PushedUnit> rows, Caller caller)
    {
        var dins = rows.Select(r => Din.Parse(r.Din)?.Text).ToArray();
        var files = await DonationFile.Load(tx, [.. dins.OfType<string>().Distinct()], caller.Tenant, forUpdate: true, recalls: caller.Tenant);
        var waiting = (await tx.Query<string>("select r.din from inventory.donation_report r where r.din = any(@dins) and r.station_id = @Tenant and r.answered_at is null", new { dins = dins.OfType<string>().ToArray(), caller.Tenant })).ToHashSet();
        var (items, toHold) = (new BulkItem[rows.Count], new List<UnitRow>());
        for (var i = 0; i < rows.Count; i++)
        {
            var (row, din) = (rows[i], dins[i]);
            BulkItem Rejected(Rejection no) => new(i, row.Din, "rejected", no.Problem.Code, null, no.Errors.Length == 0 ? [new($"/rows/{i}", no.Problem.Code, no.Detail ?? no.Problem.Code)] : [.. no.Errors.Select(e => e with { Pointer = $"/rows/{i}{e.Pointer}" })]);
            if (din is null) { items[i] = Rejected(Problems.DinInvalid.Because(null, new FieldError("/din", "din_invalid", "Not a donation number, or its check character is wrong"))); continue; }
            if (files.ByDin.GetValueOrDefault(din) is not { Arrived: true } file) { items[i] = Rejected((waiting.Contains(din) ? Problems.DonationUnanswered : Problems.DinUnknown).Because(null, new FieldError("/din", "unknown", "No donation of this station"))); continue; }
            var rules = Parameters.ComponentsOn(Shanghai.DateOf(file.Row.StartedAt!.Value));
            if (Check(row, rules, file.Row, tx.Now) is { } no) { items[i] = Rejected(no); continue; }
            var rule = rules.Components.First(c => c.Component == row.Component || c.ProductCode == row.ProductCode);
            var division = row.Division ?? "00";
            if (file.Units.Find(u => u.ProductCode == rule.ProductCode && u.Division == division) is { } there)
            {
                items[i] = there.ProducedAt == row.ProducedAt && (row.VolumeMl is null || row.VolumeMl == there.VolumeMl) ? new(i, din, "accepted", null, there.Id) : Rejected(Problems.UnitExists.Because());
                continue;
            }
            if (file.Row.VoidedAt is not null) { items[i] = Rejected(Problems.DonationVoided.Because()); continue; }
            var source = new Source(file.Row.Procedure!, file.Row.NominalMl, file.Row.CollectedMl, file.Row.TreatmentUnits, file.Row.Preservative, file.Row.Restrictions, file.Row.StartedAt.Value, file.Row.EndedAt!.Value, file.Row.Outcome!);
            // What was made of another bag holds no more of the donation than that bag did.
            MadeComponent[] made = [.. file.Units.Where(u => u.ParentId is null).Select(u => new MadeComponent(u.Component, u.ProductCode, u.Division, u.ContentU, (int?)u.TreatmentUnits, u.VolumeMl, u.ExpiresAt))];
            var (bag, impossible) = ComponentMaking.Another(rules, source, made, new(rule.Component, division, row.VolumeMl, row.ContentU, row.TreatmentUnits, row.ProducedAt!.Value, row.ExpiresAt));
            if (impossible is not null) { items[i] = Rejected(impossible with { Errors = [.. impossible.Errors.Select(e => e with { Pointer = "/component" })] }); continue; }

            var unit = new UnitRow
            {
                Id = tx.NewId(), Version = 1, Din = din, StationId = file.Row.StationId, Component = bag!.Component, ProductCode = bag.ProductCode, Division = division, BloodGroup = file.Row.BloodGroup, ContentU = bag.ContentU,
                TreatmentUnits = bag.TreatmentUnits, VolumeMl = bag.VolumeMl, CollectedAt = file.Row.StartedAt.Value, ProducedAt = row.ProducedAt.Value, ExpiresAt = bag.ExpiresAt, Status = file.Row.Backfilled ? "historic" : "quarantine", OpenHolds = file.Row.OpenHolds,
            };
            file.Units.Add(unit);
            tx.Write("""
                insert into inventory.unit (id, version, din, station_id, component, product_code, division, blood_group, content_u, treatment_units, volume_ml, collected_at, produced_at, expires_at, status, open_holds)
                values (@Id, @Version, @Din, @StationId, @Component, @ProductCode, @Division, @BloodGroup, @ContentU, @TreatmentUnits, @VolumeMl, @CollectedAt, @ProducedAt, @ExpiresAt, @Status, @OpenHolds)
                """, unit);
            tx.Moved([unit.Id], "made", null, caller, at: unit.ProducedAt, code: "pushed");
            // A label that says otherwise, or a bag that nobody had seen when the donation was released: two people look.
            if (!file.Row.Backfilled && (file.Row.ReleasedAt is not null || (row.BloodGroup is { } label && (file.Row.BloodGroup ?? file.Row.ChairGroup) is { } known && label != known))) toHold.Add(unit);
            file.Row.ComponentsAt ??= tx.Now;
            items[i] = new(i, din, "accepted", null, unit.Id, row.ExpiresAt > bag.ExpiresAt ? [new($"/rows/{i}/expiresAt", "shortened", $"Kept: {Shanghai.Local(bag.ExpiresAt):yyyy-MM-dd'T'HH:mm:sszzz}")] : null);
        }
        HoldUnit.Place(tx, toHold, "mirror", "pushed", caller);
        var touched = items.Where(i => i.Status == "accepted").Select(i => i.Reference).ToHashSet();
        DonationFile.Save(tx, files.ByDin.Values.Where(f => touched.Contains(f.Din)));
        tx.Audit("units.push", "/v1/units", new { accepted = items.Count(i => i.Status == "accepted"), rejected = items.Count(i => i.Status != "accepted") });
        return items;
    }

    private static Rejection? Check(PushedUnit row, ComponentRules rules, DonationRow donation, DateTimeOffset now)
    {
        var errors = new List<FieldError>();
        void Must(bool so, string pointer, string message) { if (!so) errors.Add(new(pointer, "invalid", message)); }
        var rule = rules.Components.FirstOrDefault(c => c.Component == row.Component || c.ProductCode == row.ProductCode);
        Must(rule is not null, "/component", "One of " + string.Join(", ", rules.Components.Select(c => c.Component)));
        Must(rule is null || ((row.Component ?? rule.Component) == rule.Component && (row.ProductCode ?? rule.ProductCode) == rule.ProductCode), "/productCode", "Component and product code say two things");
        Must(row.Division is null || (row.Division.Length == 2 && row.Division.All(char.IsAsciiLetterOrDigit)), "/division", "Two characters");
        Must(row.VolumeMl is null or (>= 1 and <= 1000), "/volumeMl", "1 to 1,000");
        Must(row.ContentU is null or (> 0 and <= 10), "/contentU", "Equivalents of 200 ml whole blood");
        Must(row.TreatmentUnits is null or 1 or 2, "/treatmentUnits", "1 or 2");
        Must(row.ProducedAt is not null && row.ProducedAt >= donation.StartedAt, "/producedAt", "When it was made, not before the collection");
        Must(!(row.ExpiresAt < row.ProducedAt), "/expiresAt", "Not before it was made");
        Must(row.BloodGroup is null || Parameters.BloodGroups.Contains(row.BloodGroup), "/bloodGroup", "One of " + string.Join(" ", Parameters.BloodGroups));
        if (errors.Count > 0) return CommonProblems.Invalid.Because(null, [.. errors]);
        return row.ProducedAt > now ? Problems.PerformedInFuture.Because(null, new FieldError("/producedAt", "in_future", "It lies in the future")) : null;
    }
}
