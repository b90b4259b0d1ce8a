using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;

namespace BloodPlatform.Chassis.Tests;

/// <summary>
/// Probes under the five names on one database and one virtual host, all migrated (queues and bindings deployed) before any
/// starts. A test starts those it needs; what the others would hear waits in their queues.
/// </summary>
public sealed class Cluster : IAsyncDisposable
{
    private static readonly string[] Names = ["donor", "event", "inventory", "recognition", "partner"];
    private readonly List<ServiceUnderTest> running = [];

    public TestDatabase Database { get; private set; } = null!;

    public TestBroker Broker { get; private set; } = null!;

    public TokenIssuer Tokens { get; } = new();

    public static async Task<Cluster> Deploy()
    {
        var cluster = new Cluster { Database = await Servers.CreateDatabase(Names), Broker = await Servers.CreateVirtualHost() };
        foreach (var name in Names)
            Assert.Equal(0, await Probe.As(name)(["migrate", .. ServiceUnderTest.Arguments(name, cluster.Database, cluster.Broker, Path.GetTempPath())]).Run());
        return cluster;
    }

    public async Task<ServiceUnderTest> Start(string name, Func<BloodPlatform.Contracts.DomainEvent, Transaction, Task>? effect = null, params string[] settings)
    {
        var service = await ServiceUnderTest.Start(name, Probe.As(name, effect), Broker, Database, Tokens, migrate: false, settings: settings);
        running.Add(service);
        return service;
    }

    /// <summary>Appends events as a committed transaction of the donor probe would.</summary>
    public static Task Append(ServiceUnderTest donor, params BloodPlatform.Contracts.DomainEvent[] events)
    {
        using var scope = donor.App.Services.CreateScope();
        return scope.ServiceProvider.GetRequiredService<Database>().InTransaction(tx => { foreach (var e in events) tx.Append(e); return Task.CompletedTask; }, CancellationToken.None);
    }

    public Task<long> Effects(string service) => Database.Scalar<long>($"select count(*) from {service}.effect");

    public Task<long> Unsent() => Database.Scalar<long>("select count(*) from donor.outbox where published_at is null");

    /// <summary>Messages in a queue as the broker's management tells it (a few seconds late).</summary>
    public async Task<long> Depth(string queue)
    {
        using var http = Servers.Management();
        using var json = System.Text.Json.JsonDocument.Parse(await http.GetStringAsync($"api/queues/{Broker.Name}/{queue}"));
        return json.RootElement.TryGetProperty("messages", out var messages) ? messages.GetInt64() : 0;
    }

    /// <summary>Takes everything out of a queue that has no consumer, in the broker's order.</summary>
    public async Task<List<(string Key, long Version)>> Drain(string queue)
    {
        using var http = Servers.Management();
        var answer = await http.PostAsJsonAsync($"api/queues/{Broker.Name}/{queue}/get", new { count = 10_000, ackmode = "ack_requeue_false", encoding = "auto" });
        using var messages = System.Text.Json.JsonDocument.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        return [.. messages.RootElement.EnumerateArray().Select(m =>
        {
            using var envelope = System.Text.Json.JsonDocument.Parse(m.GetProperty("payload").GetString()!);
            var e = envelope.RootElement.GetProperty("message");
            return (e.GetProperty("key").GetString()!, e.GetProperty("version").GetInt64());
        })];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in running) await service.Stop();
        await Database.DisposeAsync();
        await Broker.DisposeAsync();
    }
}
