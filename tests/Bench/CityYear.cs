using System.Diagnostics;
using BloodPlatform.Demo;
using Dapper;
using Npgsql;

namespace BloodPlatform.Bench;

/// <summary>
/// A city's year of results, asked through the gateway: what is asked is 50 ms for 52,000 donations, measured at a quarter of them and at all. The year
/// lies in the 1990s and is written past the events into Event's own tables, as its consumers write it, and is taken out again. The reference is
/// a request of the same service that reads a few rows.
/// </summary>
internal static class CityYear
{
    private const int Calls = 300;

    public static async Task<List<(string What, double[] Milliseconds)>> Measure(Api api, string superuser, int donations)
    {
        await using var database = new NpgsqlConnection(superuser);
        await database.OpenAsync();
        var station = await database.ExecuteScalarAsync<Guid>("select station_id from event.drive where station_id is not null order by created_at limit 1");
        var university = await database.ExecuteScalarAsync<Guid>("select organisation_id from event.drive where station_id = @station order by created_at limit 1", new { station });
        var results = new List<(string, double[])>();
        foreach (var (year, size) in new[] { (1994, donations / 4), (1996, donations) })
        {
            Console.WriteLine($"{size} donations of {year} are written");
            try
            {
                // Forty donors a drive, one drive in ten of the university, the others of nobody registered; seven districts, two visits in ten deferred.
                await database.ExecuteAsync("""
                    insert into event.drive (id, version, organisation_id, station_id, parties, kind, visibility, venue_name, venue_address, district, starts_at, ends_at, slot_minutes, capacity_per_slot, walk_in_per_slot, procedures, status, backfilled, backfill_reason, created_at)
                    select md5(@year || '/' || n)::uuid, 1, @university, @station, '[]', 'open', 'public', 'bench', 'bench', '44070' || 3 + n % 3, at, at + interval '4 hours', 60, 50, 0, '{whole-blood}', 'closed', true, 'bench', now()
                    from (select n, make_timestamptz(@year, 1 + n % 12, 1 + n % 28, 9, 0, 0, 'Asia/Shanghai') as at from generate_series(1, @size / 40) n) x;
                    insert into event.visit (visit_id, donor_id, drive_id, backfilled, opened_at, outcome)
                    select md5(@year || '/v' || n)::uuid, md5('donor' || n)::uuid, md5(@year || '/' || 1 + n % (@size / 40))::uuid, true, now(), case when n % 5 = 0 then 'deferred' else 'completed' end from generate_series(1, @size * 5 / 4) n;
                    insert into event.donation (din, version, donor_id, visit_id, drive_id, station_id, organiser_id, district, procedure, nominal_ml, collected_ml, first_time, donated_on, backfilled, channel)
                    select 'bench-' || @year || '-' || n, 1, md5('donor' || n)::uuid, null, d.id, @station, @university, d.district, 'whole-blood', (array[200, 300, 400])[1 + n % 3], (array[200, 300, 400])[1 + n % 3], n % 4 = 0,
                           (d.starts_at at time zone 'Asia/Shanghai')::date, true, (array['wechat', 'poster', 'walk-in'])[1 + n % 3]
                    from generate_series(1, @size) n join event.drive d on d.id = md5(@year || '/' || 1 + n % (@size / 40))::uuid;
                    analyze event.drive; analyze event.collected; analyze event.attended; analyze event.donation; analyze event.visit
                    """, new { year, size, station, university }, commandTimeout: 300);
                results.Add(($"the commemorative days (reference), {size}", await Time(() => api.Get("station", "/v1/commemorative-days"))));
                results.Add(($"districts of a year of {size}", await Time(() => api.Get("station", $"/v1/statistics?by=district&year={year}"))));
                results.Add(($"organisations of a year of {size}", await Time(() => api.Get("station", $"/v1/statistics?by=organisation&year={year}"))));
                results.Add(($"an organisation's year of {size}", await Time(() => api.Get("station", $"/v1/organisations/{university}/results?from={year}-01-01&to={year}-12-31"))));
            }
            finally
            {
                await database.ExecuteAsync("""
                    delete from event.donation where din like 'bench-' || @year || '-%';
                    delete from event.visit where drive_id in (select id from event.drive where venue_name = 'bench' and backfill_reason = 'bench');
                    delete from event.collected where drive_id in (select id from event.drive where venue_name = 'bench' and backfill_reason = 'bench');
                    delete from event.attended where drive_id in (select id from event.drive where venue_name = 'bench' and backfill_reason = 'bench');
                    delete from event.late_result where drive_id in (select id from event.drive where venue_name = 'bench' and backfill_reason = 'bench');
                    delete from event.drive where venue_name = 'bench' and backfill_reason = 'bench'
                    """, new { year }, commandTimeout: 300);
            }
        }
        return results;
    }

    internal static async Task<double[]> Time(Func<Task> call)
    {
        for (var i = 0; i < 30; i++) await call();
        var times = new double[Calls];
        for (var i = 0; i < Calls; i++)
        {
            await Task.Delay(2); // a client has a thousand requests a second
            var started = Stopwatch.GetTimestamp();
            await call();
            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }
        Array.Sort(times);
        return times;
    }
}
