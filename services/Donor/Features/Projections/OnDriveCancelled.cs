using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>No visit may open at a cancelled drive, even where its cancellation comes before the drive itself.</summary>
public static class OnDriveCancelled
{
    public static Task Handle(DriveCancelled e, Transaction tx)
    {
        tx.WriteAny("""
            insert into donor.drive (drive_id, cancelled_version) values (@DriveId, @Version)
            on conflict (drive_id) do update set cancelled_version = greatest(drive.cancelled_version, excluded.cancelled_version)
            """, new { e.DriveId, e.Version });
        return Task.CompletedTask;
    }
}
