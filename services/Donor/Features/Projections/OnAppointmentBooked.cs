using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>Whose place at which drive and when: a visit that names the appointment must be that donor's.</summary>
public static class OnAppointmentBooked
{
    public static Task Handle(AppointmentBooked e, Transaction tx)
    {
        tx.WriteAny("""
            insert into donor.appointment (appointment_id, donor_id, drive_id, procedure, booked_version, slot_starts_at) values (@AppointmentId, @DonorId, @DriveId, @Procedure, @Version, @SlotStartsAt)
            on conflict (appointment_id) do update set donor_id = excluded.donor_id, drive_id = excluded.drive_id, procedure = excluded.procedure, booked_version = excluded.booked_version,
                slot_starts_at = case when appointment.moved_version > excluded.booked_version then appointment.slot_starts_at else excluded.slot_starts_at end
            where excluded.booked_version > appointment.booked_version
            """, new { e.AppointmentId, e.DonorId, e.DriveId, e.Procedure, e.Version, e.SlotStartsAt });
        return Task.CompletedTask;
    }
}
