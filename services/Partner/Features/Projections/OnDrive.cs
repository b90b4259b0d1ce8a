using BloodPlatform.Chassis;

namespace BloodPlatform.Partners.Features.Projections;

/// <summary>Drives: whose they are and where, for the events that name only the drive.</summary>
public static class OnDrive
{
    public static void Known(Transaction tx, Guid id, long version, Guid organiserId, Guid? stationId, string district) => tx.WriteAny("""
        insert into partner.drive as d (id, version, organiser_id, station_id, district) values (@id, @version, @organiserId, @stationId, @district)
        on conflict (id) do update set version = excluded.version, organiser_id = excluded.organiser_id, station_id = excluded.station_id, district = excluded.district
        where excluded.version > d.version
        """, new { id, version, organiserId, stationId, district });
}
