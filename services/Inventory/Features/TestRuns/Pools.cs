using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Features.Donations;

namespace BloodPlatform.Inventory.Features.TestRuns;

/// <summary>A mini-pool as one test sees it. A station numbers its pools once; the same number says the same tubes.</summary>
internal readonly record struct Pool(string Id, string Test);

/// <summary>
/// Who was recorded before in the pools that rows name. A reactive pool says only that one of its members is, so all of them wait, those
/// included of whom an earlier row said that the same pool was clean.
/// </summary>
internal sealed class Pools
{
    /// <summary>Whether any row of a result's pool was reactive in its test. One result at a time: hashed, it would read every pool there is.</summary>
    public const string Reactive = """
        (r.pool_id is not null and coalesce((select true from inventory.test_result p join inventory.test_run q on q.id = p.test_run
            where p.pool_id = r.pool_id and p.test = r.test and p.outcome = 'reactive' and q.controls_valid and q.station_id = t.station_id limit 1), false))
        """;

    private readonly List<MemberRow> members;
    private readonly HashSet<Pool> known;

    private Pools(List<MemberRow> members) => (this.members, known) = (members, [.. members.Where(m => m.Reactive).Select(m => m.Pool)]);

    /// <summary>Before any donation is locked: two runs that name a pool at once wait for each other here, else neither sees the other's members.</summary>
    public static async Task<Pools> Read(Transaction tx, Guid station, IEnumerable<string> named)
    {
        var pools = named.Distinct().Order(StringComparer.Ordinal).ToArray();
        return new(pools.Length == 0 ? [] : await tx.Read("""
            select 1 from unnest(@pools) p(id) cross join lateral pg_advisory_xact_lock(hashtextextended('inventory.pool/' || @station || '/' || p.id, 0)) l;
            select r.din, r.pool_id, r.test, r.outcome = 'reactive' and t.controls_valid as reactive from inventory.test_result r join inventory.test_run t on t.id = r.test_run where r.pool_id = any(@pools) and t.station_id = @station
            """, new { pools, station }, async grid =>
        {
            await grid.ReadAsync<int>();
            return (await grid.ReadAsync<MemberRow>()).ToList();
        }));
    }

    /// <summary>The donations that were recorded in these pools before.</summary>
    public IEnumerable<string> MembersOf(IEnumerable<Pool> pools) => pools.ToHashSet() is var of && of.Count == 0 ? [] : members.Where(m => of.Contains(m.Pool)).Select(m => m.Din).Distinct();

    /// <summary>The new rows are in the files: what is in a reactive pool knows it.</summary>
    /// <returns>The donations that are to be held: who newly is in such a pool, and whose pool newly is one.</returns>
    public HashSet<string> Mark(IEnumerable<DonationFile> files)
    {
        var rows = files.SelectMany(f => f.Results).Where(r => r.PoolId is not null).ToList();
        var reactive = rows.Where(r => r is { Id: 0, Outcome: "reactive", ControlsValid: true }).Select(r => new Pool(r.PoolId!, r.Test)).ToHashSet();
        var held = new HashSet<string>();
        foreach (var row in rows)
        {
            var pool = new Pool(row.PoolId!, row.Test);
            if (!reactive.Contains(pool) && !known.Contains(pool)) continue;
            row.PoolReactive = true;
            if (row.Id == 0 || !known.Contains(pool)) held.Add(row.Din);
        }
        return held;
    }

    private sealed record MemberRow
    {
        public string Din { get; init; } = "";
        public string PoolId { get; init; } = "";
        public string Test { get; init; } = "";
        public bool Reactive { get; init; }

        public Pool Pool => new(PoolId, Test);
    }
}
