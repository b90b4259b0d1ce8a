using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Rules;

namespace BloodPlatform.Drives.Features.Appeals;

/// <summary>
/// Opens an appeal where a stock's level asks for one and there are places, asks for more where the stock worsens, and closes it when its need is booked, the level
/// recovered or its time is over. It looks at the levels as they stand, so that news that came late or twice change nothing.
/// </summary>
public sealed class TendAppeals(IServiceScopeFactory scopes, TimeProvider clock, ILogger<TendAppeals> log) : Sweep(scopes, TimeSpan.FromSeconds(2), log)
{
    protected override async Task Look(Database db, CancellationToken ct)
    {
        var rules = Rules.Appeals.On(Shanghai.DateOf(clock.GetUtcNow()));
        await Each(await db.Query<Guid>("select distinct station_id from event.stock_level where level = any(@Levels)", new { rules.Levels }, ct), station => db.InTransaction(tx => Ask(tx, station, rules), ct), ct);
        await Each(await db.Query<Guid>("select id from event.appeal where status <> 'closed' order by id", null, ct), id => db.InTransaction(tx => Tend(tx, id, rules), ct), ct);
    }

    /// <summary>Days that the shortest of the stocks an appeal is about lasts.</summary>
    internal static async Task<decimal?> CoverOf(Transaction tx, AppealRow appeal) => (await StockNow.Of(tx, appeal.StationId, appeal.Procedure, appeal.BloodGroups)).Min(s => s.DaysOfCover);

    /// <summary>
    /// One appeal for a procedure and group, for the worst of its components. Who withdrew it is left alone until its time is over; who was just asked enough, until
    /// the stock says something new and lacks more than those who booked will bring.
    /// </summary>
    private static async Task Ask(Transaction tx, Guid station, AppealRules rules)
    {
        var asked = (await AskedGroup.Of(tx, station)).ToLookup(g => (g.Procedure, g.BloodGroup));
        var stocks = (await tx.Query<StockNow>(StockNow.Select + " where station_id = @station order by missing desc, component", new { station })).GroupBy(s => (s.Procedure, s.BloodGroup)).ToList();
        var wanted = new List<(StockNow Worst, int Missing, List<StockNow> Group)>();
        foreach (var group in stocks)
        {
            if (group.FirstOrDefault(s => rules.Levels.Contains(s.Level)) is not { } worst) continue;
            var (before, news) = (asked[group.Key].ToList(), group.Sum(s => s.Version));
            if (before.Count == 0) wanted.Add((worst, Math.Max(1, worst.Missing), [.. group]));
            else if (before.TrueForAll(a => a.CloseReason == "met" && a.Reckoned < news)) wanted.Add((worst, await Anew(before, worst.BloodGroup, worst.Missing, news), [.. group]));
        }
        if (wanted.Count == 0) return;
        var measured = await Reach.Measured(tx, station, rules);
        foreach (var (worst, missing, group) in wanted.Where(w => w.Missing > 0))
            (AppealRow.New(tx, station, "stock", worst.Procedure, [worst.BloodGroup], [], Rules.Appeals.Need(missing, measured, rules), tx.Now.AddDays(rules.Days)) with { Level = worst.Level, DaysOfCover = worst.DaysOfCover }).Insert(tx, group);

        // An appeal of several groups is taken to bring as many of each.
        async Task<int> Anew(List<AskedGroup> met, string group, int missing, long news)
        {
            var ids = met.Select(a => a.AppealId).ToArray();
            tx.Write("update event.appeal_group set reckoned = @news where appeal_id = any(@ids) and blood_group = @group", new { ids, news, group }, rows: ids.Length);
            var brought = await Reach.BroughtBy(tx, ids, rules);
            foreach (var appeal in met)
                if (brought.TryGetValue(appeal.AppealId, out var b))
                    missing = Rules.Appeals.Anew(JsonSerializer.Deserialize<AppealNeed>(appeal.Need, Json.Options)!, missing, new(b.Pending / appeal.Groups, b.Arrived / appeal.Groups, b.Collected / appeal.Groups, b.OnTheirWay / appeal.Groups));
            return missing;
        }
    }

    private static async Task Tend(Transaction tx, Guid id, AppealRules rules)
    {
        if (await tx.QuerySingle<AppealRow>(AppealRow.Select + " where a.id = @id and a.status <> 'closed' for update of a skip locked", new { id }) is not { } appeal) return;
        var stocks = await StockNow.Of(tx, appeal.StationId, appeal.Procedure, appeal.BloodGroups);
        var brought = (await Reach.BroughtBy(tx, [id], rules)).GetValueOrDefault(id, new(0, 0, 0, 0));
        if (stocks.Sum(s => s.Version) > appeal.Reckoned)
        {
            // All components of a group come from one donation; those of several groups do not.
            var missing = stocks.Where(s => rules.Levels.Contains(s.Level)).GroupBy(s => s.BloodGroup).Sum(g => g.Max(s => s.Missing));
            appeal = appeal.Reckon(tx, Rules.Appeals.Raised(appeal.Needed, missing, brought, await Reach.Measured(tx, appeal.StationId, rules), rules), stocks);
        }
        if (Rules.Appeals.Over(appeal.Level is null ? [] : [.. stocks.Select(s => s.Level)], appeal.Needed.Bookings, brought.Pending + brought.Arrived, appeal.Until, tx.Now, rules) is { } over)
            appeal.Close(tx, over, brought.Pending + brought.Arrived, stocks.Min(s => s.DaysOfCover));
        else if (appeal.Status == "waiting" && await Reach.Of(tx, appeal.StationId, appeal.Procedure, appeal.Districts, appeal.Until) is { Drives: { Count: > 0 } drives })
            appeal.Open(tx, drives);
    }
}
