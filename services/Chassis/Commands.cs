using System.Globalization;
using Dapper;
using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace BloodPlatform.Chassis;

/// <summary>What an operator runs: <c>dotnet X.dll migrate | replay | parked | rotate-keys | health</c>.</summary>
internal static class Commands
{
    public static async Task<int> Run(string command, string[] args, PlatformService service)
    {
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) => { e.Cancel = true; stop.Cancel(); };
        try
        {
            return command switch
            {
                "migrate" => await Migrate(service, stop.Token),
                "replay" => await Replay(args, service, stop.Token),
                "parked" => await Parked(args, service, stop.Token),
                "rotate-keys" => await RotateKeys(service, stop.Token),
                "health" => await Health(service, stop.Token),
                _ => service.Definition.Commands.TryGetValue(command, out var own) ? await own(service.Build().Services, stop.Token)
                    : Fail($"Unknown command {command}. Known: migrate, replay --queue=Q --from=T [--to=T] [--types=A,B], parked [--retry=true], rotate-keys, health{string.Concat(service.Definition.Commands.Keys.Select(k => ", " + k))}"),
            };
        }
        catch (Exception e) when (e is InvalidOperationException or NpgsqlException or FormatException)
        {
            return Fail($"{command} of {service.Definition.Name} failed: {e.Message}");
        }
    }

    /// <summary>Brings the schema up to this release, then deploys the service's queue and every binding: all five migrate before any starts.</summary>
    private static async Task<int> Migrate(PlatformService service, CancellationToken ct)
    {
        SqlTypes.Register();
        var configuration = service.Builder.Configuration;
        var owner = configuration.GetConnectionString("Owner") ?? throw new InvalidOperationException("ConnectionStrings:Owner is not configured: the schema's owner, which the running service never is");
        using var logs = LoggerFactory.Create(l => l.AddSimpleConsole(c => c.SingleLine = true).AddFilter("MassTransit", LogLevel.Warning));
        var count = await Migrator.Migrate(owner, new ServiceName(service.Definition.Name), service.Definition.Assembly, logs.CreateLogger("migrate"), ct);
        if (configuration["Broker:Uri"] != "none")
        {
            await using var app = service.Build();
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
            patience.CancelAfter(TimeSpan.FromSeconds(60));
            try { await app.Services.GetRequiredService<PlatformBus>().Deploy(patience.Token); }
            catch (Exception e) when (e is OperationCanceledException or RabbitMqConnectionException or ConnectionException or HttpRequestException) { throw new InvalidOperationException("the broker can't be reached, so queues and bindings were not deployed. Is Broker:Uri right?", e); }
        }
        Console.WriteLine($"{service.Definition.Name}: {count} migrations, queue and bindings deployed");
        return 0;
    }

    /// <summary>Sends the history again to one queue: a new consumer, a rebuild, a lost broker, a restored database. Effects that exist are not repeated.</summary>
    private static async Task<int> Replay(string[] args, PlatformService service, CancellationToken ct)
    {
        var queue = Option(args, "queue") ?? throw new InvalidOperationException("--queue=Q is missing: the listener's queue, named as its service");
        var from = DateTimeOffset.Parse(Option(args, "from") ?? throw new InvalidOperationException("--from=T is missing: an RFC 3339 instant"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        var to = Option(args, "to") is { } until ? DateTimeOffset.Parse(until, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) : DateTimeOffset.MaxValue;
        var types = Option(args, "types")?.Split(',') ?? [];
        await using var app = service.Build();
        var sent = await ReplayTo(app.Services, queue, from, to, types, ct);
        Console.WriteLine($"{sent} events sent to queue {queue}");
        return 0;
    }

    internal static async Task<long> ReplayTo(IServiceProvider services, string queue, DateTimeOffset from, DateTimeOffset to, string[] types, CancellationToken ct)
    {
        var name = services.GetRequiredService<ServiceName>();
        var bus = services.GetRequiredService<PlatformBus>().Create(null);
        await bus.StartAsync(ct);
        try
        {
            await using var connection = await services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(ct);
            var (position, sent) = (0L, 0L);
            while (true)
            {
                // By position, which is the order of each key's transactions; replays are rare, so the filter on time may scan.
                var rows = (await connection.QueryAsync<OutboxRow>(new CommandDefinition(name.Sql("""
                    select position, recorded_at, event_id, type, key, payload::text, trace_parent, attempts from {schema}.outbox
                    where position > @position and published_at is not null and recorded_at >= @from and recorded_at < @to
                      and (cardinality(@types) = 0 or type = any(@types) or split_part(type, '.', 4) = any(@types))
                    order by position limit 500
                    """), new { position, from, to = to == DateTimeOffset.MaxValue ? DateTimeOffset.Parse("9999-01-01Z", CultureInfo.InvariantCulture) : to, types }, cancellationToken: ct))).AsList();
                if (rows.Count == 0) return sent;
                foreach (var row in rows) await Relay.Send(bus, row, new Uri($"queue:{queue}?bind=false"), ct);
                sent += rows.Count;
                position = rows[^1].Position;
            }
        }
        finally { await bus.StopAsync(CancellationToken.None); }
    }

    /// <summary>Lists what is parked, on both sides; with --retry=true tries it again.</summary>
    private static async Task<int> Parked(string[] args, PlatformService service, CancellationToken ct)
    {
        await using var app = service.Build();
        var name = app.Services.GetRequiredService<ServiceName>();
        await using var connection = await app.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(ct);
        if (Option(args, "retry") == "true")
        {
            var freed = await connection.ExecuteAsync(name.Sql("update {schema}.outbox set parked_at = null, attempts = 0, next_attempt_at = null where published_at is null and parked_at is not null"));
            var (done, left) = await app.Services.GetRequiredService<Consumers>().RetryParked(ct);
            Console.WriteLine($"{freed} outgoing events are tried again by the relay; of the incoming {done} succeeded, {left} stay parked");
            return left == 0 ? 0 : 1;
        }
        foreach (var row in await connection.QueryAsync<(string Side, string? Type, string? Key, string? Error)>(name.Sql("""
            select 'incoming', type, key, error from {schema}.parked_message
            union all select 'outgoing', type, key, last_error from {schema}.outbox where published_at is null and parked_at is not null
            """))) Console.WriteLine($"{row.Side}  {row.Type}  key {row.Key}  {row.Error}");
        return 0;
    }

    /// <summary>Brings everything under the current master key while the service runs; whoever stopped it runs it again.</summary>
    private static async Task<int> RotateKeys(PlatformService service, CancellationToken ct)
    {
        await using var app = service.Build();
        foreach (var (table, moved) in await app.Services.GetRequiredService<KeyRotation>().Run(ct)) Console.WriteLine($"{table}: {moved} brought under the current key");
        Console.WriteLine($"{service.Definition.Name}: everything is sealed under master key {app.Services.GetRequiredService<Vault>().CurrentKey}; the others can be taken away");
        return 0;
    }

    /// <summary>Exit code 0 when the service on this machine says it is ready; for container health checks.</summary>
    private static async Task<int> Health(PlatformService service, CancellationToken ct)
    {
        var url = (service.Builder.Configuration["urls"] ?? service.Builder.Configuration["ASPNETCORE_URLS"] ?? "http://127.0.0.1:" + (service.Builder.Configuration["HTTP_PORTS"] ?? "8080")).Split(';')[0].Replace("+", "127.0.0.1", StringComparison.Ordinal).Replace("*", "127.0.0.1", StringComparison.Ordinal).Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(3) };
        try
        {
            using var answer = await http.GetAsync(new Uri(new Uri(url), "/health/ready/self"), ct);
            return answer.IsSuccessStatusCode ? 0 : Fail(await answer.Content.ReadAsStringAsync(ct));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException) { return Fail(e.Message); }
    }

    private static string? Option(string[] args, string name) =>
        args.FirstOrDefault(a => a.StartsWith($"--{name}=", StringComparison.Ordinal))?[(name.Length + 3)..];

    private static int Fail(string message)
    {
        Console.Error.WriteLine(message);
        return 1;
    }
}
