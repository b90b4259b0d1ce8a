using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>Where and when giving is possible. Scheduled and changed both carry the whole state: the newest of them stands.</summary>
public static class OnDriveScheduled
{
    public static Task Handle(DriveScheduled e, Transaction tx) =>
        Upsert(tx, new(e.DriveId, e.StationId, e.OrganiserId, e.District, e.Procedures, e.StartsAt, e.EndsAt, e.Status, e.Version));

    internal static Task Upsert(Transaction tx, DriveState drive)
    {
        tx.WriteAny("""
            insert into donor.drive (drive_id, station_id, organiser_id, district, procedures, starts_at, ends_at, status, state_version)
            values (@DriveId, @StationId, @OrganiserId, @District, @Procedures, @StartsAt, @EndsAt, @Status, @Version)
            on conflict (drive_id) do update set station_id = excluded.station_id, organiser_id = excluded.organiser_id, district = excluded.district, procedures = excluded.procedures,
                starts_at = excluded.starts_at, ends_at = excluded.ends_at, status = excluded.status, state_version = excluded.state_version
            where excluded.state_version > drive.state_version
            """, drive);
        return Task.CompletedTask;
    }

    internal sealed record DriveState(Guid DriveId, Guid? StationId, Guid OrganiserId, string District, string[] Procedures, DateTimeOffset StartsAt, DateTimeOffset EndsAt, string Status, long Version);
}
