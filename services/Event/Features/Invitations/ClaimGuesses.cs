using System.Threading.RateLimiting;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Invitations;

/// <summary>
/// Thirty codes a minute that are right in themselves and nobody's, for each client; then it waits, whatever it sends. A slip of the pen does not count: the
/// check character finds it. Per process; beside 85 bits it is only there to be seen and to stop.
/// </summary>
internal sealed class ClaimGuesses : IDisposable
{
    private readonly PartitionedRateLimiter<string> limiter = PartitionedRateLimiter.Create<string, string>(client =>
        RateLimitPartition.GetFixedWindowLimiter(client, _ => new FixedWindowRateLimiterOptions { PermitLimit = 30, Window = TimeSpan.FromMinutes(1) }));

    /// <summary>Null while the client may try.</summary>
    public ProblemHttpResult? Stops(Caller caller) => limiter.GetStatistics(caller.ClientId)?.CurrentAvailablePermits == 0 ? CommonProblems.TooManyRequests.With("Too many claim codes that are nobody's") : null;

    public ProblemHttpResult Missed(Caller caller)
    {
        using var _ = limiter.AttemptAcquire(caller.ClientId);
        return Problems.ClaimCodeUnknown.With();
    }

    public void Dispose() => limiter.Dispose();
}
