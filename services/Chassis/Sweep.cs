using System.Runtime.ExceptionServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BloodPlatform.Chassis;

/// <summary>
/// Looks again and again for what time has made due: offers that expire, reminders, keys whose time is over. Each look does all of it in short
/// transactions of its own; replicas settle between them, by locks, who does what. While the database is away it waits; any other failure is an
/// error in the log, and the next look begins anew.
/// <code>
/// service.Builder.Services.AddHostedService&lt;LapseProvisional&gt;();                    // Program
/// public sealed class LapseProvisional(IServiceScopeFactory scopes, ILogger&lt;LapseProvisional&gt; log) : Sweep(scopes, TimeSpan.FromSeconds(1), log) {
///     protected override async Task Look(Database db, CancellationToken ct) { while (await db.InTransaction(Some, ct)) { } }
/// }
/// </code>
/// Long work that somebody ordered is a job (<see cref="Jobs"/>).
/// </summary>
/// <param name="every">The pause between two looks, of the machine's time; what is due is a question of business time.</param>
public abstract class Sweep(IServiceScopeFactory scopes, TimeSpan every, ILogger log) : BackgroundService
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(2);
    private readonly SemaphoreSlim turn = new(1, 1); // not disposed: it holds nothing, and a look that outlives the host's patience still releases it

    protected sealed override async Task ExecuteAsync(CancellationToken stopping)
    {
        await Task.Yield();
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await LookNow(stopping);
                await Task.Delay(every, TimeProvider.System, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested) { return; }
            catch (Exception e)
            {
                if (Consumers.IsTransient(e)) log.LogWarning("{Sweep} waits for the database: {Reason}", GetType().Name, e.GetType().Name);
                else log.LogError(e, "{Sweep} failed and starts over", GetType().Name);
                await Task.Delay(AfterFailure, TimeProvider.System, stopping);
            }
        }
    }

    /// <summary>One look, as soon as the one that is under way has ended: what that had begun is then done.</summary>
    public async Task LookNow(CancellationToken ct)
    {
        await turn.WaitAsync(ct);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await Look(scope.ServiceProvider.GetRequiredService<Database>(), ct);
        }
        finally { turn.Release(); }
    }

    /// <summary>For what needs more of a scope than its database.</summary>
    protected IServiceScopeFactory Scopes => scopes;

    /// <summary>One after the other: what fails keeps none of the others waiting, and is thrown in the end.</summary>
    protected static async Task Each<T>(IEnumerable<T> due, Func<T, Task> act, CancellationToken ct)
    {
        List<Exception> failed = [];
        foreach (var one in due)
        {
            try { await act(one); }
            catch (Exception e) when (!ct.IsCancellationRequested) { failed.Add(e); }
        }
        if (failed.Count > 0) ExceptionDispatchInfo.Throw(failed.Find(e => !Consumers.IsTransient(e)) ?? failed[0]);
    }

    /// <summary>Does all that is due now.</summary>
    protected abstract Task Look(Database db, CancellationToken ct);
}
