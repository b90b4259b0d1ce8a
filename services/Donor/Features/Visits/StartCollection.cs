using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <param name="Din">13 characters, 13 and the check character, or the scanned text =…ff.</param>
/// <param name="PlasmaMl">Plasma that shall be taken beside one treatment unit of platelets.</param>
/// <param name="PlateletCountAfter">10⁹/L: what the separator predicts to be left of this plan, where the pretest does not say it or another plan was made since.</param>
/// <param name="BagScan">Any form of the number, as scanned from the bag.</param>
/// <param name="SampleTubeScans">The same from each tube.</param>
public sealed record StartCollectionRequest(
    [property: StringLength(20, MinimumLength = 1)] string Din,
    [property: AllowedValues(Procedures.WholeBlood, Procedures.ApheresisPlatelets)] string Procedure,
    BagRequest Bag,
    [property: AllowedValues("left", "right")] string Arm,
    DateTimeOffset StartedAt,
    int? NominalMl = null,
    int? TreatmentUnits = null,
    [property: Range(1, 2000)] int? PlasmaMl = null,
    [property: StringLength(40, MinimumLength = 1)] string? BagScan = null,
    [property: MaxLength(20)] string[]? SampleTubeScans = null,
    [property: Range(1, 5000)] int? PlateletCountAfter = null);

public sealed record BagRequest(
    [property: StringLength(40, MinimumLength = 1)] string Catalogue,
    [property: StringLength(40, MinimumLength = 1)] string Lot,
    DateOnly ExpiresOn,
    [property: AllowedValues("ACD-B", "CPD", "CPDA-1", "MAP", "SAGM", "AS-1", "AS-3", "AS-5")] string Preservative);

/// <summary>
/// POST /v1/visits/{id}/collection/start: the needle. The donor is judged once more as of the day, because a result or a call may have
/// come since he checked in; the number must be one issued to this station, and is used once.
/// </summary>
public static class StartCollection
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/collection/start", Handle)
        .Allow("visits", Roles.Station).ByStaff("phlebotomist", "quality").NeedsIdempotencyKey().WithSummary("Step 6: the collection begins");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, StartCollectionRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            var (din, invalid) = Din.Parse(request.Din);
            var (prefix, sequence) = din is null ? ("", 0) : Din.Split(din);
            var (found, issued) = await VisitFile.Lock<bool>(tx, vault, books, id, """
                select exists (select from donor.din_block where prefix = @prefix and @sequence between first_sequence and last_sequence and station_id = @station)
                """, new { id, prefix, sequence, station = caller.Tenant });
            if (found is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Enter("collection/start", caller, request.StartedAt, tx.Now, "phlebotomist") is { } no) return no;
            if (IdentityAssurance.Collection(visit.Donor.Assurance) is { } unseen) return unseen.ToProblem();
            if (invalid is not null) return invalid.ToProblem();
            var day = Shanghai.DateOf(request.StartedAt);
            if (Collection.Volume(visit.Rules, request.Procedure, request.NominalMl, request.TreatmentUnits) is { } volume) return volume.ToProblem();
            if (Collection.Plasma(visit.Rules, request.Procedure, request.TreatmentUnits, request.PlasmaMl) is { } plasma) return plasma.ToProblem();
            if (Collection.Bag(request.Bag.ExpiresOn, day) is { } bag) return bag.ToProblem();
            if (Collection.Scans(din!, request.BagScan, request.SampleTubeScans ?? []) is { } scans) return scans.ToProblem();
            if (request is { PlateletCountAfter: not null, Procedure: not Procedures.ApheresisPlatelets }) return CommonProblems.Invalid.With(null, new FieldError("/plateletCountAfter", "invalid", "Only with apheresis"));
            if (visit.Row.DriveProcedures is { Length: > 0 } offered && !offered.Contains(request.Procedure)) return Problems.ProcedureNotOffered.With(null, new FieldError("/procedure", "procedure_not_offered", $"Offered: {string.Join(", ", offered)}"));
            if (visit.Closing(request.Procedure) is { Length: > 0 } closing) return Closed(visit, "/procedure", closing);
            if (request.Procedure == Procedures.ApheresisPlatelets && !(visit.Row.Measured.Contains("hematocrit") && visit.Row.Measured.Contains("plateletCount"))) return Problems.PretestIncomplete.With("Haematocrit and platelet count were not taken");
            if (!issued) return FreshIds.WaitThen(Problems.DinNotIssued.With());

            string[] measured = visit.Row.Measured;
            if (request.PlateletCountAfter is { } left)
            {
                // Of the plan, not of the donor: with a smaller one more is left, so it is refused and nothing closes.
                if (visit.Judge(tx, new(day, Sex: visit.Donor.Facts.Sex, Values: new() { ["plateletCountAfter"] = left }, Procedures: [request.Procedure])) is { Pass: false } few) return Closed(visit, "/plateletCountAfter", few.Reasons);
                measured = [.. measured, "plateletCountAfter"];
            }
            var findings = visit.Judge(tx, new(day, visit.Donor.Facts, [request.Procedure]));
            if (!findings.Pass) return visit.Defer(tx, caller, request, findings);
            if (Checks.Unjudged(visit.Rules, visit.Donor.Facts.Sex, request.Procedure, measured) is { Length: > 0 } unjudged) visit.Say(unjudged);
            visit.Row = visit.Row with
            {
                Din = din, Procedure = request.Procedure, NominalMl = request.NominalMl, TreatmentUnits = request.TreatmentUnits, Arm = request.Arm, StartedAt = request.StartedAt,
                Scanned = [.. request.BagScan is null ? Array.Empty<string>() : ["bag"], .. request.SampleTubeScans is { Length: > 0 } ? new[] { "tubes" } : []],
                Bag = JsonSerializer.Serialize(new CollectionBag(request.Bag.Catalogue, request.Bag.Lot, request.Bag.ExpiresOn, request.Bag.Preservative), Json.Options),
            };
            tx.Audit("collection.start", $"visits/{id}", new { din });
            return visit.Pass(tx, caller, request);
        }, ct);

    private static ProblemHttpResult Closed(VisitFile visit, string pointer, IEnumerable<Reason> closing) => Problems.ProcedureClosed.With($"Open at this visit: {(visit.Open is { Length: > 0 } open ? string.Join(", ", open) : "nothing")}",
        [.. closing.Select(c => new FieldError(pointer, "procedure_closed", $"{c.Rule}: {visit.Rules[c.Rule].Text} ({visit.Rules[c.Rule].Clause})"))]);
}
