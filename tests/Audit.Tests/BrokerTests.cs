namespace BloodPlatform.Audit.Tests;

/// <summary>Violations planted in a real broker.</summary>
public sealed class BrokerTests(PlatformAtRest platform) : IClassFixture<PlatformAtRest>
{
    private string Host => platform.VirtualHost.Name;

    [Fact]
    public async Task A_message_in_a_dead_letter_queue_is_seen()
    {
        (await platform.Manage(HttpMethod.Post, $"exchanges/{Host}/amq.default/publish", new { properties = new { }, routing_key = "donor.dead", payload = "lost", payload_encoding = "string" })).EnsureSuccessStatusCode();
        var broker = await platform.BrokerWhere(b => b.Queues.Any(q => q is { Name: "donor.dead", Messages: 1 }));
        Assert.Equal(["queues-empty: queue=donor.dead  messages=1"], await Violations(broker));

        (await platform.Manage(HttpMethod.Delete, $"queues/{Host}/donor.dead/contents")).EnsureSuccessStatusCode();
        Assert.Empty(await Violations(await platform.BrokerWhere(b => b.Empty)));
    }

    [Fact]
    public async Task A_missing_queue_is_seen()
    {
        var broker = platform.Broker with { Queues = [.. platform.Broker.Queues.Where(q => q.Name != "partner")] };
        Assert.Equal(["queues-empty: queue=partner  messages=-"], await Violations(broker));
    }

    [Fact]
    public async Task A_binding_that_is_gone_and_one_too_many_are_seen()
    {
        var collected = Uri.EscapeDataString("BloodPlatform.Contracts.Donor:DonationCollected");
        (await platform.Manage(HttpMethod.Delete, $"bindings/{Host}/e/{collected}/e/recognition/~")).EnsureSuccessStatusCode();
        Assert.Equal(["bindings-equal-listeners: event=BloodPlatform.Contracts.Donor:DonationCollected  listener=recognition  what=not bound"], await Violations(await Now()));

        (await platform.Manage(HttpMethod.Post, $"bindings/{Host}/e/{collected}/e/recognition", new { routing_key = "", arguments = new { } })).EnsureSuccessStatusCode();
        Assert.Empty(await Violations(await Now()));

        var granted = Uri.EscapeDataString("BloodPlatform.Contracts.Recognition:CreditGranted");
        (await platform.Manage(HttpMethod.Post, $"bindings/{Host}/e/{granted}/e/donor", new { routing_key = "", arguments = new { } })).EnsureSuccessStatusCode();
        Assert.Equal(["bindings-equal-listeners: event=BloodPlatform.Contracts.Recognition:CreditGranted  listener=donor  what=not named"], await Violations(await Now()));
        (await platform.Manage(HttpMethod.Delete, $"bindings/{Host}/e/{granted}/e/donor/~")).EnsureSuccessStatusCode();

        (await platform.Manage(HttpMethod.Delete, $"bindings/{Host}/e/recognition/q/recognition/~")).EnsureSuccessStatusCode();
        Assert.Equal(["bindings-equal-listeners: event=recognition  listener=recognition  what=queue not bound"], await Violations(await Now()));
        (await platform.Manage(HttpMethod.Post, $"bindings/{Host}/e/recognition/q/recognition", new { routing_key = "", arguments = new { } })).EnsureSuccessStatusCode();
    }

    private Task<Broker> Now() => platform.BrokerWhere(_ => true);

    private async Task<IEnumerable<string>> Violations(Broker broker) =>
        (await platform.Judge("", broker, platform.Listeners)).Where(f => !f.Holds).SelectMany(f => f.Examples.Select(e => $"{f.Invariant.Name}: {e}"));
}
