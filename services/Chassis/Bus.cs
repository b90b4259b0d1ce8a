using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Serialization;
using BloodPlatform.Contracts;
using MassTransit;
using MassTransit.Logging;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BloodPlatform.Chassis;

/// <summary>Where the broker is: the AMQP address and its management address (bindings can be listed nowhere else).</summary>
public sealed record BrokerAddress(Uri Amqp, Uri Management)
{
    public string VirtualHost => Uri.UnescapeDataString(Amqp.AbsolutePath.TrimStart('/')) is { Length: > 0 } name ? name : "/";

    public string User => Uri.UnescapeDataString(Amqp.UserInfo.Split(':')[0]);

    public string Password => Uri.UnescapeDataString(Amqp.UserInfo.Split(':', 2)[^1]);

    /// <exception cref="InvalidOperationException">An address is missing: the service does not start half-deaf.</exception>
    public static BrokerAddress From(IConfiguration configuration) => new(
        new Uri(configuration["Broker:Uri"] ?? throw new InvalidOperationException("Broker:Uri is not configured: amqp://user:password@host:port/vhost")),
        new Uri(configuration["Broker:Management"] ?? throw new InvalidOperationException("Broker:Management is not configured: http://host:15672")));
}

/// <summary>
/// MassTransit stays in this file and in the relay. One quorum queue per service, bound to every event the service hears; what is
/// dead-lettered by the broker itself lands in a second queue. No delivery limit is ever set (on RabbitMQ 3.10 a limit of −1
/// drops at the first redelivery; 4.x's default of 20 is lifted by policy).
/// </summary>
public sealed class PlatformBus(ServiceDefinition service, BrokerAddress address, Consumers consumers, ILoggerFactory logs)
{
    public const string DeadSuffix = ".dead";

    /// <summary>A bus; with <paramref name="queue"/> null one that only publishes.</summary>
    internal IBusControl Create(string? queue)
    {
        LogContext.ConfigureCurrentLogContext(logs);
        return MassTransit.Bus.Factory.CreateUsingRabbitMq(bus =>
        {
            bus.Host(address.Amqp.Host, (ushort)(address.Amqp.Port > 0 ? address.Amqp.Port : 5672), address.VirtualHost, host =>
            {
                host.Username(address.User);
                host.Password(address.Password);
                host.PublisherConfirmation = true;
                host.Heartbeat(TimeSpan.FromSeconds(10));
                host.RequestedConnectionTimeout(TimeSpan.FromSeconds(5));
            });
            bus.ConfigureJsonSerializerOptions(Json.Configure);
            bus.DeployPublishTopology = true;
            bus.Publish<DomainEvent>(topology => topology.Exclude = true); // the envelope is no message of its own
            foreach (var published in EventTypes.All.Where(e => e.Publisher == service.Name)) bus.Publish(published.Type, _ => { });
            if (service.PublishesSeals) bus.Publish<OutboxSealed>();
            if (queue is not null) bus.ReceiveEndpoint(queue, endpoint =>
            {
                endpoint.SetQuorumQueue();
                endpoint.SetQueueArgument("x-dead-letter-exchange", queue + DeadSuffix);
                endpoint.SetQueueArgument("x-dead-letter-strategy", "at-least-once");
                endpoint.SetQueueArgument("x-overflow", "reject-publish");
                endpoint.BindDeadLetterQueue(queue + DeadSuffix, queue + DeadSuffix, dead => dead.SetQuorumQueue());
                endpoint.PrefetchCount = 16;
                endpoint.ConcurrentMessageLimit = 8; // each a connection with its plans and caches; two processors work for no more
                endpoint.ConfigureDeadLetter(pipe => pipe.UseFilter(new ParkUnreadable<ReceiveContext>(consumers, _ => "no consumer for this type")));
                endpoint.ConfigureError(pipe => pipe.UseFilter(new ParkUnreadable<ExceptionReceiveContext>(consumers, c => c.Exception.Message)));
                consumers.Bind(endpoint);
            });
        });
    }

    /// <summary>
    /// Deploys the service's queue, its bindings and the exchanges it publishes to, and starts nothing. What an earlier release heard
    /// and this one does not is unbound, or it would arrive as a type nobody knows.
    /// </summary>
    public async Task Deploy(CancellationToken ct)
    {
        await Create(service.Name).DeployAsync(ct);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        var noLonger = EventTypes.All.Where(e => !service.Handlers.ContainsKey(e.Type)).Select(e => e.Exchange).ToHashSet();
        foreach (var binding in (await Bindings(http, ct)).Where(b => b.Destination == service.Name && noLonger.Contains(b.Source)))
        {
            using var answer = await Ask(http, HttpMethod.Delete, $"/api/bindings/{{0}}/e/{Uri.EscapeDataString(binding.Source)}/e/{binding.Destination}/~", ct);
            answer.EnsureSuccessStatusCode();
        }
    }

    /// <summary>What the broker lacks of what the contracts demand of this service: its own queue, and every listener of its events.</summary>
    public async Task<IReadOnlyList<string>> MissingBindings(HttpClient http, CancellationToken ct)
    {
        var bound = (await Bindings(http, ct)).ToHashSet();
        var expected = EventTypes.All.Where(e => e.Publisher == service.Name)
            .SelectMany(e => e.Listeners.Select(listener => new Binding(e.Exchange, listener, "exchange")).SelectMany(b => new[] { b, new Binding(b.Destination, b.Destination, "queue") }))
            .Append(new Binding(service.Name, service.Name, "queue")).Distinct();
        return [.. expected.Where(b => !bound.Contains(b)).Select(b => $"{b.Source} -> {b.Destination} ({b.Kind})")];
    }

    private async Task<List<Binding>> Bindings(HttpClient http, CancellationToken ct)
    {
        using var response = await Ask(http, HttpMethod.Get, "/api/bindings/{0}", ct);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<List<Binding>>(ct) ?? [];
    }

    /// <summary>A call of the broker's management; {0} in the path is the virtual host.</summary>
    private async Task<HttpResponseMessage> Ask(HttpClient http, HttpMethod method, string path, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, new Uri(address.Management, path.Replace("{0}", Uri.EscapeDataString(address.VirtualHost), StringComparison.Ordinal)));
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{address.User}:{address.Password}")));
        return await http.SendAsync(request, ct);
    }

    private sealed record Binding(
        [property: JsonPropertyName("source")] string Source,
        [property: JsonPropertyName("destination")] string Destination,
        [property: JsonPropertyName("destination_type")] string Kind);
}

/// <summary>A message that no handler could read is parked with its body, not lost and not in the others' way.</summary>
internal sealed class ParkUnreadable<TContext>(Consumers consumers, Func<TContext, string> reason) : IFilter<TContext> where TContext : class, ReceiveContext
{
    public async Task Send(TContext context, IPipe<TContext> next)
    {
        // Body.GetString() of MassTransit 8.4 names the buffer's type instead of its text. A failure passes the error pipe and
        // then, as undelivered, the dead-letter pipe: parking is idempotent.
        await consumers.ParkUnreadable(context.GetMessageId(), Encoding.UTF8.GetString(context.Body.GetBytes()), reason(context), context.CancellationToken);
        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("park");
}

/// <summary>Runs the service's bus: keeps trying while the broker is away, never holds up the start of the service.</summary>
public sealed class BusHost(PlatformBus platformBus, ServiceDefinition service, ILogger<BusHost> log) : BackgroundService
{
    private volatile IBusControl? bus;

    /// <summary>The started bus, or null while the broker has not been reached yet.</summary>
    public IBusControl? Bus => bus;

    public BusHealthStatus Health => bus?.CheckHealth().Status ?? BusHealthStatus.Unhealthy;

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        await Task.Yield();
        while (!stopping.IsCancellationRequested)
        {
            var candidate = platformBus.Create(service.Name);
            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                patience.CancelAfter(TimeSpan.FromSeconds(30));
                await candidate.StartAsync(patience.Token);
                bus = candidate;
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException && !stopping.IsCancellationRequested)
            {
                log.LogWarning("The broker can't be reached yet ({Reason}); trying again", e.GetType().Name);
                await candidate.StopAsync(TimeSpan.FromSeconds(5));
                await Task.Delay(TimeSpan.FromSeconds(1), stopping);
            }
        }
    }

    public override async Task StopAsync(CancellationToken ct)
    {
        await base.StopAsync(ct);
        if (bus is { } running) await running.StopAsync(ct);
    }
}
