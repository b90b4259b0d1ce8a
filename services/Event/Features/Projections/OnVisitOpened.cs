using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Drives.Features.Appointments;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>
/// A donor was checked in: at his booking, where the visit names it or he has one at that drive; else as a walk-in. A booking
/// that was missed when the drive closed turns out to have been kept.
/// </summary>
public static class OnVisitOpened
{
    public static async Task Handle(VisitOpened e, Transaction tx)
    {
        var appointment = await tx.QuerySingle<AppointmentRow>(AppointmentRow.Select + $"""
             where a.donor_id in {Persons.Ids("@DonorId")} and (a.id = @AppointmentId::uuid or (@AppointmentId::uuid is null and a.drive_id = @DriveId::uuid and a.status in ('booked', 'missed')))
            order by a.slot_starts_at, a.id limit 1 for update of a
            """, new { e.DonorId, e.AppointmentId, e.DriveId });
        OnDonationCollected.LockVisit(tx, e.VisitId);
        tx.WriteAny("""
            insert into event.visit (visit_id, donor_id, drive_id, appointment_id, backfilled, opened_at, opened_version) values (@VisitId, @DonorId, @driveId, @appointmentId, @Backfilled, @OccurredAt, @Version)
            on conflict (visit_id) do update set drive_id = coalesce(excluded.drive_id, visit.drive_id), appointment_id = coalesce(excluded.appointment_id, visit.appointment_id),
                backfilled = excluded.backfilled, opened_at = excluded.opened_at, opened_version = excluded.opened_version
            where excluded.opened_version > visit.opened_version
            """, new { e.VisitId, e.DonorId, driveId = e.DriveId ?? appointment?.DriveId, appointmentId = appointment?.Id, e.Backfilled, e.OccurredAt, e.Version });
        if (appointment is not null) tx.WriteAny("update event.donation set channel = @Channel where visit_id = @VisitId and channel <> @Channel", new { appointment.Channel, e.VisitId });
        if (appointment is not { Status: "booked" or "missed" }) return;

        var arrived = appointment with { Version = appointment.Version + 1, Status = "arrived", VisitId = e.VisitId, SettledAt = e.OccurredAt };
        tx.Write("update event.appointment set version = @Version, status = @Status, visit_id = @VisitId, settled_at = @SettledAt where id = @Id", arrived);
        tx.WriteAny("delete from event.booking_block where appointment_id = @Id", arrived);
        tx.Append(arrived.ToArrived(e.OccurredAt));
    }
}
