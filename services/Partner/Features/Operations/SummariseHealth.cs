using System.Text.Json;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Partners.Features.Operations;

/// <param name="Problem">Null when the service answered.</param>
public sealed record ServiceHealth(string Service, bool Ready, string? Problem, IReadOnlyList<ReadinessCheck> Checks);

public sealed record PlatformHealth(bool Ready, IReadOnlyList<ServiceHealth> Services);

/// <summary>
/// GET /health/ready: asks each of the five, 503 unless all are ready. With the token key set this is the one thing a service asks
/// another over HTTP (docs/decisions), and nothing but this answer depends on it.
/// </summary>
public static class SummariseHealth
{
    private static readonly string[] Others = ["donor", "event", "inventory", "recognition"];
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/health/ready", Handle).Public()
        .Produces<PlatformHealth>().Produces<PlatformHealth>(503).WithSummary("Whether all five services are ready");

    private static async Task<JsonHttpResult<PlatformHealth>> Handle(Health own, IConfiguration configuration, CancellationToken ct)
    {
        var answers = await Task.WhenAll(Others.Select(name => Ask(name, configuration[$"Platform:Services:{name}"], ct)).Append(Self(own, ct)));
        var ready = answers.All(a => a.Ready);
        return TypedResults.Json(new PlatformHealth(ready, answers), Json.Options, statusCode: ready ? 200 : 503);
    }

    private static async Task<ServiceHealth> Self(Health own, CancellationToken ct)
    {
        var readiness = await own.Check(ct);
        return new(readiness.Service, readiness.Ready, null, readiness.Checks);
    }

    private static async Task<ServiceHealth> Ask(string name, string? address, CancellationToken ct)
    {
        if (string.IsNullOrEmpty(address)) return new(name, false, $"Platform:Services:{name} is not configured", []);
        try
        {
            using var answer = await Http.GetAsync(new Uri(new Uri(address), "/health/ready/self"), ct);
            var readiness = await answer.Content.ReadFromJsonAsync<Readiness>(Json.Options, ct);
            return readiness is null || readiness.Service != name ? new(name, false, "something else answers at its address", []) : new(name, readiness.Ready && answer.IsSuccessStatusCode, null, readiness.Checks);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException or UriFormatException or NotSupportedException && !ct.IsCancellationRequested)
        {
            return new(name, false, "does not answer", []);
        }
    }
}
