using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>
/// One collection, counted once however often it is told: the DIN is the row's key, and results are counted from rows. The drive's
/// own facts (organiser, district) are known better here than to the teller.
/// </summary>
public static class OnDonationCollected
{
    public static Task Handle(DonationCollected e, Transaction tx)
    {
        OnDonationCorrected.LockNumber(tx, e.Din);
        LockVisit(tx, e.VisitId);
        tx.WriteAny("""
            insert into event.donation (din, version, donor_id, visit_id, drive_id, appointment_id, station_id, organiser_id, donor_organisation_id, district,
                procedure, nominal_ml, collected_ml, treatment_units, first_time, donated_on, backfilled, channel)
            select @Din, @Version, @DonorId, @VisitId, f.drive_id, @AppointmentId, coalesce(@StationId, d.station_id), coalesce(d.organisation_id, @OrganiserId), @DonorOrganisationId, coalesce(d.district, @District),
                @Procedure, @NominalMl, @CollectedMl, @TreatmentUnits, @FirstTime, @donatedOn, @Backfilled,
                coalesce((select channel from event.appointment where id = coalesce(@AppointmentId, (select appointment_id from event.visit where visit_id = @VisitId))), 'walk-in')
            from (select coalesce(@DriveId, (select drive_id from event.appointment where id = @AppointmentId)) as drive_id) f left join event.drive d on d.id = f.drive_id
            on conflict (din) do update set version = excluded.version, nominal_ml = excluded.nominal_ml, collected_ml = excluded.collected_ml, treatment_units = excluded.treatment_units
            where excluded.version > donation.version
            """, new
            {
                e.Din, e.Version, e.DonorId, e.VisitId, e.DriveId, e.AppointmentId, e.StationId, e.OrganiserId, e.DonorOrganisationId, e.District,
                e.Procedure, e.NominalMl, e.CollectedMl, e.TreatmentUnits, e.FirstTime, donatedOn = Shanghai.DateOf(e.StartedAt), e.Backfilled,
            });
        OnDonationCorrected.Apply(tx, e.Din); // corrections that came first, or an older replay of the collection behind them
        OnDonationFirstTimeChanged.Apply(tx, e.Din);
        return Task.CompletedTask;
    }

    /// <summary>A collection and the check-in that found its donor's booking may arrive at the same time: one waits for the other here, and the second knows the channel.</summary>
    internal static void LockVisit(Transaction tx, Guid? visitId) => tx.WriteAny("select pg_advisory_xact_lock(hashtextextended('event.visit/' || @visitId::text, 0))", new { visitId });
}
