using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace BloodPlatform.Chassis;

/// <summary>
/// The token provider's public keys: fetched in the background, kept on disk, so that valid tokens pass with the provider away,
/// even over a restart. While no key is known at all the answer is 503, never 401.
/// </summary>
internal sealed class KeySet(string authority, string cacheFile, ILogger<KeySet> log) : BackgroundService, IConfigurationManager<OpenIdConnectConfiguration>
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(500);
    private readonly SemaphoreSlim wake = new(0, 1);
    private volatile IReadOnlyList<SecurityKey> current = [];

    public IReadOnlyList<SecurityKey> Current => current;

    public bool Known => current.Count > 0;

    public Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        var configuration = new OpenIdConnectConfiguration();
        foreach (var key in current) configuration.SigningKeys.Add(key);
        return Task.FromResult(configuration);
    }

    /// <summary>A token names a key we do not have: look now instead of in five minutes.</summary>
    public void RequestRefresh()
    {
        try { if (wake.CurrentCount == 0) wake.Release(); }
        catch (SemaphoreFullException) { /* another request woke the refresher between the look and the release: it will run */ }
    }

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        if (File.Exists(cacheFile)) Use(await File.ReadAllTextAsync(cacheFile, stopping), "disk");
        if (authority.Length == 0) return;
        using var http = new HttpClient { BaseAddress = new Uri(authority), Timeout = TimeSpan.FromSeconds(5) };
        while (!stopping.IsCancellationRequested)
        {
            var fetched = false;
            try
            {
                var discovery = await http.GetStringAsync(new Uri(".well-known/openid-configuration", UriKind.Relative), stopping);
                var jwksUri = OpenIdConnectConfiguration.Create(discovery).JwksUri;
                // The provider names its public address; behind the gateway we ask the same path of the authority itself.
                var json = await http.GetStringAsync(new Uri(jwksUri).PathAndQuery, stopping);
                fetched = Use(json, "authority");
                if (fetched) await Store(json, stopping);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or ArgumentException && !stopping.IsCancellationRequested)
            {
                log.LogWarning("Signing keys not refreshed ({Reason}); {Count} known keys stay in use", e.GetType().Name, current.Count);
            }
            await wake.WaitAsync(fetched ? RefreshEvery : RetryEvery, stopping);
            // Tokens with invented key ids must not make us hammer the provider.
            await Task.Delay(RetryEvery, stopping);
        }
    }

    private bool Use(string json, string from)
    {
        var keys = new JsonWebKeySet(json).GetSigningKeys();
        if (keys.Count == 0) { log.LogWarning("The key set from {From} has no signing key", from); return false; }
        current = [.. keys];
        return true;
    }

    private async Task Store(string json, CancellationToken ct)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(cacheFile)!);
        var fresh = cacheFile + ".new";
        await File.WriteAllTextAsync(fresh, json, ct);
        File.Move(fresh, cacheFile, overwrite: true);
    }
}
