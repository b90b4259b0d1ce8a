using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>Replaces what was known of the drive.</summary>
public static class OnDriveChanged
{
    public static Task Handle(DriveChanged e, Transaction tx) =>
        OnDriveScheduled.Upsert(tx, new(e.DriveId, e.StationId, e.OrganiserId, e.District, e.Procedures, e.StartsAt, e.EndsAt, e.Status, e.Version));
}
