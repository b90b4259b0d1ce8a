using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using BloodPlatform.Demo;
using Dapper;
using Npgsql;

namespace BloodPlatform.Bench;

/// <summary>
/// A roster of 500 rows through the gateway, each with a kept place, one roster after another at one drive; the last ones find thousands of rows before them.
/// What is asked is a second. The reference is the bare insert of 500 such rows in one statement, committed, on the same server.
/// </summary>
internal static class RosterOf500
{
    private const int Rows = 500, Rosters = 20;

    public static async Task<(double[] Reference, double[] Platform)> Measure(Api api, string superuser)
    {
        var startsAt = TimeProvider.System.GetUtcNow().AddDays(30);
        var id = (await api.Send(HttpMethod.Post, "station", "/v1/drives", new
        {
            organisationId = api.Credentials.Organisations["university"], kind = "organisation", theme = "名单测速", startsAt, endsAt = startsAt.AddHours(12), slotMinutes = 60, capacityPerSlot = 1000,
            venue = new { name = "体育馆", address = "测速路1号", district = "440703" }, procedures = new[] { "whole-blood" },
        })).Body["id"]!.GetValue<string>();
        foreach (var verb in new[] { "submit", "approve", "open" }) await api.Send(HttpMethod.Post, "station", $"/v1/drives/{id}/{verb}", new { });

        await using var source = NpgsqlDataSource.Create(superuser);
        await using var database = await source.OpenConnectionAsync();
        await database.ExecuteAsync("create schema if not exists bench; drop table if exists bench.row; create table bench.row (id uuid primary key, n int not null, content bytea not null, member bytea unique, code bytea unique)");
        try
        {
            var (reference, platform) = (new double[Rosters], new double[Rosters]);
            for (var roster = -2; roster < Rosters; roster++) // the first two warm up
            {
                var bare = await Time(() => database.ExecuteAsync("insert into bench.row select * from unnest(@ids, @rows, @contents, @members, @codes)", new
                {
                    ids = Enumerable.Range(0, Rows).Select(_ => RandomNumberGenerator.GetBytes(16)).Select(b => new Guid(b)).ToArray(), rows = Enumerable.Range(0, Rows).ToArray(), contents = Bytes(120), members = Bytes(32), codes = Bytes(32),
                }));
                var whole = await Time(() => api.Send(HttpMethod.Post, "organiser", $"/v1/drives/{id}/group-bookings", new { claimBy = startsAt.AddDays(-1), reserve = Rows, rows = Enumerable.Range(0, Rows).Select(i => Member(roster, i)).ToArray() }));
                if (roster >= 0) (reference[roster], platform[roster]) = (bare, whole);
            }
            Array.Sort(reference);
            Array.Sort(platform);
            return (reference, platform);
        }
        finally
        {
            await database.ExecuteAsync("drop schema bench cascade");
            await api.Send(HttpMethod.Post, "station", $"/v1/drives/{id}/cancel", new { reasonCode = "measured" });
        }
    }

    private static byte[][] Bytes(int length) => [.. Enumerable.Range(0, Rows).Select(_ => RandomNumberGenerator.GetBytes(length))];

    private static async Task<double> Time(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    // Nobody's: telephones that begin with 12 as no mobile number in China does.
    private static object Member(int roster, int i) => new
    {
        name = $"测{(char)('一' + i % 100)}{(char)('甲' + i / 100)}", memberNumber = string.Create(CultureInfo.InvariantCulture, $"B{roster + 2:000}{i:000}"), group = "测速班", phone = string.Create(CultureInfo.InvariantCulture, $"12{roster + 2:0000}{i:00000}"),
    };
}
