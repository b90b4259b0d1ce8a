using Dapper;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace BloodPlatform.Chassis;

/// <summary>Whether a service can do its work, condition by condition, in words an operator can act on.</summary>
public sealed record Readiness(string Service, bool Ready, IReadOnlyList<ReadinessCheck> Checks);

/// <summary>One condition; <c>Problem</c> is null when it holds.</summary>
public sealed record ReadinessCheck(string Name, string? Problem);

/// <summary>Looks at database, broker, bindings, keys, seals and what is parked.</summary>
public sealed class Health(ServiceDefinition service, ServiceName name, NpgsqlDataSource source, RelayState relay, IServiceProvider services)
{
    public async Task<Readiness> Check(CancellationToken ct)
    {
        List<ReadinessCheck> checks = [];
        try
        {
            await using var connection = await source.OpenConnectionAsync(ct);
            var state = await connection.QuerySingleAsync<(long Incoming, long Outgoing, string[] Seals)>(new CommandDefinition(name.Sql("""
                select (select count(*) from {schema}.parked_message), (select count(*) from {schema}.outbox where published_at is null and parked_at is not null),
                       array(select service from {schema}.seal)
                """), cancellationToken: ct));
            checks.Add(new("database", null));
            // Alarmed, yet still ready: one poisoned message must not take the whole service away.
            checks.Add(new("parked", state.Incoming + state.Outgoing == 0 ? null : $"alarm: {state.Incoming} incoming and {state.Outgoing} outgoing events are parked (see: parked)"));
            foreach (var publisher in service.SealsDemanded) checks.Add(new($"seal of {publisher}", state.Seals.Contains(publisher) ? null : "not received yet"));
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException) { checks.Add(new("database", "does not answer")); }

        if (services.GetService<BusHost>() is { } bus)
        {
            checks.Add(new("broker", bus.Health == BusHealthStatus.Healthy ? null : "not connected"));
            try
            {
                var missing = await services.GetRequiredService<PlatformBus>().MissingBindings(Management, ct);
                checks.Add(new("bindings", missing.Count == 0 ? null : "missing: " + string.Join("; ", missing) + " (run: migrate)"));
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested) { checks.Add(new("bindings", "the broker's management address does not answer")); }
            checks.Add(new("relay", relay.Leading && relay.Paused is { } why ? why : null));
        }
        checks.Add(new("signing keys", services.GetRequiredService<KeySet>().Known ? null : "none known yet"));
        return new Readiness(service.Name, checks.All(c => c.Problem is null || c.Name == "parked"), checks);
    }

    private static readonly HttpClient Management = new() { Timeout = TimeSpan.FromSeconds(3) };
}

internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder app, ServiceDefinition service)
    {
        app.MapGet("/health/live", () => TypedResults.Ok()).Public().ExcludeFromDescription();
        app.MapGet("/health/ready/self", Ready).Public().ExcludeFromDescription();
        if (!service.SummarisesHealth) app.MapGet("/health/ready", Ready).Public().ExcludeFromDescription();
    }

    private static async Task<JsonHttpResult<Readiness>> Ready(Health health, CancellationToken ct)
    {
        var readiness = await health.Check(ct);
        return TypedResults.Json(readiness, Json.Options, statusCode: readiness.Ready ? 200 : 503);
    }
}
