namespace BloodPlatform.Chassis.Tests;

/// <summary>A class of its own, because it takes its minute while the others run.</summary>
public sealed class BrokerOutageTests
{
    [Fact]
    public async Task With_the_broker_away_for_a_minute_under_writes_everything_arrives_afterwards_and_no_attempt_is_counted()
    {
        await using var cluster = await Cluster.Deploy();
        await using var line = new TcpProxy(Servers.Broker.Host, Servers.Broker.Port);
        var donor = await cluster.Start("donor", settings: "--Broker:Uri=" + new UriBuilder(cluster.Broker.Uri) { Port = line.Port }.Uri);
        await cluster.Start("recognition");
        var key = Some.Id();
        await Cluster.Append(donor, RelayTests.Numbered(key, 1, 1));
        await Eventually.That(async () => await cluster.Effects("recognition") == 1);

        line.Cut();
        var started = TimeProvider.System.GetTimestamp();
        var written = 1;
        while (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(60))
        {
            await Cluster.Append(donor, RelayTests.Numbered(key, ++written, 1));
            await Task.Delay(100);
        }
        Assert.Equal(1, await cluster.Effects("recognition"));
        var readiness = await donor.Anonymous().Get("/health/ready");
        Assert.Equal(503, readiness.Status);
        line.Restore();

        await Eventually.That(async () => await cluster.Effects("recognition") == written, 60);
        // What has arrived is marked as sent a moment later, when the broker has confirmed it.
        await Eventually.That(() => cluster.Database.Scalar<bool>("select not exists (select from donor.outbox where published_at is null)"), 60);
        Assert.Equal([], await cluster.Database.Query<string>("select attempts || ' attempts: ' || coalesce(last_error, 'none') from donor.outbox where attempts > 0"));
    }
}
