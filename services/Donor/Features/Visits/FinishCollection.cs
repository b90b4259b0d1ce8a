using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <param name="CollectedMl">What was weighed, whatever it is; whole blood that was not abandoned must be weighed. With `abandoned`, 0 says that nothing was drawn, the needle was never in; without it nobody knows, and the intervals run.</param>
/// <param name="PlasmaMl">Plasma taken beside platelets: a part of collectedMl, which is then given, so that the year's limit counts both.</param>
/// <param name="TreatmentUnits">What an apheresis really gave, where it differs from what was planned; an abandoned one that gave any is a donation.</param>
public sealed record FinishCollectionRequest(
    DateTimeOffset EndedAt,
    [property: AllowedValues("completed", "under", "over", "abandoned")] string Outcome,
    [property: Range(0, 2000)] int? CollectedMl = null,
    [property: Range(1, 100)] int? TreatmentUnits = null,
    [property: Range(1, 2000)] int? PlasmaMl = null);

/// <summary>
/// POST /v1/visits/{id}/collection/finish: the one fact that every count in every service starts from, and with it the dates on
/// which the donor may give again. A needle that drew nothing is no donation; one of which nobody weighed what it drew is none either, and yet counts for the intervals.
/// </summary>
public static class FinishCollection
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits/{id:guid}/collection/finish", Handle)
        .Allow("visits", Roles.Station).ByStaff("phlebotomist", "quality").NeedsIdempotencyKey().WithSummary("Step 7: the collection ends");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(Guid id, FinishCollectionRequest request, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            if (await VisitFile.Lock(tx, vault, books, id) is not { } visit) return CommonProblems.Unknown(id);
            if (visit.Enter("collection/finish", caller, request.EndedAt, tx.Now, "phlebotomist") is { } no) return no;
            var (row, donor) = (visit.Row, visit.Donor);
            var startedAt = row.StartedAt!.Value;
            if (request.EndedAt < startedAt) return Problems.TimeOutOfOrder.With(null, new FieldError("/endedAt", "time_out_of_order", "Before startedAt"));
            var whole = row.Procedure == Procedures.WholeBlood;
            if (whole && request is { Outcome: not "abandoned", CollectedMl: null or 0 }) return CommonProblems.Invalid.With(null, new FieldError("/collectedMl", "required", "What was weighed"));
            if (whole && request.TreatmentUnits is not null) return CommonProblems.Invalid.With(null, new FieldError("/treatmentUnits", "invalid", "Not with whole blood"));
            if (whole && request.PlasmaMl is not null) return CommonProblems.Invalid.With(null, new FieldError("/plasmaMl", "invalid", "Not with whole blood"));
            if (request.PlasmaMl is { } beside && !(request.CollectedMl > beside)) return CommonProblems.Invalid.With(null, new FieldError("/collectedMl", "required", "Platelets and plasma together"));

            if (request.TreatmentUnits is { } given && Collection.Volume(visit.Rules, row.Procedure!, null, given) is { } notSo) return notSo.ToProblem();
            var (deviations, restrictions) = Collection.Outcome(visit.Rules, request.Outcome, row.NominalMl, request.CollectedMl, request.EndedAt - startedAt);
            restrictions = [.. restrictions.Union(Eligibility.Restrictions(donor.Facts, visit.Rules, Shanghai.DateOf(startedAt)))];
            var units = whole ? null : request.TreatmentUnits ?? row.TreatmentUnits;
            deviations = [.. deviations, .. Collection.PlasmaDeviations(visit.Rules, row.Procedure!, units, request.PlasmaMl)];
            var withdrawn = row.PrivateWithdrawal; // known until the needle is out: nothing is kept of it
            visit.Row = row = row with { PrivateWithdrawal = false, EndedAt = request.EndedAt, Outcome = request.Outcome, CollectedMl = request.CollectedMl, TreatmentUnits = units, Deviations = deviations, Restrictions = restrictions };
            tx.Audit("collection.finish", $"visits/{id}", new { din = row.Din });
            // Left for a day it counted as an attempt (donor.attempt): what is known of its end stands instead.
            var left = tx.Now - startedAt > TimeSpan.FromDays(1);
            if (left) donor.Forget(new(Shanghai.DateOf(startedAt), row.Procedure!, Attempt: true));
            if (request is { Outcome: "abandoned", CollectedMl: null or 0, TreatmentUnits: null })
            {
                visit.Row = row with { Status = VisitSteps.Abandoned };
                if (request.CollectedMl is null) donor.Facts = donor.Facts with { Donations = [.. donor.Facts.Donations, new PastDonation(Shanghai.DateOf(startedAt), row.Procedure!, Attempt: true)] };
                visit.Announce(tx, new VisitAbandoned { Key = donor.Id.ToString(), Version = donor.NextVersion(), OccurredAt = request.EndedAt, VisitId = id, DonorId = donor.Id, DriveId = row.DriveId, AppointmentId = row.AppointmentId, Backfilled = row.Backfilled });
                if (request.CollectedMl is null || left) donor.AnnounceWindows(tx);
                return visit.Pass(tx, caller, request);
            }

            var day = Shanghai.DateOf(startedAt);
            tx.Write("""
                insert into donor.donation (din, donor_id, visit_id, station_id, drive_id, procedure, nominal_ml, collected_ml, treatment_units, donated_on, started_at, backfilled, recorded_at)
                values (@Din, @DonorId, @Id, @StationId, @DriveId, @Procedure, @NominalMl, @CollectedMl, @TreatmentUnits, @day, @StartedAt, @Backfilled, @now)
                """, new { row.Din, row.DonorId, row.Id, row.StationId, row.DriveId, row.Procedure, row.NominalMl, row.CollectedMl, row.TreatmentUnits, day, row.StartedAt, row.Backfilled, now = tx.Now });
            visit.Announce(tx, new DonationCollected
            {
                Key = donor.Id.ToString(), Version = donor.NextVersion(), OccurredAt = startedAt, Din = row.Din!, VisitId = id, DonorId = donor.Id, DriveId = row.DriveId, AppointmentId = row.AppointmentId,
                OrganiserId = row.OrganiserId, DonorOrganisationId = donor.SharedOrganisationOn(day, row.OrganiserId), District = row.District, Procedure = row.Procedure!, NominalMl = row.NominalMl, CollectedMl = row.CollectedMl, TreatmentUnits = units,
                Outcome = request.Outcome, Bag = JsonSerializer.Deserialize<CollectionBag>(row.Bag!, Json.Options)!, BleedSeconds = (int)(request.EndedAt - startedAt).TotalSeconds, Deviations = deviations, Restrictions = restrictions,
                BloodGroup = row.BloodGroup, FirstTime = donor.Facts.Donations.All(d => d.Attempt || d.On > day), StartedAt = startedAt, EndedAt = request.EndedAt, Backfilled = row.Backfilled, ExternalCheck = row.ExternalCheck,
            });
            // Something about him came while the needle was in, perhaps past midnight, or he asked for it privately: it looks like any other withdrawal.
            var doubted = !row.Backfilled && donor.Obstacles(row.Procedure!, visit.Rules).Any(o => o.Medical && (o.On(day) || o.On(Shanghai.DateOf(tx.Now))));
            if (doubted || withdrawn) donor.Withdraw(tx, row.Din!, row.StationId);
            donor.Facts = donor.Facts with { Donations = [.. donor.Facts.Donations, new PastDonation(day, row.Procedure!, row.CollectedMl, row.TreatmentUnits)] };
            donor.AnnounceWindows(tx);
            return visit.Pass(tx, caller, request);
        }, ct);
}
