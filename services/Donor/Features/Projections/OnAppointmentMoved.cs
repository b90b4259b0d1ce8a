using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>The place is in another slot, perhaps on another day.</summary>
public static class OnAppointmentMoved
{
    public static Task Handle(AppointmentMoved e, Transaction tx)
    {
        tx.WriteAny("""
            insert into donor.appointment (appointment_id, donor_id, drive_id, procedure, moved_version, slot_starts_at) values (@AppointmentId, @DonorId, @DriveId, @Procedure, @Version, @SlotStartsAt)
            on conflict (appointment_id) do update set moved_version = excluded.moved_version,
                slot_starts_at = case when appointment.booked_version > excluded.moved_version then appointment.slot_starts_at else excluded.slot_starts_at end
            where excluded.moved_version > appointment.moved_version
            """, new { e.AppointmentId, e.DonorId, e.DriveId, e.Procedure, e.Version, e.SlotStartsAt });
        return Task.CompletedTask;
    }
}
