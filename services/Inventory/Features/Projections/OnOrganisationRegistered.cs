using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Inventory.Features.Projections;

/// <summary>Where a station stands. Of other organisations nothing is kept.</summary>
public static class OnOrganisationRegistered
{
    public static Task Handle(OrganisationRegistered e, Transaction tx) => Keep(tx, e.Kind, e.OrganisationId, e.District, e.Version);

    internal static Task Keep(Transaction tx, string kind, Guid id, string district, long version)
    {
        if (kind == "blood-station")
            tx.WriteAny("""
                insert into inventory.station as s (station_id, district, version) values (@id, @district, @version)
                on conflict (station_id) do update set district = excluded.district, version = excluded.version where s.version < excluded.version
                """, new { id, district, version });
        return Task.CompletedTask;
    }
}
