using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Appeals;

/// <summary>
/// Opens an appeal where a stock's level asks for one and there are places, and closes it when its need is booked, the level recovered or its time is over. It
/// looks at the levels as they stand, so that news that came late or twice change nothing.
/// </summary>
public sealed class TendAppeals(IServiceScopeFactory scopes, TimeProvider clock, ILogger<TendAppeals> log) : Sweep(scopes, TimeSpan.FromSeconds(2), log)
{
    protected override async Task Look(Database db, CancellationToken ct)
    {
        var rules = Rules.Appeals.On(Shanghai.DateOf(clock.GetUtcNow()));
        foreach (var station in await db.Query<Guid>("select distinct station_id from event.stock_level where level = any(@Levels)", new { rules.Levels }, ct))
            await db.InTransaction(tx => Ask(tx, station, rules), ct);
        foreach (var id in await db.Query<Guid>("select id from event.appeal where status <> 'closed' order by id", null, ct))
            await db.InTransaction(tx => Tend(tx, id, rules), ct);
    }

    /// <summary>Days that the shortest of the stocks an appeal is about lasts.</summary>
    internal static async Task<decimal?> CoverOf(Transaction tx, AppealRow appeal) => (await Stocks(tx, appeal)).Min(s => s.DaysOfCover);

    /// <summary>One appeal for a procedure and group, for the worst of its components. Who was just asked enough, or withdrew it, is left alone until its time is over.</summary>
    private static async Task Ask(Transaction tx, Guid station, AppealRules rules)
    {
        var asked = (await AskedGroup.Of(tx, station)).ConvertAll(g => (g.Procedure, g.BloodGroup));
        var low = await tx.Query<Stock>("select station_id, component, blood_group, level, days_of_cover, missing from event.stock_level where station_id = @station and level = any(@Levels) order by missing desc, component", new { station, rules.Levels });
        var wanted = low.GroupBy(s => (Procedure: Rules.Appeals.ProcedureFor(s.Component), s.BloodGroup)).Where(g => !asked.Contains(g.Key)).ToList();
        if (wanted.Count == 0) return;
        var measured = await Reach.Measured(tx, station, rules);
        foreach (var group in wanted)
        {
            var worst = group.First();
            (AppealRow.New(tx, station, "stock", group.Key.Procedure, [group.Key.BloodGroup], [], Rules.Appeals.Need(Math.Max(1, worst.Missing), measured, rules), tx.Now.AddDays(rules.Days)) with { Level = worst.Level, DaysOfCover = worst.DaysOfCover }).Insert(tx);
        }
    }

    private static async Task Tend(Transaction tx, Guid id, AppealRules rules)
    {
        if (await tx.QuerySingle<AppealRow>(AppealRow.Select + " where a.id = @id and a.status <> 'closed' for update of a skip locked", new { id }) is not { } appeal) return;
        var booked = (await tx.QuerySingle<Count>("select count(*)::int as bookings from event.appointment where appeal_id = @id and status in ('booked', 'arrived')", new { id }))!.Bookings;
        var stocks = appeal.Source == "stock" ? await Stocks(tx, appeal) : [];
        if (Rules.Appeals.Over([.. stocks.Select(s => s.Level)], appeal.Needed.Bookings, booked, appeal.Until, tx.Now, rules) is { } over)
            appeal.Close(tx, over, booked, stocks.Min(s => s.DaysOfCover));
        else if (appeal.Status == "waiting" && await Reach.Of(tx, appeal.StationId, appeal.Procedure, appeal.Districts, appeal.Until) is { Drives: { Count: > 0 } drives })
            appeal.Open(tx, drives);
    }

    private static async Task<List<Stock>> Stocks(Transaction tx, AppealRow appeal) =>
        (await tx.Query<Stock>("select station_id, component, blood_group, level, days_of_cover, missing from event.stock_level where station_id = @StationId and blood_group = any(@BloodGroups)", new { appeal.StationId, appeal.BloodGroups }))
            .FindAll(s => Rules.Appeals.ProcedureFor(s.Component) == appeal.Procedure);

    private sealed record Stock(Guid StationId, string Component, string BloodGroup, string Level, decimal? DaysOfCover, int Missing);

    private sealed record Count(int Bookings);
}
