using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Drives.Features.Projections;

/// <summary>What it opens or closes follows in <see cref="Appeals.TendAppeals"/>, which looks at the levels as they stand: news that come twice or late do nothing.</summary>
public static class OnStockLevelChanged
{
    public static Task Handle(StockLevelChanged e, Transaction tx)
    {
        tx.WriteAny("""
            insert into event.stock_level (station_id, component, blood_group, version, level, days_of_cover, missing, changed_at)
            values (@StationId, @Component, @BloodGroup, @Version, @Level, @DaysOfCover, @Missing, @OccurredAt)
            on conflict (station_id, component, blood_group) do update set version = excluded.version, level = excluded.level, days_of_cover = excluded.days_of_cover,
                missing = excluded.missing, changed_at = excluded.changed_at
            where excluded.version > stock_level.version
            """, new { e.StationId, e.Component, e.BloodGroup, e.Version, e.Level, e.DaysOfCover, e.Missing, e.OccurredAt });
        return Task.CompletedTask;
    }
}
