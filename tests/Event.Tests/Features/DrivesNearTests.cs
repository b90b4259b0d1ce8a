using BloodPlatform.Drives.Features.Drives;
using Dapper;
using Npgsql;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class DrivesNearTests(EventService events)
{
    /// <summary>The drives are written in a transaction that is rolled back: nobody else sees them.</summary>
    [Theory]
    [InlineData("22.58,113.08", 200)]
    [InlineData("44.5,86.1", 0)]
    public async Task Among_20000_drives_those_near_a_point_are_found_by_an_index(string near, int atLeast)
    {
        var organisation = await events.Organisation();
        await using var connection = new NpgsqlConnection(events.Service.Database.Superuser);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync("""
            insert into event.drive (id, version, organisation_id, station_id, parties, kind, visibility, venue_name, venue_address, district, latitude, longitude, starts_at, ends_at, slot_minutes, capacity_per_slot, walk_in_per_slot, procedures, status, backfilled, created_at, approved_at)
            select gen_random_uuid(), 1, @organisation, @organisation, '[]', 'open', 'public', '体育馆', '东成村22号', '440703',
                   case when n % 100 = 0 then 22.58 + (n / 100 % 20 - 10) / 100.0 else 20 + n * 7919 % 25000 / 1000.0 end, case when n % 100 = 0 then 113.08 + (n / 2000 % 20 - 10) / 100.0 else 85 + n::bigint * 104729 % 40000 / 1000.0 end,
                   at, at + interval '4 hours', 60, 50, 0, '{whole-blood}', 'open', false, now(), now()
            from (select n, make_timestamptz(2090 + n % 5, 1 + n % 12, 1 + n % 28, 9, 0, 0, 'Asia/Shanghai') as at from generate_series(1, 20000) n) x;
            analyze event.drive
            """, new { organisation });
        Assert.Null(PublicDrives.Parse(near, out var point));
        // As GET /v1/drives asks.
        var asked = $"""
            select * from (
                select {DriveRow.Columns}, {PublicDrives.Distance(point)} as distance_km
                from event.drive d join event.organisation o on o.id = d.organisation_id
                where d.visibility = 'public' and d.status in ('approved', 'open', 'started') {PublicDrives.Filter(point)}) found
            where {PublicDrives.Near}
            order by starts_at, id limit 1000
            """;
        var values = new { from = new DateOnly(2090, 1, 1), to = (DateOnly?)null, district = (string?)null, procedure = (string?)null };
        Assert.True((await connection.QueryAsync(asked, values)).Count() >= atLeast);
        var plan = string.Join('\n', await connection.QueryAsync<string>("explain " + asked.Replace("limit 1000", "limit 51", StringComparison.Ordinal), values));
        Assert.DoesNotContain("Seq Scan on drive", plan);
        Assert.Matches("Index (Only )?Scan (using|on) drive_(place|public)", plan);
    }
}
