using BloodPlatform.Demo;
using Dapper;
using Npgsql;

namespace BloodPlatform.Bench;

/// <summary>
/// Donors who gave call back at the asked rate: how long until their donations are held. From Donor's commit of the withdrawal to Inventory's of
/// the hold, by PostgreSQL's own commit timestamps. What is asked: a second at p99 with the broker up.
/// </summary>
internal static class LateInformation
{
    public static async Task<double[]> Measure(Api api, string superuser, int rate, int seconds)
    {
        await using var database = new NpgsqlConnection(superuser);
        var station = Guid.Parse(api.Credentials.Organisations["station"]);
        // Whoever gave, once each; a run of collection-to-credit before this one leaves enough of them.
        var donors = (await database.QueryAsync<Guid>("""
            select d.donor_id from donor.donation d where d.station_id = @station and not d.backfilled and not exists (select from donor.withdrawal w where w.din = d.din) group by 1 order by 1 desc limit @count
            """, new { station, count = rate * seconds })).AsList();
        if (donors.Count == 0) throw new InvalidOperationException("Nobody has given yet: run collection-to-credit first");

        Console.WriteLine($"{donors.Count} donors call back at {rate}/s");
        var since = await database.ExecuteScalarAsync<DateTime>("select now()");
        var run = "bench-late-" + TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        await Pace.At(rate, donors.Count, async i => await api.Send(HttpMethod.Post, "station", $"/v1/donors/{donors[i]}/late-information", new { }, $"{run}-{i}"));

        const string pairs = "from donor.withdrawal w left join inventory.hold h on h.source_id = w.id and h.din = w.din where w.recorded_at >= @since and w.donor_id = any(@donors)";
        var args = new { since, donors = donors.ToArray() };
        var deadline = TimeProvider.System.GetUtcNow().AddSeconds(60);
        while (await database.ExecuteScalarAsync<long>($"select count(*) filter (where h.id is null) {pairs}", args) > 0)
        {
            if (TimeProvider.System.GetUtcNow() > deadline) throw new TimeoutException("Not every donation was held within 60 s");
            await Task.Delay(100);
        }
        return [.. await database.QueryAsync<double>($"select extract(epoch from pg_xact_commit_timestamp(h.xmin) - pg_xact_commit_timestamp(w.xmin))::float8 * 1000 {pairs} order by 1", args)];
    }
}
