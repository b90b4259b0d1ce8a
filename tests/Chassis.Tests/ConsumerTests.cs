using System.Text;
using BloodPlatform.Contracts.Donor;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace BloodPlatform.Chassis.Tests;

public sealed class ConsumerTests
{
    /// <summary>Puts a raw body into a queue, as a foreign or broken publisher would.</summary>
    private static async Task PutRaw(Cluster cluster, string queue, string body)
    {
        using var http = Servers.Management();
        using var content = new StringContent(System.Text.Json.JsonSerializer.Serialize(new { properties = new { content_type = "application/vnd.masstransit+json" }, routing_key = queue, payload = body, payload_encoding = "string" }), Encoding.UTF8, "application/json");
        var answer = await http.PostAsync($"api/exchanges/{cluster.Broker.Name}/amq.default/publish", content);
        Assert.Contains("\"routed\":true", await answer.Content.ReadAsStringAsync());
    }

    private static string Envelope(string type, string message) => $$"""{"messageId":"{{Some.Id()}}","messageType":["urn:message:{{type}}"],"message":{{message}}}""";

    [Fact]
    public async Task A_poison_message_parks_and_the_others_flow()
    {
        await using var cluster = await Cluster.Deploy();
        var donor = await cluster.Start("donor");
        var poison = Some.Id();
        var recognition = await cluster.Start("recognition", (e, tx) => e.Key == poison.ToString() ? throw new InvalidOperationException("no rule for this") : Probe.WriteDown(e, tx));
        await Cluster.Append(donor, Probe.Registered(poison, 1), Probe.Registered(Some.Id(), 1), Probe.Registered(Some.Id(), 1));
        await Eventually.That(async () => await cluster.Effects("recognition") == 2);
        await Eventually.That(async () => await cluster.Database.Scalar<long>("select count(*) from recognition.parked_message where key = @key and error like '%no rule%'", new { key = poison.ToString() }) == 1);
        Assert.Contains("alarm", (await recognition.Anonymous().Get("/health/ready")).Body.ToString());

        // Mended: the operator's retry applies it once and nothing stays parked.
        await recognition.Stop();
        Assert.Equal(0, await Probe.As("recognition")(["parked", "--retry=true", .. ServiceUnderTest.Arguments("recognition", cluster.Database, cluster.Broker, Path.GetTempPath())]).Run());
        Assert.Equal(3, await cluster.Effects("recognition"));
        Assert.Equal(0, await cluster.Database.Scalar<long>("select count(*) from recognition.parked_message"));
    }

    [Fact]
    public async Task An_unknown_type_and_an_unreadable_body_park_and_the_others_flow()
    {
        await using var cluster = await Cluster.Deploy();
        var donor = await cluster.Start("donor");
        await cluster.Start("recognition");
        await PutRaw(cluster, "recognition", Envelope("BloodPlatform.Contracts.Donor:NeverWas", "{}"));
        await PutRaw(cluster, "recognition", "this is no JSON");
        await PutRaw(cluster, "recognition", Envelope("BloodPlatform.Contracts.Donor:DonorRegistered", """{"donorId":"not-a-uuid"}"""));
        await Cluster.Append(donor, Probe.Registered(Some.Id(), 1));
        await Eventually.That(async () => await cluster.Effects("recognition") == 1);
        await Eventually.That(async () => await cluster.Database.Scalar<long>("select count(*) from recognition.parked_message") == 3);
        Assert.Equal(1, await cluster.Database.Scalar<long>("select count(*) from recognition.parked_message where type = 'urn:message:BloodPlatform.Contracts.Donor:NeverWas'"));
        Assert.Equal(1, await cluster.Database.Scalar<long>("select count(*) from recognition.parked_message where body = 'this is no JSON'"));
    }

    [Fact]
    public async Task The_same_message_eight_times_at_once_has_one_effect_and_no_errors()
    {
        await using var cluster = await Cluster.Deploy();
        var recognition = await cluster.Start("recognition");
        foreach (var _ in Enumerable.Range(0, 20))
        {
            var e = Probe.Registered(Some.Id(), 1) with { EventId = Some.Id(), RecordedAt = TimeProvider.System.GetUtcNow() };
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => recognition.Deliver(e))));
        }
        Assert.Equal(20, await cluster.Effects("recognition"));
        Assert.Equal(0, await cluster.Database.Scalar<long>("select count(*) from recognition.parked_message"));
    }

    [Fact]
    public async Task Out_of_order_versions_leave_the_newest_state()
    {
        await using var cluster = await Cluster.Deploy();
        var recognition = await cluster.Start("recognition", (e, tx) =>
        {
            tx.WriteAny("""
                insert into recognition.projection (key, version, status) values (@Key, @Version, @Status)
                on conflict (key) do update set version = excluded.version, status = excluded.status where projection.version < excluded.version
                """, new { e.Key, e.Version, ((DonorRegistered)e).Status });
            return Task.CompletedTask;
        });
        var donor = Some.Id();
        foreach (var version in new long[] { 3, 1, 5, 2, 4 }) await recognition.Deliver(Probe.Registered(donor, version) with { Status = $"v{version}" });
        Assert.Equal("v5", await cluster.Database.Scalar<string>("select status from recognition.projection where key = @key", new { key = donor.ToString() }));
    }

    [Fact]
    public async Task An_outage_of_the_database_outlasts_any_retry_count_and_loses_nothing()
    {
        await using var cluster = await Cluster.Deploy();
        var settings = new NpgsqlConnectionStringBuilder(cluster.Database.Service("recognition"));
        await using var line = new TcpProxy(settings.Host!, settings.Port);
        settings.Port = line.Port;
        settings.Timeout = 2;
        var donor = await cluster.Start("donor");
        await cluster.Start("recognition", settings: "--ConnectionStrings:Service=" + settings.ConnectionString);
        await Cluster.Append(donor, Probe.Registered(Some.Id(), 1));
        await Eventually.That(async () => await cluster.Effects("recognition") == 1);

        line.Cut();
        await Cluster.Append(donor, [.. Enumerable.Range(0, 50).Select(_ => Probe.Registered(Some.Id(), 1))]);
        await Eventually.That(async () => await cluster.Unsent() == 0);
        var started = TimeProvider.System.GetTimestamp();
        await Eventually.That(() => Task.FromResult(TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromSeconds(20)), 30); // the outage itself
        Assert.Equal(1, await cluster.Effects("recognition"));
        line.Restore();

        await Eventually.That(async () => await cluster.Effects("recognition") == 51, 60);
        Assert.Equal(0, await cluster.Database.Scalar<long>("select count(*) from recognition.parked_message"));
        Assert.Equal(0, await cluster.Depth("recognition.dead"));
    }
}
