using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace BloodPlatform.Chassis;

/// <summary>
/// So many requests a second for each client (Platform:RateLimit, 1,000 unless configured), for each address where nobody has signed
/// in; answered with RateLimit and RateLimit-Policy (IETF httpapi draft), 429 with Retry-After beyond. Per process: replicas add up.
/// </summary>
internal static class RateLimits
{
    public static void AddRateLimits(this IServiceCollection services, IConfiguration configuration)
    {
        var permits = configuration.GetValue("Platform:RateLimit", 1000);
        services.AddRateLimiter(limits =>
        {
            limits.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(http => http.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal)
                ? RateLimitPartition.GetNoLimiter("health")
                : RateLimitPartition.GetFixedWindowLimiter(PartitionOf(http), _ => new FixedWindowRateLimiterOptions { PermitLimit = permits, Window = TimeSpan.FromSeconds(1) }));
            limits.OnRejected = async (rejected, _) =>
            {
                rejected.HttpContext.Response.Headers.RetryAfter = "1";
                rejected.HttpContext.Response.Headers["RateLimit"] = "\"client\";r=0;t=1";
                await CommonProblems.TooManyRequests.With().ExecuteAsync(rejected.HttpContext);
            };
        });
    }

    public static void UseRateLimits(this WebApplication app)
    {
        var policy = string.Create(CultureInfo.InvariantCulture, $"\"client\";q={app.Configuration.GetValue("Platform:RateLimit", 1000)};w=1");
        app.UseRateLimiter();
        app.Use((http, next) =>
        {
            var limiter = http.RequestServices.GetRequiredService<Microsoft.Extensions.Options.IOptions<RateLimiterOptions>>().Value.GlobalLimiter!;
            http.Response.Headers["RateLimit-Policy"] = policy;
            if (limiter.GetStatistics(http) is { } now) http.Response.Headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"client\";r={now.CurrentAvailablePermits};t=1");
            return next(http);
        });
    }

    // The gateway is the only one to talk to a service, and it says who talks to the gateway.
    private static string PartitionOf(HttpContext http) => http.RequestServices.GetRequiredService<Request>().Caller?.ClientId
        ?? "address " + (http.Request.Headers["X-Real-IP"].ToString() is { Length: > 0 } address ? address : http.Connection.RemoteIpAddress?.ToString());
}
