using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <param name="ReasonCode">`entered-wrong`, `measured-again` or `label-wrong` with values; `wrong-donor`, `never-collected` or `recorded-twice` makes the donation void.</param>
/// <param name="Values">What should stand instead; what is absent stays.</param>
public sealed record CorrectVisitRequest(
    [property: AllowedValues("entered-wrong", "measured-again", "label-wrong", "wrong-donor", "never-collected", "recorded-twice")] string ReasonCode,
    CorrectedValuesRequest? Values = null,
    [property: StringLength(80, MinimumLength = 1)] string? Note = null);

public sealed record CorrectedValuesRequest(
    int? NominalMl = null,
    [property: Range(0, 2000)] int? CollectedMl = null,
    int? TreatmentUnits = null,
    [property: AllowedValues("completed", "under", "over", "abandoned", null)] string? Outcome = null,
    BagRequest? Bag = null,
    [property: AllowedValues("left", "right", null)] string? Arm = null,
    DateTimeOffset? StartedAt = null,
    DateTimeOffset? EndedAt = null);

/// <summary>A correction as it was made: the collection after it, and who answers for it.</summary>
public sealed record CorrectionView(Guid Id, Guid VisitId, string Din, int Number, string Kind, string ReasonCode, CollectionView Before, CollectionView After, DateTimeOffset RecordedAt, Guid RecordedBy);

public sealed record CollectionView(int? NominalMl, int? CollectedMl, int? TreatmentUnits, string Outcome, CollectionBag Bag, string Arm, DateTimeOffset StartedAt, DateTimeOffset EndedAt, string[] Deviations, string[] Restrictions)
{
    internal static CollectionView Of(CollectionRecord r) => new(r.NominalMl, r.CollectedMl, r.TreatmentUnits, r.Outcome, r.Bag, r.Arm, r.StartedAt, r.EndedAt, r.Deviations, r.Restrictions);
}

/// <summary>
/// POST /v1/visits/{id}/corrections: a second person finds that what was recorded of a collection is otherwise, or that it is none of this donor's.
/// A new fact with its reason; what was recorded stays. Dates and volumes of everybody follow.
/// </summary>
public static class CorrectVisit
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/visits/{id:guid}/corrections", Handle).Allow("visits", Roles.Station).ByStaff("quality", "physician").Creates().WithSummary("A second person corrects or voids what was collected");
        app.MapGet("/v1/visits/{id:guid}/corrections", List).Allow("visits", Roles.Station).WithSummary("A visit's corrections, in order");
        app.MapGet("/v1/visits/{id:guid}/corrections/{correctionId:guid}", One).Allow("visits", Roles.Station).WithSummary("A correction");
    }

    private static async Task<Results<Made<CorrectionView>, ProblemHttpResult>> Handle(Guid id, CorrectVisitRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<CorrectionView>, ProblemHttpResult>>(async tx =>
        {
            var voids = Correction.Voids.Contains(request.ReasonCode);
            if (voids != request.Values is null) return CommonProblems.Invalid.With(null, new FieldError("/values", "invalid", voids ? "Not with a reason that voids the donation" : "What should stand instead"));
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            var (row, donor) = (visit.Row, visit.Donor);
            if (row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            if (!VisitSteps.Given(row.Status)) return Problems.NothingCollected.With($"The visit is {row.Status}");
            if (visit.Voided) return Problems.DonationVoided.With();
            if (Correction.By(caller.Staff!.Id, visit.StaffOf("collection/start", "collection/finish"), visit.Corrections.Count > 0 ? visit.Corrections[^1].RecordedBy : null) is { } same) return same.ToProblem();

            var (before, after) = (visit.Collected, visit.Collected);
            var dayBefore = Shanghai.DateOf(before.StartedAt);
            if (request.Values is { } v)
            {
                var values = new CorrectedValues(v.NominalMl, v.CollectedMl, v.TreatmentUnits, v.Outcome, v.Bag is { } bag ? new(bag.Catalogue, bag.Lot, bag.ExpiresOn, bag.Preservative) : null, v.Arm, v.StartedAt, v.EndedAt);
                var (corrected, rejection) = Correction.Correct(visit.Rules, before, values, Eligibility.Restrictions(donor.Facts, visit.Rules, Shanghai.DateOf(v.StartedAt ?? before.StartedAt)), row.OpenedAt, tx.Now);
                if (rejection is not null) return rejection.ToProblem();
                after = corrected!;
            }

            var day = Shanghai.DateOf(after.StartedAt);
            var correction = new CorrectionRow(tx.NewId(), visit.Corrections.Count + 1, voids ? "voided" : "corrected", request.ReasonCode, after.NominalMl, after.CollectedMl, after.TreatmentUnits, after.Outcome,
                JsonSerializer.Serialize(after.Bag, Json.Options), after.Arm, after.StartedAt, after.EndedAt, after.Deviations, after.Restrictions, tx.Now, caller.Staff.Id);
            tx.Write("""
                insert into donor.donation_correction (id, din, number, kind, reason_code, note, nominal_ml, collected_ml, treatment_units, outcome, bag, arm, started_at, ended_at, donated_on, deviations, restrictions, recorded_at, recorded_by)
                values (@Id, @Din, @Number, @Kind, @ReasonCode, @note, @NominalMl, @CollectedMl, @TreatmentUnits, @Outcome, @Bag::jsonb, @Arm, @StartedAt, @EndedAt, @day, @Deviations, @Restrictions, @RecordedAt, @RecordedBy)
                """, new
            {
                correction.Id, row.Din, correction.Number, correction.Kind, correction.ReasonCode, note = request.Note is null ? null : donor.Key.Seal("correction_note", request.Note), correction.NominalMl, correction.CollectedMl, correction.TreatmentUnits,
                correction.Outcome, correction.Bag, correction.Arm, correction.StartedAt, correction.EndedAt, day, correction.Deviations, correction.Restrictions, correction.RecordedAt, correction.RecordedBy,
            });
            visit.Add(correction);
            if (voids)
                visit.Announce(tx, new DonationVoided
                {
                    Key = donor.Id.ToString(), Version = donor.NextVersion(), OccurredAt = tx.Now, CorrectionId = correction.Id, Din = row.Din!, Number = correction.Number, DonorId = donor.Id, DriveId = row.DriveId, ReasonCode = request.ReasonCode, Before = StateOf(before), Backfilled = row.Backfilled,
                });
            else
                visit.Announce(tx, new DonationCorrected
                {
                    Key = donor.Id.ToString(), Version = donor.NextVersion(), OccurredAt = tx.Now, CorrectionId = correction.Id, Din = row.Din!, Number = correction.Number, DonorId = donor.Id, DriveId = row.DriveId, District = row.District, ReasonCode = request.ReasonCode,
                    Before = StateOf(before), After = StateOf(after), Backfilled = row.Backfilled,
                });
            if (voids || (day, after.CollectedMl, after.TreatmentUnits) != (dayBefore, before.CollectedMl, before.TreatmentUnits))
            {
                var donations = donor.Facts.Donations.ToList();
                donations.Remove(new(dayBefore, row.Procedure!, before.CollectedMl, before.TreatmentUnits));
                if (!voids) donations.Add(new(day, row.Procedure!, after.CollectedMl, after.TreatmentUnits));
                donor.Facts = donor.Facts with { Donations = donations };
                donor.AnnounceWindows(tx);
            }
            visit.Save(tx);
            tx.Audit("visit.correct", $"visits/{id}", new { din = row.Din, correction.Number, correction.Kind, request.ReasonCode });
            return Answers.Created($"/v1/visits/{id}/corrections/{correction.Id}", 1, ViewOf(visit, correction.Number - 1));
        }, ct);

    private static async Task<Results<Ok<List<CorrectionView>>, ProblemHttpResult>> List(Guid id, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Ok<List<CorrectionView>>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Read(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant) return CommonProblems.NotFound.With();
            tx.Audit("visit.read", $"visits/{id}");
            return TypedResults.Ok(visit.Corrections.Select((_, i) => ViewOf(visit, i)).ToList());
        }, ct);

    private static async Task<Results<Made<CorrectionView>, ProblemHttpResult>> One(Guid id, Guid correctionId, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<CorrectionView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Read(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Row.StationId != caller.Tenant || visit.Corrections.SingleOrDefault(c => c.Id == correctionId) is not { } correction) return CommonProblems.NotFound.With();
            tx.Audit("visit.read", $"visits/{id}");
            return Answers.Ok(1, ViewOf(visit, correction.Number - 1));
        }, ct);

    private static CorrectionView ViewOf(VisitFile visit, int index)
    {
        var c = visit.Corrections[index];
        return new(c.Id, visit.Row.Id, visit.Row.Din!, c.Number, c.Kind, c.ReasonCode, CollectionView.Of(visit.CollectedBefore(index)), CollectionView.Of(c.After(visit.Row.Procedure!)), c.RecordedAt, c.RecordedBy);
    }

    private static CollectedState StateOf(CollectionRecord r) =>
        new(r.Procedure, r.NominalMl, r.CollectedMl, r.TreatmentUnits, r.Outcome, r.Bag, (int)(r.EndedAt - r.StartedAt).TotalSeconds, r.Deviations, r.Restrictions, r.StartedAt, r.EndedAt);
}
