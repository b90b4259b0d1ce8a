using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using BloodPlatform.Chassis;
using BloodPlatform.Demo;
using Dapper;
using Npgsql;

namespace BloodPlatform.Bench;

/// <summary>
/// The blood station's busy hours, at the Inventory service itself: orders of twenty bags from a large stock, sixteen hospitals after the same groups, the way of one
/// bag among all that ever were, a look-back on a donor of a hundred donations, an analyser's hundred thousand rows, and a hundred thousand bags that expire at once.
/// </summary>
/// <remarks>
/// The stock is written past the API under donation numbers of a facility that is nobody's (B9999), with ids that follow each other as the platform's own do, and taken out again with all that was done to it; the events that were said stay. The
/// reference of the orders takes as many bags of the same stock with bare statements in one transaction.
/// </remarks>
internal static class BloodStock
{
    private const int Orders = 500, Bags = 20, Traces = 1000, Lookbacks = 30, Clients = 16, RowsAtOnce = 900;

    public static async Task Measure(Api api, string superuser, Uri service, int units, int ever, int[] standStill, Action<string, double[]> print)
    {
        await using var database = new NpgsqlConnection(superuser + ";Command Timeout=600");
        await database.OpenAsync();
        using var http = new HttpClient { BaseAddress = service };
        async Task<JsonNode> Call(HttpMethod method, string role, string path, object? body = null)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body), Headers = { Authorization = new AuthenticationHeaderValue("Bearer", await api.TokenOf(role)) } };
            using var answer = await http.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{path} answered {text}");
        }
        var station = Guid.Parse(api.Credentials.Organisations["station"]);
        Task<JsonNode> Order(string group, int bags) => Call(HttpMethod.Post, "hospital", "/v1/orders",
            new { component = "red-cells-suspended", bloodGroup = group, quantity = new { amount = bags, unit = "bags" }, urgency = "routine", neededBy = TimeProvider.System.GetUtcNow().AddHours(6), allowSubstitution = true, stationId = station });
        try
        {
            foreach (var size in new[] { units / 4, units })
            {
                await Clean(database);
                Console.WriteLine($"{size} bags are put into stock");
                await Seed(database, station, size, "available");
                print($"{Bags} bags by bare SQL (reference), of {size}", await Time(Orders, i => database.ExecuteAsync("""
                    begin;
                    with picked as materialized (select id from inventory.unit where component = 'red-cells-suspended' and blood_group = @group and status = 'available' and open_holds = 0 and station_id = @station and expires_at > now()
                        order by expires_at, collected_at, id limit @Bags for update skip locked)
                    update inventory.unit u set status = 'reserved', order_id = '00000000-0000-7000-8000-000000000b9e', version = version + 1 from picked p where u.id = p.id;
                    commit
                    """, new { group = Group(i), station, Bags })));
                print($"an order of {Bags} bags of {size}", await Time(Orders, async i => { if ((string?)(await Order(Group(i), Bags))["status"] != "allocated") throw new InvalidOperationException("There is no stock left"); }));
            }

            var given = await database.ExecuteScalarAsync<long>("select count(*) from inventory.order_line");
            var started = Stopwatch.GetTimestamp();
            await Parallel.ForAsync(0, 3000, new ParallelOptions { MaxDegreeOfParallelism = Clients }, async (i, _) => await Order(i % 2 == 0 ? "A+" : "O+", 1 + i % 2));
            Console.WriteLine($"  {Clients} hospitals after two groups: {3000 / Stopwatch.GetElapsedTime(started).TotalSeconds:0} orders a second; {await database.ExecuteScalarAsync<long>("select count(*) from inventory.order_line") - given} bags given, "
                + $"{await database.ExecuteScalarAsync<long>("select count(*) from (select from inventory.order_line where dropped_at is null group by unit_id having count(*) > 1) x")} given twice");

            print($"the way of one bag among {units}", await Time(Traces, i => Call(HttpMethod.Get, "station", $"/v1/traces/{DinOf(i * 7919 % units)}")));
            if (ever > 0)
            {
                Console.WriteLine($"{ever} bags that were transfused are written beside them");
                await Seed(database, station, ever, "transfused", History);
                print($"the way of one bag among {units + ever}", await Time(Traces, i => Call(HttpMethod.Get, "station", $"/v1/traces/{DinOf((int)(i * 7919L * 431 % ever), History)}")));
            }

            await database.ExecuteAsync("update inventory.donation set donor_id = md5('bench-donor/' || (substr(din, 8)::int / 100))::uuid where din like 'B9999260%' and substr(din, 8)::int < @n", new { n = Lookbacks * 100 });
            var quality = api.Credentials.With("quality");
            print("a look-back on a donor of 100 donations", await Time(Lookbacks, i => api.Send(HttpMethod.Post, "station", "/v1/lookbacks", new { din = DinOf(i * 100), reason = "post-donation-information" }, Ids.New(TimeProvider.System).ToString(), quality), warm: 0));

            var laboratory = api.Credentials.With("laboratory");
            string[] tests = ["abo-rhd", "alt", "hbsag", "anti-hcv", "hiv-ag-ab", "syphilis", "nat-hbv", "nat-hcv", "nat-hiv"];
            started = Stopwatch.GetTimestamp();
            var rows = 0;
            for (var from = Lookbacks * 100; rows < 100_000; from += RowsAtOnce / 9, rows += RowsAtOnce)
            {
                var at = TimeProvider.System.GetUtcNow();
                var run = new { runId = $"bench-{Ids.New(TimeProvider.System):N}", instrument = "bench", controlsValid = true, rows = Enumerable.Range(from % (units - 100), RowsAtOnce / 9)
                    .SelectMany(n => tests.Select(test => new { din = DinOf(n), test, outcome = "non-reactive", value = test == "abo-rhd" ? Group(n) : test == "alt" ? "20" : null, performedAt = at })).ToArray() };
                if ((await api.Send(HttpMethod.Post, "station", "/v1/test-runs", run, run.runId, laboratory)).Body["accepted"]!.GetValue<int>() != RowsAtOnce) throw new InvalidOperationException("Rows were refused");
            }
            Console.WriteLine($"  {rows} rows of an analyser, {RowsAtOnce} at once: {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s");

            await Clean(database);
            await Seed(database, station, units, "available");
            await Pace.Drained(database); // what was done before is not the sweep's
            Pace.Signal("-STOP", standStill);
            await database.ExecuteAsync("update inventory.unit set expires_at = now() - interval '1 second' where din like 'B9999%'");
            async Task<long> Left() => await database.ExecuteScalarAsync<long>("select count(*) from inventory.unit where din like 'B9999%' and status = 'available' and expires_at < now()");
            var expiring = await Left();
            while (await Left() == expiring) await Task.Delay(20); // the sweep looks every half minute
            started = Stopwatch.GetTimestamp();
            var meanwhile = new List<double>();
            while (await Left() > 0)
            {
                var order = Stopwatch.GetTimestamp();
                await Order("AB-", 1);
                meanwhile.Add(Stopwatch.GetElapsedTime(order).TotalMilliseconds);
            }
            Console.WriteLine($"  {expiring} bags that expired: {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s");
            print("an order meanwhile", [.. meanwhile.Order()]);
        }
        finally
        {
            Pace.Signal("-CONT", standStill);
            await Clean(database);
        }
    }

    private const string Stock = "B9999", History = "B9998";

    /// <summary>A number of a facility that is nobody's; a million in a year.</summary>
    private static string DinOf(int n, string facility = Stock) => $"{facility}{26 - n / 1_000_000:00}{n % 1_000_000:D6}";

    /// <summary>As often as a city has them, nearly.</summary>
    private static string Group(int n) => (n % 16) switch { < 5 => "O+", < 9 => "A+", < 13 => "B+", 13 => "AB+", 14 => "A-", _ => "O-" };

    private static async Task Seed(NpgsqlConnection database, Guid station, int size, string status, string facility = Stock) => await database.ExecuteAsync("""
        set session_replication_role = replica;
        insert into inventory.donation (din, version, station_id, status, blood_group, tested_qualified, components_at, released_at, arrived_at, collected_version, donor_id, procedure, nominal_ml, collected_ml, outcome, preservative, chair_group, started_at, ended_at)
        select din, 5, @station, 'available', g, true, at, at, at, 1, ('01910000-0000-7000-8000-' || lpad(right(din, 6), 12, '0'))::uuid, 'whole-blood', 400, 400, 'completed', 'CPDA-1', g, at, at from (select @facility || lpad((26 - n / 1000000)::text, 2, '0') || lpad((n % 1000000)::text, 6, '0') as din, now() - interval '1 day' - n % 20 * interval '1 day' as at,
            case when n % 16 < 5 then 'O+' when n % 16 < 9 then 'A+' when n % 16 < 13 then 'B+' when n % 16 = 13 then 'AB+' when n % 16 = 14 then 'A-' else 'O-' end as g from generate_series(0, @size - 1) n) x;
        insert into inventory.donor_safety (donor_id) select distinct donor_id from inventory.donation where din like @facility || '%' on conflict do nothing;
        insert into inventory.donor_safety (donor_id) select md5('bench-donor/' || n)::uuid from generate_series(0, 99) n on conflict do nothing;
        insert into inventory.unit (id, version, din, station_id, component, product_code, division, blood_group, content_u, volume_ml, collected_at, produced_at, expires_at, status, open_holds)
        select ('01900000-0000-7000-' || case @facility when 'B9999' then '8000' else '9000' end || '-' || lpad(right(din, 8), 12, '0'))::uuid, 2, din, station_id, 'red-cells-suspended', 'D0002', '00', blood_group, 2, 300, started_at, started_at, started_at + interval '35 days', @status, 0 from inventory.donation where din like @facility || '%';
        insert into inventory.unit_movement (unit_id, din, kind, to_status, at, recorded_at) select id, din, kind, 'available', collected_at, collected_at from inventory.unit, unnest(array['made', 'released']) kind where din like @facility || '%';
        set session_replication_role = origin;
        analyze inventory.donation, inventory.unit, inventory.unit_movement, inventory.donor_safety
        """, new { station, size, status, facility });

    private static async Task Clean(NpgsqlConnection database) => await database.ExecuteAsync("""
        set session_replication_role = replica;
        create temporary table if not exists bench_order (id uuid);
        insert into bench_order select distinct order_id from inventory.order_line where din similar to 'B999[89]%';
        insert into bench_order select id from inventory.hospital_order where status = 'waiting' and component = 'red-cells-suspended' and blood_group = 'AB-';
        delete from inventory.order_line where din similar to 'B999[89]%';
        delete from inventory.hospital_order where id in (select id from bench_order);
        delete from donor.lookback where id in (select id from inventory.lookback where din similar to 'B999[89]%');
        delete from inventory.lookback where din similar to 'B999[89]%';
        delete from inventory.hold where din similar to 'B999[89]%';
        delete from inventory.test_result where din similar to 'B999[89]%';
        delete from inventory.test_run where instrument = 'bench';
        delete from inventory.unit_movement where din similar to 'B999[89]%';
        delete from inventory.unit where din similar to 'B999[89]%';
        delete from inventory.donor_safety s using inventory.donation d where d.donor_id = s.donor_id and d.din similar to 'B999[89]%';
        delete from inventory.donor_safety where donor_id in (select md5('bench-donor/' || n)::uuid from generate_series(0, 99) n);
        delete from inventory.donation where din similar to 'B999[89]%';
        drop table bench_order;
        set session_replication_role = origin
        """);

    private static async Task<double[]> Time(int count, Func<int, Task> call, int warm = 30)
    {
        for (var i = 0; i < warm; i++) await call(count + i);
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            await Task.Delay(2);
            var started = Stopwatch.GetTimestamp();
            await call(i);
            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }
        Array.Sort(times);
        return times;
    }
}
