using BloodPlatform.Demo;
using Dapper;
using Npgsql;

namespace BloodPlatform.Bench;

/// <summary>
/// Public drives within 20 km of a point, asked through the gateway: at a quarter of the drives and at all of them. They lie over the country, two
/// hundred of them in the city that is asked for, in the years 2090 ff. where no drive of anybody's lies; they are written past the API and taken
/// out again. The reference is a request of the same service that reads a few rows.
/// </summary>
internal static class DrivesNear
{
    public static async Task<List<(string What, double[] Milliseconds)>> Measure(Api api, string superuser, int drives)
    {
        await using var database = new NpgsqlConnection(superuser);
        await database.OpenAsync();
        var station = await database.ExecuteScalarAsync<Guid>("select station_id from event.drive where station_id is not null order by created_at limit 1");
        var organisation = await database.ExecuteScalarAsync<Guid>("select organisation_id from event.drive where station_id = @station order by created_at limit 1", new { station });
        var results = new List<(string, double[])>();
        try
        {
            foreach (var size in new[] { drives / 4, drives })
            {
                Console.WriteLine($"{size} drives are written");
                // One in a hundred within 0.1 degrees of the point; the others between 20 and 45 N, 85 and 125 E.
                await database.ExecuteAsync("""
                    insert into event.drive (id, version, organisation_id, station_id, parties, kind, visibility, venue_name, venue_address, district, latitude, longitude, starts_at, ends_at, slot_minutes, capacity_per_slot, walk_in_per_slot, procedures, status, backfilled, created_at, approved_at)
                    select md5('bench-near/' || n)::uuid, 1, @organisation, @station, '[]', 'open', 'public', 'bench-near', 'bench', '440703',
                           case when n % 100 = 0 then 22.58 + (n / 100 % 20 - 10) / 100.0 else 20 + n * 7919 % 25000 / 1000.0 end, case when n % 100 = 0 then 113.08 + (n / 2000 % 20 - 10) / 100.0 else 85 + n * 104729 % 40000 / 1000.0 end,
                           at, at + interval '4 hours', 60, 50, 0, '{whole-blood}', 'open', false, now(), now()
                    from (select n, make_timestamptz(2090 + n % 5, 1 + n % 12, 1 + n % 28, 9, 0, 0, 'Asia/Shanghai') as at from generate_series(1, @size) n) x
                    on conflict (id) do nothing;
                    analyze event.drive
                    """, new { size, organisation, station }, commandTimeout: 300);
                results.Add(($"the commemorative days (reference), {size}", await CityYear.Time(() => api.Get("station", "/v1/commemorative-days"))));
                results.Add(($"near a city's middle among {size}", await CityYear.Time(() => api.Get("station", "/v1/drives?near=22.58,113.08&from=2090-01-01"))));
                results.Add(($"near a far corner among {size}", await CityYear.Time(() => api.Get("station", "/v1/drives?near=44.5,86.1&from=2090-01-01"))));
            }
        }
        finally
        {
            await database.ExecuteAsync("delete from event.drive where venue_name = 'bench-near' and starts_at >= '2089-12-31'; analyze event.drive", commandTimeout: 300);
        }
        return results;
    }
}
