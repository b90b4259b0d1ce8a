using Microsoft.Extensions.DependencyInjection;

namespace BloodPlatform.Chassis.Tests;

public sealed class SealTests
{
    private static async Task<bool> IsFresh(ServiceUnderTest recognition, Guid key)
    {
        using var scope = recognition.App.Services.CreateScope();
        return await scope.ServiceProvider.GetRequiredService<Database>().InTransaction(tx => tx.IsFresh("donor", key.ToString()), CancellationToken.None);
    }

    [Fact]
    public async Task A_publisher_seals_on_starting_and_its_listener_is_ready_only_then()
    {
        await using var cluster = await Cluster.Deploy();
        var recognition = await cluster.Start("recognition");
        var unready = await recognition.Anonymous().Get("/health/ready");
        Assert.Equal(503, unready.Status);
        Assert.Contains("seal of donor", unready.Body.ToString());
        Assert.False(await IsFresh(recognition, Some.Id()));
        await cluster.Start("donor");
        await Eventually.That(async () => (await recognition.Anonymous().Get("/health/ready")).Status == 200, 20);
        Assert.True(await IsFresh(recognition, Some.Id()));
    }

    [Fact]
    public async Task A_seal_never_passes_an_unsent_key()
    {
        await using var cluster = await Cluster.Deploy();
        var recognition = await cluster.Start("recognition");
        var (stuck, free) = (Some.Id(), Some.Id());
        // Committed before the relay starts, and impossible to send.
        await cluster.Database.Execute("""
            insert into donor.outbox (recorded_at, event_id, type, key, version, payload) values (now(), gen_random_uuid(), 'BloodPlatform.Contracts.Donor.NeverWas', @stuck, 1, '{}')
            """, new { stuck = stuck.ToString() });
        await cluster.Start("donor");
        await Eventually.That(async () => await IsFresh(recognition, free), 20);
        Assert.False(await IsFresh(recognition, stuck));
        Assert.Contains(stuck.ToString(), (await cluster.Database.Query<string[]>("select held_keys from recognition.seal where service = 'donor'")).Single());
    }

    [Fact]
    public async Task An_old_seal_an_unapplied_event_and_a_parked_one_are_each_stale()
    {
        await using var cluster = await Cluster.Deploy();
        var recognition = await cluster.Start("recognition");
        var consumers = recognition.App.Services.GetRequiredService<Consumers>();
        var (key, other) = (Some.Id(), Some.Id());
        var now = TimeProvider.System.GetUtcNow();
        Task Seal(DateTimeOffset through, params SealedEvent[] sent) => consumers.Consume(new OutboxSealed(Some.Id(), "donor", through, [], sent), CancellationToken.None);

        await Seal(now.AddSeconds(-61));
        Assert.False(await IsFresh(recognition, key));
        // The seal overtakes an event that it vouches for: fresh for everybody but that event's key.
        var late = Probe.Registered(key, 1) with { EventId = Some.Id(), RecordedAt = now };
        await Seal(now, new SealedEvent(late.EventId, late.Key, EventTypes.NameOf(late.GetType())));
        Assert.False(await IsFresh(recognition, key));
        Assert.True(await IsFresh(recognition, other));
        await recognition.Deliver(late);
        Assert.True(await IsFresh(recognition, key));
        // An older seal that arrives late takes nothing back.
        await Seal(now.AddSeconds(-120));
        Assert.True(await IsFresh(recognition, key));

        await cluster.Database.Execute("insert into recognition.parked_message (message_id, type, key, body, error) values (gen_random_uuid(), 'x', @key, '', '')", new { key = key.ToString() });
        Assert.False(await IsFresh(recognition, key));
        Assert.True(await IsFresh(recognition, other));
        // Something parked whose key nobody could read might be anybody's.
        await cluster.Database.Execute("insert into recognition.parked_message (message_id, type, key, body, error) values (gen_random_uuid(), null, null, '', '')");
        Assert.False(await IsFresh(recognition, other));
    }
}
