using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory.Tests.Features;

/// <summary>What Donor knows and this service has not heard stops release and issue. A service of its own: seals are the whole service's.</summary>
public sealed class FreshnessTests : IAsyncLifetime
{
    private ServiceUnderTest service = null!;

    public async ValueTask InitializeAsync() => service = await ServiceUnderTest.Start("inventory", Program.Create);

    public async ValueTask DisposeAsync() => await service.DisposeAsync();

    [Fact]
    public async Task Without_a_fresh_seal_for_the_donor_nothing_is_signed_and_nothing_leaves()
    {
        var station = new Station(service);
        var donor = Some.Id();
        var din = await station.Releasable(donor);
        async Task Refused(Func<Task<Answer>> act)
        {
            var before = await Everything();
            var answer = await act();
            Assert.Equal((503, "donor_facts_stale"), (answer.Status, answer.Code));
            Assert.Equal(before, await Everything());
        }
        async Task WhateverIsStale(Func<Task<Answer>> act)
        {
            await service.Database.Execute("delete from inventory.seal");
            await Refused(act); // never sealed
            await service.Seal("donor", TimeProvider.System.GetUtcNow().AddSeconds(-61));
            await Refused(act); // too old
            await service.Seal("donor", null, donor.ToString());
            await Refused(act); // the donor's facts are held back there
            await service.Database.Execute("insert into inventory.seal_await (service, message_id, key) values ('donor', @id, @key)", new { id = Some.Id(), key = donor.ToString() });
            await service.Seal("donor");
            await Refused(act); // sent, and not applied here yet
            await service.Database.Execute("delete from inventory.seal_await");
            await service.Database.Execute("insert into inventory.parked_message (key, body, error) values (@key, '{}', 'test')", new { key = donor.ToString() });
            await Refused(act); // parked here
            await service.Database.Execute("delete from inventory.parked_message");
            await service.Seal("donor", null, Some.Key()); // another donor's trouble is not this one's
        }

        await WhateverIsStale(() => station.Sign(din, station.ReleaserA));
        Assert.Equal(202, (await station.Sign(din, station.ReleaserA)).Status);
        await WhateverIsStale(() => station.Sign(din, station.ReleaserB));
        Assert.Equal(200, (await station.Sign(din, station.ReleaserB)).Status);

        var hospital = service.As(Roles.Hospital, Some.Id());
        var order = await hospital.Post("/v1/orders", Station.Order(station.Id));
        Assert.Equal("allocated", order.Text("status"));
        await WhateverIsStale(() => station.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key()));
        Assert.Equal(200, (await station.Issuer.Post($"/v1/orders/{order.Id}/issue", null, Some.Key())).Status);
    }

    private Task<string> Everything() => service.Database.Scalar<string>("""
        select concat((select count(*) from inventory.outbox), ' ', (select count(*) from inventory.release_signature), ' ', (select count(*) from inventory.audit), ' ', (select count(*) from inventory.idempotency), ' ',
                      (select string_agg(status, ',' order by id) from inventory.unit), ' ', (select sum(version) from inventory.donation), ' ', (select count(*) from inventory.unit_movement))
        """);
}
