using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <summary>The drop of blood before giving: g/L, a fraction, 10⁹/L. Haematocrit and platelets are for apheresis, with the count that is predicted to be left: out of bounds they close apheresis, and the answer's openProcedures says what is left.</summary>
public sealed record PretestRequest(
    HaemoglobinRequest Haemoglobin,
    [property: AllowedValues("O+", "O-", "A+", "A-", "B+", "B-", "AB+", "AB-")] string BloodGroup,
    bool AltPass,
    bool HbsagPass,
    [property: Range(0.05, 0.90)] decimal? Hematocrit = null,
    [property: Range(1, 5000)] int? PlateletCount = null,
    [property: Range(1, 5000)] int? PlateletCountAfter = null,
    DateTimeOffset? At = null)
{
    /// <summary>By the names under which rules speak of them; a boolean is 1 or 0.</summary>
    internal Dictionary<string, decimal> Values
    {
        get
        {
            var values = new Dictionary<string, decimal> { ["altPass"] = AltPass ? 1 : 0, ["hbsagPass"] = HbsagPass ? 1 : 0 };
            if (Haemoglobin.ValueGl is { } haemoglobin) values["haemoglobinGl"] = haemoglobin;
            if (Haemoglobin.Pass is { } sinks) values["copperSulfatePass"] = sinks ? 1 : 0;
            if (Hematocrit is { } hematocrit) values["hematocrit"] = hematocrit;
            if (PlateletCount is { } platelets) values["plateletCount"] = platelets;
            if (PlateletCountAfter is { } left) values["plateletCountAfter"] = left;
            return values;
        }
    }

    internal FieldError? Wrong => (Haemoglobin.Method == "meter" ? Haemoglobin.ValueGl is null || Haemoglobin.Pass is not null : Haemoglobin.Pass is null || Haemoglobin.ValueGl is not null)
        ? new("/haemoglobin", "invalid", "meter has valueGl, copper-sulfate has pass, and neither has the other") : null;
}

/// <param name="ValueGl">With method meter.</param>
/// <param name="Pass">With method copper-sulfate.</param>
public sealed record HaemoglobinRequest([property: AllowedValues("meter", "copper-sulfate")] string Method, [property: Range(20.0, 300.0)] decimal? ValueGl = null, bool? Pass = null);

/// <summary>POST /v1/visits/{id}/pretest</summary>
public static class Pretest
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/pretest", Handle)
        .Allow("visits", Roles.Station).ByStaff("physician", "quality").WithSummary("Step 5: haemoglobin, blood group, rapid tests");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, PretestRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (request.Wrong is { } wrong) return CommonProblems.Invalid.With(null, wrong);
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Enter("pretest", caller, request.At, tx.Now, "physician") is { } no) return no;
            var findings = visit.Judge(tx, new(visit.Day, Sex: visit.Donor.Facts.Sex, Values: request.Values, Procedures: visit.Open));
            visit.Row = visit.Row with { BloodGroup = request.BloodGroup, Measured = [.. visit.Row.Measured, .. request.Values.Keys] };
            return visit.Settle(tx, caller, request, findings);
        }, ct);
}
