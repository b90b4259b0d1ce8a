using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BloodPlatform.Contracts;
using Dapper;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace BloodPlatform.Chassis;

/// <summary>
/// The inbox: an event and its effect are one transaction, and happen once however often the message comes. What is transient
/// (the database away, a deadlock) is retried as long as it lasts; what can never succeed is parked, alarmed and replayable.
/// </summary>
public sealed class Consumers(ServiceDefinition service, ServiceName name, IServiceProvider services, RelaySignal relay, TimeProvider clock, ILogger<Consumers> log)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    internal static readonly ActivitySource Spans = new("BloodPlatform.Chassis");

    private NpgsqlDataSource Source => services.GetRequiredService<NpgsqlDataSource>();

    internal void Bind(IReceiveEndpointConfigurator endpoint)
    {
        foreach (var type in service.Handlers.Keys) BindMethod.MakeGenericMethod(type).Invoke(this, [endpoint]);
        if (service.SealsDemanded.Count > 0) endpoint.Handler<OutboxSealed>(context => Consume(context.Message, context.CancellationToken));
    }

    private static readonly System.Reflection.MethodInfo BindMethod = typeof(Consumers).GetMethod(nameof(BindOne), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!;

    private void BindOne<T>(IReceiveEndpointConfigurator endpoint) where T : DomainEvent =>
        endpoint.Handler<T>(context => Consume(context.Message, context.CancellationToken));

    /// <summary>Applies an event once. Returns when its effect is committed, was committed before, or the message is parked.</summary>
    public async Task Consume(DomainEvent e, CancellationToken ct)
    {
        var handler = service.Handlers[e.GetType()];
        try
        {
            await Persist(() => Once(e.EventId, tx => handler(e, tx, services), ct), e.GetType().Name, ct);
        }
        catch (Exception failure) when (!ct.IsCancellationRequested)
        {
            log.LogError(failure, "Parked {Type} {EventId} of key {Key}: it fails however often it is tried", e.GetType().Name, e.EventId, e.Key);
            await Persist(() => Park(e.EventId, EventTypes.NameOf(e.GetType()), e.Key, JsonSerializer.Serialize(e, e.GetType(), Json.Options), failure.Message, ct), "parking", ct);
        }
    }

    /// <summary>Notes a publisher's seal, once.</summary>
    public async Task Consume(OutboxSealed seal, CancellationToken ct)
    {
        if (!service.SealsDemanded.Contains(seal.Service)) return;
        await Persist(() => Once(seal.SealId, tx => Freshness.Accept(tx, seal, service), ct), nameof(OutboxSealed), ct);
    }

    private async Task Once(Guid messageId, Func<Transaction, Task> effect, CancellationToken ct)
    {
        await using var connection = await Source.OpenConnectionAsync(ct);
        await using var dbTransaction = await connection.BeginTransactionAsync(ct);
        // A twin in flight makes this wait; when the twin commits, nothing is inserted and nothing more happens.
        var first = await connection.ExecuteAsync(new CommandDefinition(Transaction.KeepPlans + name.Sql("insert into {schema}.inbox (consumer, message_id) values (@consumer, @messageId) on conflict do nothing"),
            new { consumer = name.Name, messageId }, dbTransaction, cancellationToken: ct));
        if (first == 0) return;
        var tx = new Transaction(connection, dbTransaction, name, new Request(), clock, ct);
        await effect(tx);
        await tx.Commit();
        if (tx.HasEvents) relay.Wake();
    }

    private async Task Persist(Func<Task> work, string what, CancellationToken ct)
    {
        var pause = FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            try { await work(); return; }
            catch (Exception e) when (IsTransient(e) && !ct.IsCancellationRequested)
            {
                if (attempt % 10 == 1) log.LogWarning("{What} waits: {Reason} (attempt {Attempt})", what, e.GetType().Name, attempt);
                await Task.Delay(pause, clock, ct);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    /// <summary>Whether the same message may succeed later without anybody's doing.</summary>
    internal static bool IsTransient(Exception e) => e switch
    {
        PostgresException p => p.IsTransient || p.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.QueryCanceled,
        NpgsqlException or TimeoutException or SocketException or IOException => true,
        _ => e.InnerException is { } inner && IsTransient(inner),
    };

    internal Task ParkUnreadable(Guid? messageId, string body, string error, CancellationToken ct)
    {
        log.LogError("Parked message {MessageId} of type {Type}: {Error}", messageId, TypeIn(body), error);
        // Without a readable id the body itself says whether it is the same message again.
        var id = messageId ?? new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(body)).AsSpan(0, 16));
        return Persist(() => Park(id, TypeIn(body), null, body, error, ct), "parking", ct);
    }

    private async Task Park(Guid? messageId, string? type, string? key, string body, string error, CancellationToken ct)
    {
        await using var connection = await Source.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(name.Sql("""
            insert into {schema}.parked_message (message_id, type, key, body, error) values (@messageId, @type, @key, @body, @error)
            on conflict on constraint parked_message_once do update set times = parked_message.times + 1, error = excluded.error
            """), new { messageId, type, key, body, error }, cancellationToken: ct));
    }

    private static string? TypeIn(string envelope)
    {
        try
        {
            using var json = JsonDocument.Parse(envelope);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("messageType", out var types) && types.GetArrayLength() > 0 ? types[0].GetString() : null;
        }
        catch (JsonException) { return null; } // not even JSON: parked as it is, of unknown type
    }

    /// <summary>Tries every parked message again, oldest first; those that succeed are no longer parked. For the operator's "parked --retry".</summary>
    public async Task<(int Done, int Left)> RetryParked(CancellationToken ct)
    {
        await using var connection = await Source.OpenConnectionAsync(ct);
        var parked = (await connection.QueryAsync<ParkedMessage>(name.Sql("select id, message_id, type, body from {schema}.parked_message order by id"))).AsList();
        var done = 0;
        foreach (var message in parked)
        {
            var type = EventTypes.Find(message.Type?.Replace("urn:message:", "", StringComparison.Ordinal).Replace(':', '.') ?? "");
            if (type is null || !service.Handlers.TryGetValue(type.Type, out var handler)) continue;
            var body = message.Body.Contains("\"messageType\"", StringComparison.Ordinal) ? JsonDocument.Parse(message.Body).RootElement.GetProperty("message").GetRawText() : message.Body;
            try
            {
                var e = (DomainEvent)JsonSerializer.Deserialize(body, type.Type, Json.Options)!;
                await Once(e.EventId, tx => { tx.WriteAny("delete from {schema}.parked_message where id = @Id", new { message.Id }); return handler(e, tx, services); }, ct);
                await connection.ExecuteAsync(name.Sql("delete from {schema}.parked_message where id = @Id"), new { message.Id }); // an earlier effect had it already
                done++;
            }
            catch (Exception e) when (e is JsonException or PostgresException or InvalidOperationException)
            {
                log.LogError(e, "Still fails: parked message {Id} of type {Type}", message.Id, type.Type.Name);
            }
        }
        return (done, parked.Count - done);
    }

    private sealed record ParkedMessage(long Id, Guid? MessageId, string? Type, string Body);
}
