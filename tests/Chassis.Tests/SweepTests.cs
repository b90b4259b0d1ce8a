using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace BloodPlatform.Chassis.Tests;

/// <summary>What looks again and again goes on looking: after the database was away, and after a failure that nobody foresaw.</summary>
public sealed class SweepTests
{
    private sealed class Counting(IServiceScopeFactory scopes, ILogger<Counting> log) : Sweep(scopes, TimeSpan.FromMilliseconds(20), log)
    {
        public int Looks, Ended;
        public volatile bool Fails;

        protected override async Task Look(Database db, CancellationToken ct)
        {
            Interlocked.Increment(ref Looks);
            if (Fails) throw new InvalidOperationException("nobody foresaw this");
            await db.InTransaction(async tx => await tx.QuerySingle<int>("select 1"), ct);
            Interlocked.Increment(ref Ended);
        }
    }

    private sealed class OneByOne(IServiceScopeFactory scopes, ILogger<OneByOne> log) : Sweep(scopes, TimeSpan.FromDays(1), log)
    {
        public readonly List<int> Done = [];

        protected override Task Look(Database db, CancellationToken ct) => Each(Enumerable.Range(1, 4), async n =>
        {
            await db.InTransaction(async tx => await tx.QuerySingle<int>("select 1"), ct);
            if (n == 1) throw new TimeoutException("passes");
            if (n == 2) throw new InvalidOperationException("nobody foresaw this");
            Done.Add(n);
        }, ct);
    }

    [Fact]
    public async Task What_fails_keeps_none_of_the_others_waiting_and_what_will_not_pass_by_itself_is_what_is_thrown()
    {
        await using var service = await ServiceUnderTest.Start("donor", Probe.As("donor"), with: b => b.Services.AddSingleton<OneByOne>());
        var sweep = service.App.Services.GetRequiredService<OneByOne>();
        await Assert.ThrowsAsync<InvalidOperationException>(() => sweep.LookNow(TestContext.Current.CancellationToken));
        Assert.Equal([3, 4], sweep.Done);
    }

    [Fact]
    public async Task A_sweep_outlives_an_outage_of_the_database_and_an_exception_that_nobody_foresaw_and_stops_with_its_service()
    {
        await using var database = await Servers.CreateDatabase("donor");
        var settings = new NpgsqlConnectionStringBuilder(database.Service("donor"));
        await using var line = new TcpProxy(settings.Host!, settings.Port);
        (settings.Port, settings.SslMode) = (line.Port, SslMode.Disable);
        await using var service = await ServiceUnderTest.Start("donor", Probe.As("donor"), database: database, with: b => b.Services.AddSingleton<Counting>().AddHostedService(s => s.GetRequiredService<Counting>()),
            settings: "--ConnectionStrings:Service=" + settings.ConnectionString);
        var sweep = service.App.Services.GetRequiredService<Counting>();
        async Task GoesOn()
        {
            var ended = Volatile.Read(ref sweep.Ended);
            await Eventually.That(() => Task.FromResult(Volatile.Read(ref sweep.Ended) > ended + 2));
        }
        await GoesOn();

        line.Cut();
        var before = Volatile.Read(ref sweep.Looks);
        await Eventually.That(() => Task.FromResult(Volatile.Read(ref sweep.Looks) > before + 1)); // it tries again, in vain
        Assert.False(sweep.ExecuteTask!.IsCompleted);
        line.Restore();
        await GoesOn();

        sweep.Fails = true;
        before = Volatile.Read(ref sweep.Looks);
        await Eventually.That(() => Task.FromResult(Volatile.Read(ref sweep.Looks) > before + 1));
        Assert.False(sweep.ExecuteTask.IsCompleted);
        Assert.False(service.App.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested); // nor did it take the service with it
        sweep.Fails = false;
        await GoesOn();

        await service.Stop();
        Assert.True(sweep.ExecuteTask.IsCompletedSuccessfully);
    }
}
