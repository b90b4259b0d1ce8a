using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Dins;
using BloodPlatform.Inventory.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Inventory.Features.Units;

/// <summary>Texts as the scanner sends them, of one bag.</summary>
public sealed record ResolveScansRequest([property: MinLength(1), MaxLength(20)] string[] Scans);

/// <param name="Structure">Of ISBT 128: `001` to `005`; null where the text is none of them: scan it again.</param>
/// <param name="FacilityKnown">Of a donation number: whether its facility is one that this platform knows.</param>
public sealed record ScanView(string Scan, string? Structure, string? Din, string? Flags, string? BloodGroup, string? Special, string? ProductCode, string? CollectionType, string? Division, DateTimeOffset? ExpiresAt, bool? FacilityKnown);

/// <param name="Din">The number that was scanned; null without one, or with two that differ.</param>
/// <param name="Units">The caller's bags that bear it, with the product and division where those were scanned.</param>
/// <param name="Mismatches">`din`, `product-code`, `division`, `blood-group`, `expiry`: scans that contradict each other, or the one bag they name. POST …/label-check holds it.</param>
public sealed record ResolvedScansView(ScanView[] Scans, string? Din, UnitView[] Units, string[] Mismatches);

/// <summary>POST /v1/scans/resolve: what a label's codes say, and which bag it is: the station's own, or one that was issued to the hospital. It changes nothing.</summary>
public static class ResolveScans
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/scans/resolve", Handle).Allow("inventory", Roles.Station, Roles.Hospital).IgnoresIdempotencyKey().WithSummary("Reads scanned codes and finds the bag");

    private static async Task<Results<Ok<ResolvedScansView>, ProblemHttpResult>> Handle(ResolveScansRequest request, Caller caller, Facility facility, Database db, TimeProvider clock, CancellationToken ct)
    {
        for (var i = 0; i < request.Scans.Length; i++)
            if (request.Scans[i] is not { Length: > 0 and <= 100 }) return CommonProblems.Invalid.With(null, new FieldError($"/scans/{i}", "invalid", "1 to 100 characters"));
        var read = request.Scans.Select(s => (Text: s, Says: Isbt128.Read(s))).ToArray();
        var label = Label.Of(read.Select(r => r.Says));
        var units = label.Din is not { } din ? [] : await db.Query<UnitRow>($"""
            {UnitRow.Select} where u.din = @din and (case when @hospital then u.hospital_id = @Tenant else u.station_id = @Tenant end)
              and (@ProductCode::text is null or u.product_code = @ProductCode) and (@Division::text is null or u.division = @Division) order by u.id
            """, new { din, label.ProductCode, label.Division, caller.Tenant, hospital = caller.Is(Roles.Hospital) }, ct);
        string[] mismatches = [.. label.Contradictions.Concat(units.Count == 1 ? label.Against(units[0]) : []).Distinct()];
        return TypedResults.Ok(new ResolvedScansView(
            [.. read.Select(r => new ScanView(r.Text, r.Says?.Structure, r.Says?.Din?.Text, r.Says?.Flags, r.Says?.BloodGroup, r.Says?.Special, r.Says?.ProductCode, r.Says?.CollectionType, r.Says?.Division, r.Says?.ExpiresAt, r.Says?.Din is { } number ? facility.Known.Contains(number.Fin) : null))],
            label.Din, [.. units.Select(u => u.View(clock.GetUtcNow()))], mismatches));
    }
}

/// <summary>What the scans of one label say together.</summary>
/// <param name="Contradictions">Of what they say twice and differently; that is then null.</param>
internal sealed record Label(string? Din, string? ProductCode, string? Division, string? BloodGroup, DateTimeOffset? ExpiresAt, bool ToTheMinute, string[] Contradictions)
{
    public static Label Of(IEnumerable<ScannedText?> scans)
    {
        var (all, wrong) = (scans.OfType<ScannedText>().ToArray(), new List<string>());
        string? One(string what, IEnumerable<string?> said)
        {
            var values = said.OfType<string>().Distinct().ToArray();
            if (values.Length > 1) wrong.Add(what);
            return values.Length == 1 ? values[0] : null;
        }
        var (din, product, division) = (One("din", all.Select(s => s.Din?.Text)), One("product-code", all.Select(s => s.ProductCode)), One("division", all.Select(s => s.Division)));
        // A label that says "quarantine" where the group stands is no label of a bag that may leave.
        var group = One("blood-group", all.Where(s => s.Structure == "002").Select(s => s.BloodGroup ?? s.Special));
        var expiries = all.Where(s => s.ExpiresAt is not null).ToArray();
        // The day beside the minute is no contradiction.
        var expiry = expiries.FirstOrDefault(s => s.Structure == "005") ?? expiries.FirstOrDefault();
        if (expiries.Any(s => s.Structure == "005" ? s.ExpiresAt != expiry!.ExpiresAt : Shanghai.DateOf(s.ExpiresAt!.Value) != Shanghai.DateOf(expiry!.ExpiresAt!.Value))) { wrong.Add("expiry"); expiry = null; }
        return new(din, product, division, group, expiry?.ExpiresAt, expiry?.Structure == "005", [.. wrong]);
    }

    /// <summary>What it says otherwise than the record; what it does not say is no mismatch.</summary>
    public IEnumerable<string> Against(UnitRow unit)
    {
        if (Din is { } din && din != unit.Din) yield return "din";
        if (ProductCode is { } product && product != unit.ProductCode) yield return "product-code";
        if (Division is { } division && division != unit.Division) yield return "division";
        if (BloodGroup is { } group && group != unit.BloodGroup) yield return "blood-group";
        if (ExpiresAt is { } at && (ToTheMinute ? at != Minute(unit.ExpiresAt) : Shanghai.DateOf(at) != Shanghai.DateOf(unit.ExpiresAt))) yield return "expiry";
    }

    private static DateTimeOffset Minute(DateTimeOffset at) => at.AddTicks(-(at.Ticks % TimeSpan.TicksPerMinute));
}
