using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <summary>°C, mmHg, beats a minute, kg. The ranges are what an instrument can show; what may give is the rule set's to say.</summary>
public sealed record VitalsRequest(
    [property: Range(30.0, 45.0)] decimal TemperatureC,
    [property: Range(40, 300)] int Systolic,
    [property: Range(20, 200)] int Diastolic,
    [property: Range(20, 250)] int Pulse,
    [property: Range(20.0, 400.0)] decimal WeightKg,
    bool EnduranceAthlete = false,
    DateTimeOffset? At = null);

/// <summary>POST /v1/visits/{id}/vitals</summary>
public static class TakeVitals
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/vitals", Handle)
        .Allow("visits", Roles.Station).ByStaff("registrar", "physician", "quality").WithSummary("Step 3: temperature, blood pressure, pulse, weight");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, VitalsRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (request.Diastolic >= request.Systolic) return CommonProblems.Invalid.With(null, new FieldError("/diastolic", "invalid", "Not below systolic"));
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Enter("vitals", caller, request.At, tx.Now, "registrar", "physician") is { } no) return no;
            var findings = visit.Judge(tx, new(visit.Day, Sex: visit.Donor.Facts.Sex, Values: new()
            {
                ["temperatureC"] = request.TemperatureC, ["systolic"] = request.Systolic, ["diastolic"] = request.Diastolic, ["pulsePressure"] = request.Systolic - request.Diastolic,
                [request.EnduranceAthlete ? "pulseOfAthlete" : "pulse"] = request.Pulse, ["weightKg"] = request.WeightKg,
            }));
            return findings.Pass ? visit.Pass(tx, caller, request) : visit.Defer(tx, caller, request, findings);
        }, ct);
}
