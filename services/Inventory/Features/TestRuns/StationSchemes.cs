using BloodPlatform.Chassis;
using BloodPlatform.Inventory.Rules;

namespace BloodPlatform.Inventory.Features.TestRuns;

/// <summary>
/// By which scheme tests conclude: setting `Inventory:TestScheme` for all stations, `Inventory:TestSchemes:(station's id)` for one.
/// </summary>
public sealed record StationSchemes(IReadOnlyDictionary<Guid, string> ByStation)
{
    /// <summary>Speaks for every station without a word of its own.</summary>
    public static readonly Guid All = Guid.Empty;

    /// <exception cref="InvalidOperationException">A setting names no scheme or no station: the service does not start.</exception>
    public static StationSchemes From(IConfiguration configuration)
    {
        var schemes = new Dictionary<Guid, string> { [All] = Named("Inventory:TestScheme", configuration["Inventory:TestScheme"] ?? Parameters.DefaultScheme) };
        foreach (var setting in configuration.GetSection("Inventory:TestSchemes").GetChildren())
            schemes[Guid.TryParse(setting.Key, out var station) && station != All ? station : throw new InvalidOperationException($"{setting.Path} must end in a station's id")] = Named(setting.Path, setting.Value);
        return new(schemes);
    }

    private static string Named(string setting, string? scheme) =>
        scheme is not null && Parameters.TestSchemes.Contains(scheme) ? scheme : throw new InvalidOperationException($"{setting} must be one of {string.Join(", ", Parameters.TestSchemes)}, and {scheme} is none");
}

/// <summary>What is configured now holds from now on; what it was before is kept, for the donations of that time.</summary>
public sealed class KeepStationSchemes(IServiceScopeFactory scopes, StationSchemes configured) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(tx =>
        {
            tx.WriteAny("""
                insert into inventory.station_test_scheme (station_id, since, scheme)
                select station_id, @now, c.scheme
                from (select distinct on (s.station_id) s.station_id, s.scheme from inventory.station_test_scheme s order by s.station_id, s.since desc) k
                full join unnest(@stations, @schemes) as c(station_id, scheme) using (station_id)
                where k.scheme is distinct from c.scheme
                on conflict on constraint station_test_scheme_once do nothing
                """, new { now = tx.Now, stations = configured.ByStation.Keys.ToArray(), schemes = configured.ByStation.Values.ToArray() });
            return Task.CompletedTask;
        }, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>A scheme of a station and since when, the newest first.</summary>
internal sealed record StationSchemeRow
{
    public const string Select = "select s.station_id, s.since, s.scheme from inventory.station_test_scheme s order by s.since desc;";

    public Guid StationId { get; init; }
    public DateTimeOffset Since { get; init; }
    public string? Scheme { get; init; }

    public static string Of(List<StationSchemeRow> newestFirst, Guid station, DateTimeOffset at) =>
        newestFirst.Find(s => s.StationId == station && s.Since <= at)?.Scheme ?? newestFirst.Find(s => s.StationId == StationSchemes.All && s.Since <= at)?.Scheme ?? Parameters.DefaultScheme;
}
