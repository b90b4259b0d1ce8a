using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Visits;
using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>
/// A station's own software says what it collected. Of a donor who is known it is a fact, whatever forbade it: it counts for his dates, and what deviates or forbade it holds the blood. What can't be
/// anybody's donation is refused, and the station is told why. The report becomes a visit that is over, so that it is corrected like any other.
/// </summary>
public static class OnDonationReported
{
    /// <summary>How the document was compared: the station's software says that it was.</summary>
    private const string Reported = "reported";

    public static async Task Handle(DonationReported e, Transaction tx, IServiceProvider services)
    {
        var (vault, books) = (services.GetRequiredService<Vault>(), services.GetRequiredService<RuleBooks>());
        var station = e.StationId ?? throw new InvalidOperationException("a report without its station");
        var (donor, drive, appointment, known) = await tx.Read(DonorFile.Locked + """
            select d.drive_id, d.station_id, d.organiser_id, coalesce(d.district, (select district from donor.organisation where organisation_id = @station)) as district
            from (select 1) one left join donor.drive d on d.drive_id = coalesce(@DriveId, (select drive_id from donor.appointment where appointment_id = @AppointmentId));
            select donor_id, drive_id, booked_version > 0 and not cancelled_version > booked_version as stands, exists (select from donor.visit v where v.appointment_id = a.appointment_id and v.status not in ('deferred', 'abandoned')) as used from donor.appointment a where appointment_id = @AppointmentId;
            select case when exists (select from donor.visit where id = @ReportId) then 'reported' when exists (select from donor.visit where din = @Din) or exists (select from donor.donation where din = @Din) then 'used' end
            """, new { donorId = e.DonorId, e.DriveId, e.AppointmentId, e.ReportId, e.Din, station },
            async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleAsync<DriveRow>(), await grid.ReadSingleOrDefaultAsync<AppointmentRow>(), await grid.ReadSingleAsync<string>()));
        if (known == "reported") return;
        var refusal = known is not null ? "din_used"
            : donor is null ? "donor_unknown"
            : donor.Restricted ? "donor_restricted"
            : e.AppointmentId is not null && !(appointment is { Stands: true, Used: false } && donor.Includes(appointment.DonorId) && (e.DriveId is null || e.DriveId == appointment.DriveId)) ? "appointment_mismatch"
            : (e.DriveId ?? appointment?.DriveId) is not null && drive.StationId != station ? "drive_unknown"
            : null;
        if (refusal is not null)
        {
            tx.Append(new DonationReportRefused { Key = e.ReportId.ToString(), Version = 1, OccurredAt = tx.Now, StationId = station, ReportId = e.ReportId, Din = e.Din, Code = refusal });
            return;
        }

        var day = Shanghai.DateOf(e.StartedAt);
        var rules = donor!.Book.On(day) ?? donor.Book.Near(day);
        var (deviations, restrictions) = Collection.Outcome(rules, e.Outcome, e.NominalMl, e.CollectedMl, e.EndedAt - e.StartedAt);
        var obstacles = donor.Obstacles(e.Procedure, rules);
        deviations =
        [
            .. e.Deviations.Union(deviations),
            .. Collection.Volume(rules, e.Procedure, e.NominalMl, e.TreatmentUnits) is null ? Array.Empty<string>() : ["volume-not-allowed"],
            .. Collection.Bag(e.Bag.ExpiresOn, day) is null ? Array.Empty<string>() : ["bag-expired"],
            .. IdentityAssurance.Collection(donor.Assurance) is null ? Array.Empty<string>() : ["identity-not-seen"],
            .. obstacles.Exists(o => !o.Medical && o.On(day)) ? ["age-or-interval"] : Array.Empty<string>(),
        ];
        restrictions = [.. e.Restrictions.Union(restrictions).Union(Eligibility.Restrictions(donor.Facts, rules, day))];
        var fact = new
        {
            e.ReportId, donorId = donor.Id, station, driveId = drive.DriveId, e.AppointmentId, Reported, e.StartedAt, e.EndedAt, e.Backfilled, code = rules.Code, version = rules.Version, e.BloodGroup, e.Procedure, e.NominalMl, e.TreatmentUnits,
            e.Din, bag = JsonSerializer.Serialize(e.Bag, Json.Options), e.CollectedMl, e.Outcome, deviations, restrictions, day, now = tx.Now,
        };
        tx.Write("""
            insert into donor.visit (id, version, donor_id, station_id, drive_id, appointment_id, collection_point, status, opened_at, backfilled, last_at, identity_kind, identity_method, identity_outcome, rule_set, rule_set_version,
                blood_group, procedure, nominal_ml, treatment_units, din, bag, arm, started_at, ended_at, collected_ml, outcome, deviations, restrictions)
            values (@ReportId, 1, @donorId, @station, @driveId, @AppointmentId, @Reported, 'completed', @StartedAt, @Backfilled, @EndedAt, @Reported, @Reported, @Reported, @code, @version,
                @BloodGroup, @Procedure, @NominalMl, @TreatmentUnits, @Din, @bag::jsonb, @Reported, @StartedAt, @EndedAt, @CollectedMl, @Outcome, @deviations, @restrictions)
            """, fact);
        tx.Write("""
            insert into donor.donation (din, donor_id, visit_id, station_id, drive_id, procedure, nominal_ml, collected_ml, treatment_units, donated_on, started_at, backfilled, recorded_at)
            values (@Din, @donorId, @ReportId, @station, @driveId, @Procedure, @NominalMl, @CollectedMl, @TreatmentUnits, @day, @StartedAt, @Backfilled, @now)
            """, fact);
        var key = donor.Id.ToString();
        tx.Append(new VisitOpened { Key = key, Version = donor.NextVersion(), OccurredAt = e.StartedAt, StationId = station, VisitId = e.ReportId, DonorId = donor.Id, DriveId = drive.DriveId, AppointmentId = e.AppointmentId, Backfilled = e.Backfilled });
        tx.Append(new DonationCollected
        {
            Key = key, Version = donor.NextVersion(), OccurredAt = e.StartedAt, StationId = station, Din = e.Din, VisitId = e.ReportId, DonorId = donor.Id, DriveId = drive.DriveId, AppointmentId = e.AppointmentId, OrganiserId = drive.OrganiserId,
            DonorOrganisationId = donor.SharedOrganisationOn(day, drive.OrganiserId), District = drive.District, Procedure = e.Procedure, NominalMl = e.NominalMl, CollectedMl = e.CollectedMl, TreatmentUnits = e.TreatmentUnits, Outcome = e.Outcome, Bag = e.Bag,
            BleedSeconds = (int)(e.EndedAt - e.StartedAt).TotalSeconds, Deviations = deviations, Restrictions = restrictions, BloodGroup = e.BloodGroup, FirstTime = donor.Facts.Donations.All(d => d.Attempt || d.On > day),
            StartedAt = e.StartedAt, EndedAt = e.EndedAt, Backfilled = e.Backfilled,
        });
        tx.Append(new VisitCompleted { Key = key, Version = donor.NextVersion(), OccurredAt = e.EndedAt, StationId = station, VisitId = e.ReportId, DonorId = donor.Id, DriveId = drive.DriveId, AppointmentId = e.AppointmentId, Backfilled = e.Backfilled });
        // He should not have been bled, or something about him came since: it looks like any other withdrawal.
        if (!e.Backfilled && obstacles.Exists(o => o.Medical && (o.On(day) || o.On(Shanghai.DateOf(tx.Now))))) donor.Withdraw(tx, e.Din, station);
        donor.Facts = donor.Facts with { Donations = [.. donor.Facts.Donations, new PastDonation(day, e.Procedure, e.CollectedMl, e.TreatmentUnits)] };
        donor.AnnounceWindows(tx);
        donor.Save(tx);
    }

    private sealed record DriveRow(Guid? DriveId, Guid? StationId, Guid? OrganiserId, string? District);

    private sealed record AppointmentRow(Guid DonorId, Guid DriveId, bool Stands, bool Used);
}
