using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Features.Stock;

/// <summary>
/// Says when a stock crossed a level, or fell much shorter of `normal` within one: whatever moved it, an order, a release, a hold, or a bag that grew too old. A stock that nothing is left of
/// is still watched while bags of it were issued within the demand window.
/// </summary>
public sealed class WatchStock(IServiceScopeFactory scopes, ILogger<WatchStock> log) : Sweep(scopes, TimeSpan.FromSeconds(5), log)
{
    protected override async Task Look(Database db, CancellationToken ct) => await db.InTransaction(async tx =>
    {
        // Replicas take turns: a look is one picture of all stocks.
        if (!(await tx.QuerySingle<Turn>("select pg_try_advisory_xact_lock(hashtextextended('inventory.watch-stock', 0)) as mine"))!.Mine) return;
        var day = Shanghai.DateOf(tx.Now);
        var rules = Parameters.StockOn(day);
        var approved = await tx.Query<ApprovedThresholds>(ApproveThresholds.Select + " order by t.approved_at, t.id");
        var stocks = await tx.Query<Watched>("""
            select w.*, s.district from (
            select coalesce(a.station_id, i.station_id, l.station_id) as station_id, coalesce(a.component, i.component, l.component) as component, coalesce(a.blood_group, i.blood_group, l.blood_group) as blood_group,
                   coalesce(a.bags, 0) as available, coalesce(i.bags, 0) as issued, coalesce(l.level, 'normal') as level, coalesce(l.missing, 0) as said, coalesce(l.version, 0) as version
            from (select station_id, component, blood_group, count(*)::int as bags from inventory.unit
                  where status = 'available' and open_holds = 0 and expires_at >= @now and blood_group is not null group by 1, 2, 3) a
            full join (select u.station_id, u.component, u.blood_group, count(*)::int as bags from inventory.unit_movement m join inventory.unit u on u.id = m.unit_id
                       where m.kind = 'issued' and m.recorded_at >= @since and u.blood_group is not null group by 1, 2, 3) i on i.station_id = a.station_id and i.component = a.component and i.blood_group = a.blood_group
            full join inventory.stock_level l on l.station_id = coalesce(a.station_id, i.station_id) and l.component = coalesce(a.component, i.component) and l.blood_group = coalesce(a.blood_group, i.blood_group)
            ) w left join inventory.station s on s.station_id = w.station_id
            """, new { now = tx.Now, since = tx.Now.AddDays(-rules.DemandDays) });
        foreach (var stock in stocks)
        {
            var days = StockCover.Days(stock.Available, stock.Issued, rules.DemandDays);
            var (levels, _) = StockCover.For(rules, approved, stock.District, stock.Component, stock.BloodGroup, day);
            var level = StockCover.Next(rules, levels, stock.Level, days);
            var missing = StockCover.Missing(rules, levels, stock.Available, stock.Issued);
            if (level == stock.Level && !StockCover.Worsened(rules, missing, stock.Said)) continue;
            var now = new { stock.StationId, stock.Component, stock.BloodGroup, version = stock.Version + 1, level, stock.Available, days, missing, at = tx.Now };
            tx.Write("""
                insert into inventory.stock_level (station_id, component, blood_group, version, level, available, days_of_cover, missing, changed_at)
                values (@StationId, @Component, @BloodGroup, @version, @level, @Available, @days, @missing, @at)
                on conflict (station_id, component, blood_group) do update set version = excluded.version, level = excluded.level, available = excluded.available,
                    days_of_cover = excluded.days_of_cover, missing = excluded.missing, changed_at = excluded.changed_at
                """, now);
            tx.Append(new StockLevelChanged
            {
                Key = $"{stock.StationId}:{stock.Component}:{stock.BloodGroup}", Version = now.version, OccurredAt = tx.Now, StationId = stock.StationId, Component = stock.Component, BloodGroup = stock.BloodGroup,
                Available = stock.Available, DaysOfCover = days, Previous = stock.Level, Level = level, Missing = missing,
            });
        }
    }, ct);

    private sealed record Turn(bool Mine);

    private sealed record Watched(Guid StationId, string Component, string BloodGroup, int Available, int Issued, string Level, int Said, long Version, string? District);
}
