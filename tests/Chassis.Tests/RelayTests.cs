using BloodPlatform.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace BloodPlatform.Chassis.Tests;

public sealed class RelayTests
{
    internal static DomainEvent[] Numbered(Guid key, int from, int count) => [.. Enumerable.Range(from, count).Select(v => (DomainEvent)Probe.Registered(key, v))];

    [Fact]
    public async Task What_is_committed_arrives_once_and_in_order_per_key_and_what_is_rolled_back_never()
    {
        await using var cluster = await Cluster.Deploy();
        var donor = await cluster.Start("donor");
        await cluster.Start("recognition");
        var keys = Enumerable.Range(0, 20).Select(_ => Some.Id()).ToArray();
        foreach (var version in Enumerable.Range(1, 10)) await Cluster.Append(donor, [.. keys.Select(k => (DomainEvent)Probe.Registered(k, version))]);
        using (var scope = donor.App.Services.CreateScope())
            await Assert.ThrowsAsync<InvalidOperationException>(() => scope.ServiceProvider.GetRequiredService<Database>().InTransaction(tx => { tx.Append(Probe.Registered(Some.Id(), 1)); throw new InvalidOperationException("rolled back"); }, CancellationToken.None));
        await Eventually.That(async () => await cluster.Effects("recognition") == 200);
        Assert.Equal(200, await cluster.Database.Scalar<long>("select count(*) from donor.outbox"));
        Assert.Equal(0, await cluster.Unsent());
    }

    [Fact]
    public async Task However_many_events_one_transaction_has_they_are_kept_in_its_order_each_with_what_it_says()
    {
        await using var cluster = await Cluster.Deploy();
        var donor = await cluster.Start("donor");
        foreach (var count in new[] { 3, 4, 500 }) // one by one, and all in one statement
        {
            var key = Some.Id();
            await Cluster.Append(donor, Numbered(key, 1, count));
            var kept = await cluster.Database.Query<string>("select version || ' ' || (payload ->> 'version') || ' ' || (payload ->> 'eventId' = event_id::text) from donor.outbox where key = @key order by position", new { key = key.ToString() });
            Assert.Equal(Enumerable.Range(1, count).Select(v => $"{v} {v} true"), kept);
        }
    }

    [Fact]
    public async Task Killed_between_confirm_and_mark_it_sends_again_and_the_effect_happens_once()
    {
        await using var cluster = await Cluster.Deploy();
        var donor = await cluster.Start("donor");
        await cluster.Start("recognition");
        // The first attempt to mark ends the relay's own session; a sequence remembers it, because it survives the rollback.
        await cluster.Database.Execute("""
            create sequence public.marks;
            grant usage on schema public to donor; grant usage on sequence public.marks to donor;
            create function public.die_once() returns trigger language plpgsql security definer as $$
            begin if nextval('public.marks') = 1 then perform pg_terminate_backend(pg_backend_pid()); end if; return new; end $$;
            create trigger die_once before update of published_at on donor.outbox for each row execute function public.die_once();
            """);
        await Cluster.Append(donor, Numbered(Some.Id(), 1, 1));
        await Eventually.That(async () => await cluster.Unsent() == 0, 30);
        await Eventually.That(async () => await cluster.Effects("recognition") >= 1);
        // Delivered twice: the second listener never started, so its queue holds both.
        await Eventually.That(async () => await cluster.Depth("event") == 2, 20);
        Assert.Equal(1, await cluster.Effects("recognition"));
        Assert.True(await cluster.Database.Scalar<long>("select last_value from public.marks") >= 2);
    }

    [Fact]
    public async Task When_the_leaders_connection_is_terminated_the_other_relay_takes_over_and_nothing_is_lost_or_out_of_order()
    {
        await using var cluster = await Cluster.Deploy();
        var one = await cluster.Start("donor");
        var two = await cluster.Start("donor");
        await cluster.Start("recognition");
        await Eventually.That(() => Task.FromResult(one.App.Services.GetRequiredService<RelayState>().Leading || two.App.Services.GetRequiredService<RelayState>().Leading));
        var keys = Enumerable.Range(0, 10).Select(_ => Some.Id()).ToArray();
        var terminations = 0;
        for (var version = 1; version <= 40; version++)
        {
            await Cluster.Append(version % 2 == 0 ? one : two, [.. keys.Select(k => (DomainEvent)Probe.Registered(k, version))]);
            if (version % 10 == 0) terminations += await cluster.Database.Scalar<int>("select count(pg_terminate_backend(l.pid))::int from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database() where l.locktype = 'advisory' and l.granted");
        }
        Assert.True(terminations >= 2, $"only {terminations} leaders were terminated");
        await Eventually.That(async () => await cluster.Effects("recognition") == 400, 60);
        Assert.Equal(0, await cluster.Database.Scalar<long>("select count(*) from (select key, version, count(*) from recognition.effect group by 1, 2 having count(*) > 1) twice"));
        // In the broker, seen by a listener that never started: each key's versions arrive for the first time in their order.
        foreach (var key in (await cluster.Drain("event")).GroupBy(m => m.Key))
            Assert.Equal(Enumerable.Range(1, 40).Select(v => (long)v), key.Select(m => m.Version).Distinct());
    }

    [Fact]
    public async Task A_row_that_fails_holds_only_its_own_key_and_is_parked_after_ten_attempts()
    {
        await using var cluster = await Cluster.Deploy();
        var donor = await cluster.Start("donor");
        await cluster.Start("recognition");
        var (poisoned, healthy) = (Some.Id(), Some.Id());
        await cluster.Database.Execute("""
            insert into donor.outbox (recorded_at, event_id, type, key, version, payload) values (now(), gen_random_uuid(), 'BloodPlatform.Contracts.Donor.NeverWas', @poisoned, 1, '{}')
            """, new { poisoned = poisoned.ToString() });
        await Cluster.Append(donor, [.. Numbered(poisoned, 2, 1), .. Numbered(healthy, 1, 3)]);
        await Eventually.That(async () => await cluster.Effects("recognition") == 3);
        // The back-off doubles to a minute: the test hurries it and waits for the tenth attempt.
        await Eventually.That(async () =>
        {
            await cluster.Database.Execute("update donor.outbox set next_attempt_at = now() where next_attempt_at is not null and parked_at is null");
            return await cluster.Database.Scalar<long>("select count(*) from donor.outbox where parked_at is not null and attempts = 10") == 1;
        }, 30);
        Assert.Equal(3, await cluster.Effects("recognition"));
        Assert.Equal(1, await cluster.Database.Scalar<long>("select count(*) from donor.outbox where published_at is null and parked_at is null")); // its follower waits behind it
        Assert.Contains("alarm", (await donor.Anonymous().Get("/health/ready")).Body.ToString());
    }

    [Fact]
    public async Task A_missing_binding_turns_readiness_red_and_stops_publishing_until_it_is_back()
    {
        await using var cluster = await Cluster.Deploy();
        using var http = Servers.Management();
        var exchange = Uri.EscapeDataString("BloodPlatform.Contracts.Donor:DonorRegistered");
        using (var bindings = System.Text.Json.JsonDocument.Parse(await http.GetStringAsync($"api/bindings/{cluster.Broker.Name}/e/{exchange}/e/event")))
            foreach (var binding in bindings.RootElement.EnumerateArray())
                (await http.DeleteAsync($"api/bindings/{cluster.Broker.Name}/e/{exchange}/e/event/{binding.GetProperty("properties_key").GetString()}")).EnsureSuccessStatusCode();

        var donor = await cluster.Start("donor");
        await Cluster.Append(donor, Numbered(Some.Id(), 1, 5));
        await Eventually.That(() => Task.FromResult(donor.App.Services.GetRequiredService<RelayState>().MissingBindings.Count > 0));
        var red = await donor.Anonymous().Get("/health/ready");
        Assert.Equal(503, red.Status);
        Assert.Contains("DonorRegistered -> event", red.Body.ToString());
        Assert.Equal(5, await cluster.Unsent());

        await cluster.Start("event"); // a listener deploys its own bindings on starting
        await Eventually.That(async () => await cluster.Effects("event") == 5, 30);
        Assert.Equal(200, (await Eventually.Value(async () => await donor.Anonymous().Get("/health/ready") is { Status: 200 } ready ? ready : null, 20)).Status);
    }

    [Fact]
    public async Task Replay_fills_a_new_queue_and_repeats_no_effect_in_an_old_one()
    {
        await using var cluster = await Cluster.Deploy();
        var donor = await cluster.Start("donor");
        await cluster.Start("recognition");
        await Cluster.Append(donor, Numbered(Some.Id(), 1, 25));
        await Eventually.That(async () => await cluster.Effects("recognition") == 25);
        await Eventually.That(async () => await cluster.Unsent() == 0);

        // Event is "new": what the broker kept for it is lost, and its history comes from the publisher.
        using var http = Servers.Management();
        (await http.DeleteAsync($"api/queues/{cluster.Broker.Name}/event/contents")).EnsureSuccessStatusCode();
        await cluster.Start("event");
        string[] settings = ServiceUnderTest.Arguments("donor", cluster.Database, cluster.Broker, Path.GetTempPath());
        foreach (var queue in new[] { "event", "recognition" })
            Assert.Equal(0, await Probe.As("donor")(["replay", "--queue=" + queue, "--from=2020-01-01T00:00:00Z", "--types=DonorRegistered", .. settings]).Run());
        await Eventually.That(async () => await cluster.Effects("event") == 25);
        // Seen by recognition and dropped: its queue is empty again and nothing happened twice.
        await Eventually.That(async () => await cluster.Depth("recognition") == 0, 20);
        Assert.Equal(25, await cluster.Effects("recognition"));
    }

    [Fact]
    public async Task What_a_release_no_longer_hears_is_unbound_when_it_migrates()
    {
        await using var cluster = await Cluster.Deploy();
        using var http = Servers.Management();
        var exchange = Uri.EscapeDataString("BloodPlatform.Contracts.Recognition:HonourEarned"); // nobody's but Partner's
        (await http.PutAsync($"api/exchanges/{cluster.Broker.Name}/{exchange}", new StringContent("{\"type\":\"fanout\",\"durable\":true}", System.Text.Encoding.UTF8, "application/json"))).EnsureSuccessStatusCode();
        (await http.PostAsync($"api/bindings/{cluster.Broker.Name}/e/{exchange}/e/event", new StringContent("{}", System.Text.Encoding.UTF8, "application/json"))).EnsureSuccessStatusCode();
        async Task<string> Bound() => await http.GetStringAsync($"api/bindings/{cluster.Broker.Name}/e/{exchange}/e/event");
        Assert.NotEqual("[]", await Bound());
        Assert.Equal(0, await Probe.As("event")(["migrate", .. ServiceUnderTest.Arguments("event", cluster.Database, cluster.Broker, Path.GetTempPath())]).Run());
        Assert.Equal("[]", await Bound());
        Assert.NotEqual("[]", await http.GetStringAsync($"api/bindings/{cluster.Broker.Name}/e/{exchange}/e/partner"));
    }
}
