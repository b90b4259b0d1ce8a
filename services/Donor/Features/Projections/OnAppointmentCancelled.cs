using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>The place was given back.</summary>
public static class OnAppointmentCancelled
{
    public static Task Handle(AppointmentCancelled e, Transaction tx)
    {
        tx.WriteAny("""
            insert into donor.appointment (appointment_id, donor_id, drive_id, procedure, cancelled_version) values (@AppointmentId, @DonorId, @DriveId, @Procedure, @Version)
            on conflict (appointment_id) do update set cancelled_version = greatest(appointment.cancelled_version, excluded.cancelled_version)
            """, new { e.AppointmentId, e.DonorId, e.DriveId, e.Procedure, e.Version });
        return Task.CompletedTask;
    }
}
