#pragma warning disable RS0030 // the relay is the one publisher
using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Channels;
using BloodPlatform.Contracts;
using Dapper;
using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace BloodPlatform.Chassis;

/// <summary>Wakes the relay after a commit; without it the relay polls.</summary>
public sealed class RelaySignal
{
    private readonly Channel<bool> channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Wake() => channel.Writer.TryWrite(true);

    internal async Task Wait(TimeSpan atMost, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(atMost);
        try { await channel.Reader.ReadAsync(patience.Token); }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested) { /* the poll interval is over: look anyway */ }
    }
}

/// <summary>
/// Sends what transactions have appended. One leader per schema holds a session advisory lock; no transaction is open during
/// broker I/O; events go in order per key and in parallel across keys; a row is marked, on the connection that holds the lock,
/// only after the broker has confirmed it. A row that fails backs off and holds only its own key; after ten attempts it is parked
/// and alarmed. With the broker away nothing is counted. Delivered at least once, never lost; the inbox makes the effect once.
/// </summary>
public sealed class Relay(ServiceDefinition service, ServiceName name, RelayConnection connections, BusHost busHost, PlatformBus platformBus,
    RelaySignal signal, TimeProvider clock, RelayState state, ILogger<Relay> log) : BackgroundService
{
    public const int AttemptsBeforeParking = 10;
    private const int BatchSize = 1000;
    private const int ParallelKeys = 64;
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ConfirmWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SealEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CheckBindingsEvery = TimeSpan.FromSeconds(10);
    private readonly HttpClient management = new() { Timeout = TimeSpan.FromSeconds(5) };
    private DateTimeOffset bindingsChecked;
    private DateTimeOffset sealedAt;

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        await Task.Yield();
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using var connection = await connections.Open(stopping);
                while (!await connection.ExecuteScalarAsync<bool>("select pg_try_advisory_lock(hashtextextended(@lock, 0))", new { @lock = $"{name.Name}.outbox.relay" }))
                {
                    state.Leading = false;
                    await Task.Delay(TimeSpan.FromSeconds(1), stopping);
                }
                state.Leading = true;
                sealedAt = default;
                await connection.ExecuteAsync(name.Sql("select {schema}.outbox_ensure_partitions(3)"));
                while (!stopping.IsCancellationRequested) await Turn(connection, stopping);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested && Consumers.IsTransient(e))
            {
                state.Leading = false;
                log.LogWarning("The relay lost its database connection ({Reason}) and starts over", e.GetType().Name);
                await Task.Delay(TimeSpan.FromMilliseconds(500), stopping);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                state.Leading = false;
                log.LogError(e, "The relay failed and starts over");
                await Task.Delay(TimeSpan.FromSeconds(5), stopping);
            }
        }
    }

    private async Task Turn(NpgsqlConnection connection, CancellationToken ct)
    {
        if (busHost.Bus is not { } bus || busHost.Health == BusHealthStatus.Unhealthy)
        {
            state.Paused = "the broker is away";
            await signal.Wait(TimeSpan.FromSeconds(1), ct);
            return;
        }
        if (!await BindingsComplete(ct)) { await signal.Wait(TimeSpan.FromSeconds(1), ct); return; }
        state.Paused = null;

        // The instant first, then the snapshot: everything committed before the instant is in the rows.
        await using var reader = await connection.QueryMultipleAsync(name.Sql("""
            select clock_timestamp();
            with held as (select distinct key from {schema}.outbox where published_at is null and (parked_at is not null or next_attempt_at > clock_timestamp()))
            select position, recorded_at, event_id, type, key, payload::text, trace_parent, attempts from {schema}.outbox
            where published_at is null and key not in (select key from held) order by position limit @BatchSize;
            select distinct key from {schema}.outbox where published_at is null and (parked_at is not null or next_attempt_at > clock_timestamp());
            """), new { BatchSize });
        var through = await reader.ReadSingleAsync<DateTimeOffset>();
        var rows = (await reader.ReadAsync<OutboxRow>()).AsList();
        var held = (await reader.ReadAsync<string>()).ToHashSet();

        if (rows.Count > 0)
        {
            var outcome = await Publish(bus, rows, ct);
            await Mark(connection, outcome, ct);
            held.UnionWith(outcome.Failed.Select(f => f.Row.Key));
            if (outcome.BrokerAway)
            {
                state.Paused = "the broker is away";
                await Task.Delay(TimeSpan.FromMilliseconds(500), ct);
                return;
            }
        }
        if (rows.Count < BatchSize)
        {
            if (service.PublishesSeals && clock.GetUtcNow() - sealedAt >= SealEvery) await Seal(bus, connection, through, held, ct);
            await signal.Wait(PollEvery, ct);
        }
    }

    /// <summary>A publisher that starts before its listeners are bound loses everything without an error: so it does not publish until they are.</summary>
    private async Task<bool> BindingsComplete(CancellationToken ct)
    {
        if (clock.GetUtcNow() - bindingsChecked < CheckBindingsEvery) return true;
        var known = state.MissingBindings;
        try
        {
            state.MissingBindings = await platformBus.MissingBindings(management, ct);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            state.Paused = "the broker's management address does not answer, so bindings can't be checked";
            return false;
        }
        if (state.MissingBindings.Count > 0)
        {
            state.Paused = "bindings are missing";
            if (!known.SequenceEqual(state.MissingBindings)) log.LogError("Nothing is published while bindings are missing: {Missing}", string.Join("; ", state.MissingBindings));
            return false;
        }
        bindingsChecked = clock.GetUtcNow();
        return true;
    }

    private async Task<Outcome> Publish(IBusControl bus, List<OutboxRow> rows, CancellationToken ct)
    {
        var outcome = new Outcome();
        var away = 0;
        await Parallel.ForEachAsync(rows.GroupBy(r => r.Key), new ParallelOptions { MaxDegreeOfParallelism = ParallelKeys, CancellationToken = ct }, async (key, stop) =>
        {
            foreach (var row in key)
            {
                if (Volatile.Read(ref away) == 1) return;
                try
                {
                    await Send(bus, row, null, stop);
                    outcome.Add(row);
                }
                catch (Exception e) when (!stop.IsCancellationRequested)
                {
                    if (IsBrokerAway(e)) Volatile.Write(ref away, 1);
                    else outcome.Fail(row, e.Message);
                    return; // the rest of this key waits for this row
                }
            }
        });
        outcome.BrokerAway = away == 1;
        return outcome;
    }

    /// <summary>Sends one stored event, to everybody or to one queue (replay), and returns when the broker has confirmed it.</summary>
    internal static async Task Send(IBus bus, OutboxRow row, Uri? onlyTo, CancellationToken ct)
    {
        var type = EventTypes.Find(row.Type) ?? throw new InvalidOperationException($"{row.Type} is no contract of this release");
        var e = (DomainEvent)(JsonSerializer.Deserialize(row.Payload, type.Type, Json.Options) ?? throw new InvalidOperationException("an empty event"));
        ActivityContext.TryParse(row.TraceParent, null, out var parent);
        using var span = Consumers.Spans.StartActivity("relay " + type.Type.Name, ActivityKind.Producer, parent);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(ConfirmWithin);
        var pipe = Pipe.Execute<SendContext>(context =>
        {
            context.MessageId = row.EventId;
            if (context.TryGetPayload<RabbitMqSendContext>(out var rabbit)) rabbit.Mandatory = true;
        });
        if (onlyTo is null) await bus.Publish(e, type.Type, Pipe.Execute<PublishContext>(context =>
        {
            context.MessageId = row.EventId;
            context.Mandatory = true;
        }), patience.Token);
        else await (await bus.GetSendEndpoint(onlyTo)).Send(e, type.Type, pipe, patience.Token);
    }

    private static bool IsBrokerAway(Exception e) => e switch
    {
        MessageReturnedException => false,
        OperationCanceledException or TimeoutException or ConnectionException or RabbitMQ.Client.Exceptions.RabbitMQClientException => true,
        IOException or SocketException or ObjectDisposedException => true, // the connection broke under the message
        _ => e.InnerException is { } inner && IsBrokerAway(inner),
    };

    private async Task Mark(NpgsqlConnection connection, Outcome outcome, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (outcome.Sent.Count > 0) Queue("""
            with sent as (
                update {schema}.outbox o set published_at = clock_timestamp()
                from unnest(@positions, @recorded) as s(position, recorded_at)
                where o.position = s.position and o.recorded_at = s.recorded_at
                returning o.event_id, o.key, o.type)
            insert into {schema}.seal_pending (event_id, key, type) select event_id, key, type from sent where @seals on conflict do nothing
            """, new { positions = outcome.Sent.Select(r => r.Position).ToArray(), recorded = outcome.Sent.Select(r => r.RecordedAt).ToArray(), seals = service.PublishesSeals });
        foreach (var (row, error) in outcome.Failed)
        {
            var attempts = row.Attempts + 1;
            var park = attempts >= AttemptsBeforeParking;
            if (park) log.LogError("Parked in the outbox after {Attempts} attempts: {Type} {EventId} of key {Key}: {Error}", attempts, row.Type, row.EventId, row.Key, error);
            Queue("""
                update {schema}.outbox set attempts = @attempts, last_error = @error, next_attempt_at = clock_timestamp() + make_interval(secs => @seconds),
                       parked_at = case when @park then clock_timestamp() end
                where position = @Position and recorded_at = @RecordedAt
                """, new { attempts, error, seconds = Math.Min(60, 0.1 * Math.Pow(2, attempts)), park, row.Position, row.RecordedAt });
        }
        if (batch.BatchCommands.Count > 0) await batch.ExecuteNonQueryAsync(ct);

        void Queue(string sql, object args)
        {
            var command = new NpgsqlBatchCommand(name.Sql(sql));
            BatchParameters.AddTo(command, args);
            batch.BatchCommands.Add(command);
        }
    }

    private async Task Seal(IBusControl bus, NpgsqlConnection connection, DateTimeOffset through, HashSet<string> held, CancellationToken ct)
    {
        var sent = (await connection.QueryAsync<SealedEvent>(name.Sql("select event_id, key, type from {schema}.seal_pending"))).ToArray();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(ConfirmWithin);
        try
        {
            await bus.Publish(new OutboxSealed(Ids.New(clock), service.Name, through, [.. held.Order()], sent), patience.Token);
        }
        catch (Exception e) when (IsBrokerAway(e) && !ct.IsCancellationRequested)
        {
            return; // no seal: listeners grow stale and fail closed
        }
        await connection.ExecuteAsync(name.Sql("delete from {schema}.seal_pending where event_id = any(@ids)"), new { ids = sent.Select(s => s.EventId).ToArray() });
        sealedAt = clock.GetUtcNow();
    }

    private sealed class Outcome
    {
        private readonly Lock gate = new();

        public List<OutboxRow> Sent { get; } = [];

        public List<(OutboxRow Row, string Error)> Failed { get; } = [];

        public bool BrokerAway { get; set; }

        public void Add(OutboxRow row) { lock (gate) Sent.Add(row); }

        public void Fail(OutboxRow row, string error) { lock (gate) Failed.Add((row, error)); }
    }

    public override void Dispose()
    {
        management.Dispose();
        base.Dispose();
    }
}

/// <summary>A row of the outbox as it is sent.</summary>
internal sealed record OutboxRow(long Position, DateTimeOffset RecordedAt, Guid EventId, string Type, string Key, string Payload, string? TraceParent, int Attempts);

/// <summary>What readiness says of the relay.</summary>
public sealed class RelayState
{
    public bool Leading { get; internal set; }

    /// <summary>Why nothing is published at the moment, or null.</summary>
    public string? Paused { get; internal set; } = "starting";

    public IReadOnlyList<string> MissingBindings { get; internal set; } = [];
}

/// <summary>Connections outside the pool: the relay's lock lives and dies with its own session.</summary>
public sealed class RelayConnection(string connectionString)
{
    public async Task<NpgsqlConnection> Open(CancellationToken ct)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, KeepAlive = 10, ApplicationName = "relay" }.ConnectionString);
        await connection.OpenAsync(ct);
        // Three statements for ever: planned once. That a row was sent need not be on the disk: a mark that a power cut takes is made again, and so is the message, which the inboxes know.
        await connection.ExecuteAsync("set plan_cache_mode = force_generic_plan; set synchronous_commit = off");
        return connection;
    }
}
