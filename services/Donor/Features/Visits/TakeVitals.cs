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
    ExaminationRequest? Examination = null,
    DateTimeOffset? At = null)
{
    /// <summary>By the names under which rules speak of them; a boolean is 1 or 0.</summary>
    internal Dictionary<string, decimal> Values
    {
        get
        {
            var values = new Dictionary<string, decimal>
            {
                ["temperatureC"] = TemperatureC, ["systolic"] = Systolic, ["diastolic"] = Diastolic, ["pulsePressure"] = Systolic - Diastolic, [EnduranceAthlete ? "pulseOfAthlete" : "pulse"] = Pulse, ["weightKg"] = WeightKg,
            };
            if (Examination is { } seen)
                foreach (var (measure, sound) in new[] { ("noJaundice", seen.NoJaundice), ("noExtensiveSkinDisease", seen.NoExtensiveSkinDisease), ("limbsSound", seen.LimbsSound), ("punctureSitesIntact", seen.PunctureSitesIntact) }) values[measure] = sound ? 1 : 0;
            return values;
        }
    }

    internal FieldError? Wrong => Diastolic >= Systolic ? new("/diastolic", "invalid", "Not below systolic") : null;
}

/// <summary>What is seen on the donor; false ends the visit. Where nobody says it, the needle's answer names each rule of it with the code `not-judged`.</summary>
/// <param name="NoJaundice">Of skin and sclera.</param>
/// <param name="LimbsSound">No severe disability.</param>
/// <param name="PunctureSitesIntact">Of both arms, without marks of injections.</param>
public sealed record ExaminationRequest(bool NoJaundice, bool NoExtensiveSkinDisease, bool LimbsSound, bool PunctureSitesIntact);

/// <summary>POST /v1/visits/{id}/vitals</summary>
public static class TakeVitals
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/vitals", Handle)
        .Allow("visits", Roles.Station).ByStaff("registrar", "physician", "quality").WithSummary("Step 3: temperature, blood pressure, pulse, weight, what is seen");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, VitalsRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (request.Wrong is { } wrong) return CommonProblems.Invalid.With(null, wrong);
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Enter("vitals", caller, request.At, tx.Now, "registrar", "physician") is { } no) return no;
            var findings = visit.Judge(tx, new(visit.Day, Sex: visit.Donor.Facts.Sex, Values: request.Values, Procedures: visit.Open));
            visit.Row = visit.Row with { Measured = [.. request.Values.Keys] };
            return visit.Settle(tx, caller, request, findings);
        }, ct);
}
