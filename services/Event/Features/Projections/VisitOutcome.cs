using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>How a visit ended; may come before the news that it began.</summary>
internal static class VisitOutcome
{
    public static Task Keep(Transaction tx, Guid visitId, Guid donorId, Guid? driveId, Guid? appointmentId, bool backfilled, string outcome, long version)
    {
        tx.WriteAny("""
            insert into event.visit (visit_id, donor_id, drive_id, appointment_id, backfilled, outcome, outcome_version)
            values (@visitId, @donorId, coalesce(@driveId, (select drive_id from event.appointment where id = @appointmentId)), @appointmentId, @backfilled, @outcome, @version)
            on conflict (visit_id) do update set drive_id = coalesce(visit.drive_id, excluded.drive_id), appointment_id = coalesce(visit.appointment_id, excluded.appointment_id),
                outcome = excluded.outcome, outcome_version = excluded.outcome_version
            where excluded.outcome_version > visit.outcome_version
            """, new { visitId, donorId, driveId, appointmentId, backfilled, outcome, version });
        return Task.CompletedTask;
    }
}
