using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>A closed drive takes no live visit any more.</summary>
public static class OnDriveClosed
{
    public static Task Handle(DriveClosed e, Transaction tx)
    {
        tx.WriteAny("""
            insert into donor.drive (drive_id, closed_version) values (@DriveId, @Version)
            on conflict (drive_id) do update set closed_version = greatest(drive.closed_version, excluded.closed_version)
            """, new { e.DriveId, e.Version });
        return Task.CompletedTask;
    }
}
