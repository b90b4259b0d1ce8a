using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Contracts.Recognition;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace BloodPlatform.Partners.Tests.Features;

/// <summary>The feed's order, each test with a feed of its own.</summary>
public sealed class SequencerTests
{
    private sealed record Placed(long Sequence, string Subject, long Version);

    private static Task<List<Placed>> Read(ServiceUnderTest service) => service.Database.Query<Placed>("select sequence, subject, version from partner.feed where sequence is not null order by sequence");

    private static async Task AllPlaced(ServiceUnderTest service, int count) =>
        await Eventually.That(async () => await service.Database.Scalar<long>("select count(*) from partner.feed where sequence is not null") == count, 30);

    [Fact]
    public async Task Twenty_inserting_at_once_and_three_sequencers_give_every_number_once_and_keep_the_order_of_each_subject()
    {
        await using var service = await ServiceUnderTest.Start("partner", Program.Create);
        var replicas = await Task.WhenAll(service.Replica(), service.Replica());
        const int subjects = 25, versions = 40;
        var organisation = await service.Organisation("university");
        var events = Enumerable.Range(1, versions).SelectMany(v => Enumerable.Range(0, subjects).Select(s => Facts.Of<DriveClosed>($"subject-{s}", v, ("OrganiserId", organisation), ("DriveId", Guid.Empty)))).ToList();
        await service.Deliver(Facts.Of<DriveScheduled>("drive", 1, ("DriveId", Guid.Empty), ("OrganiserId", organisation)));
        foreach (var replica in replicas) await replica.Deliver(Facts.Of<DriveScheduled>("drive", 2, ("DriveId", Guid.Empty), ("OrganiserId", organisation)));

        // As a broker delivers: in order, to as many as are free; a reader looks on.
        using var done = new CancellationTokenSource();
        var watching = Watch(service, done.Token);
        ServiceUnderTest[] all = [service, .. replicas];
        await Parallel.ForEachAsync(events.Select((e, i) => (e, i)), new ParallelOptions { MaxDegreeOfParallelism = 20 }, async (x, _) => await all[x.i % 3].Deliver(x.e));
        await AllPlaced(service, events.Count + 4);
        await done.CancelAsync();
        await watching;

        var placed = await Read(service);
        Assert.Equal(Enumerable.Range(1, events.Count + 4).Select(i => (long)i), placed.Select(p => p.Sequence));
        foreach (var subject in placed.GroupBy(p => p.Subject)) Assert.Equal(subject.Select(p => p.Version).Order(), subject.Select(p => p.Version));
        Assert.Equal(events.Count + 4, await service.Database.Scalar<long>("select last from partner.feed_head"));
        foreach (var replica in replicas) await replica.App.StopAsync();
    }

    /// <summary>No reader ever sees a hole below what it was told is complete.</summary>
    private static async Task Watch(ServiceUnderTest service, CancellationToken until)
    {
        using var admin = service.Admin();
        var (after, seen) = (0L, 0L);
        while (!until.IsCancellationRequested)
        {
            var page = await admin.Get($"/v1/events?after={after}&limit=1000");
            foreach (var item in page["items"].EnumerateArray()) Assert.Equal(++seen, item.GetProperty("sequence").GetInt64());
            after = page["through"].GetInt64();
            Assert.Equal(seen, after);
        }
    }

    [Fact]
    public async Task Two_sequencers_at_once_place_every_row_once()
    {
        await using var service = await Quiet();
        var rows = Enumerable.Range(1, 500).Select(i => Facts.Of<CreditGranted>($"donor-{i % 50}", i, ("DonorId", Guid.Empty))).ToArray();
        await service.Deliver(rows);
        var sequencer = service.App.Services.GetRequiredService<Sequencer>();
        var counts = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => sequencer.Place(TimeSpan.Zero, TimeSpan.Zero, CancellationToken.None)));
        Assert.Equal(500, counts.Sum());
        Assert.Equal(Enumerable.Range(1, 500).Select(i => (long)i), (await Read(service)).Select(p => p.Sequence));
    }

    /// <summary>Transactions of other tests on the same server hold the snapshot back too, for as long as they last.</summary>
    private static async Task Places(Sequencer sequencer, int rows, TimeSpan patience)
    {
        var placed = 0;
        await Eventually.That(async () => (placed += await sequencer.Place(TimeSpan.Zero, patience, CancellationToken.None)) == rows);
    }

    [Fact]
    public async Task A_row_waits_for_an_earlier_one_that_is_still_being_written()
    {
        await using var service = await Quiet();
        var sequencer = service.App.Services.GetRequiredService<Sequencer>();
        await using var slow = new NpgsqlConnection(service.Database.Superuser);
        await slow.OpenAsync();
        await using var writing = await slow.BeginTransactionAsync();
        await using (var first = new NpgsqlCommand("insert into partner.feed (event_id, source, type, subject, version, occurred_at, data) values ('018f0000-0000-7000-8000-000000000001', 'recognition', 't', 'donor-1', 1, now(), '{}')", slow)) await first.ExecuteNonQueryAsync();
        await service.Deliver(Facts.Of<HonourEarned>("donor-1", 2, ("DonorId", Guid.Empty)));
        await service.Database.Execute("insert into partner.donor (id, version, apps) values ('00000000-0000-0000-0000-000000000000', 1, '{}')");

        Assert.Equal(0, await sequencer.Place(TimeSpan.Zero, TimeSpan.FromMinutes(1), CancellationToken.None));
        await writing.CommitAsync();
        await Places(sequencer, 2, TimeSpan.FromMinutes(1));
        Assert.Equal([1L, 2L], (await Read(service)).Select(p => p.Version));
    }

    [Fact]
    public async Task A_row_waits_until_it_is_known_whose_it_is_but_not_for_ever_and_holds_only_its_own_subject()
    {
        await using var service = await Quiet();
        var sequencer = service.App.Services.GetRequiredService<Sequencer>();
        var (donor, patient) = (Some.Id(), TimeSpan.FromMinutes(1));
        await service.Deliver(Facts.Of<CreditGranted>("a", 1, ("DonorId", donor)), Facts.Of<CreditGranted>("a", 2, ("DonorId", Guid.Empty)), Facts.Of<DriveClosed>("b", 1, ("DriveId", Guid.Empty), ("OrganiserId", Guid.Empty)));
        await service.Database.Execute("""
            insert into partner.donor (id, version, apps) values ('00000000-0000-0000-0000-000000000000', 1, '{}');
            insert into partner.drive (id, version, organiser_id, district) values ('00000000-0000-0000-0000-000000000000', 1, '00000000-0000-0000-0000-000000000000', '440703');
            insert into partner.organisation (id, version, kind, district, path, status) values ('00000000-0000-0000-0000-000000000000', 1, 'university', '440703', '{00000000-0000-0000-0000-000000000000}', 'active')
            """);
        await Places(sequencer, 1, patient);
        Assert.Equal(["b"], (await Read(service)).Select(p => p.Subject));

        await service.Deliver(Facts.Of<Contracts.Donor.DonorRegistered>(donor.ToString(), 1, ("DonorId", donor)));
        await Places(sequencer, 3, patient);

        await service.Deliver(Facts.Of<CreditGranted>("a", 3, ("DonorId", Some.Id())));
        Assert.Equal(0, await sequencer.Place(TimeSpan.Zero, patient, CancellationToken.None));
        Assert.Equal(1, await sequencer.Place(TimeSpan.Zero, TimeSpan.Zero, CancellationToken.None));
    }

    [Fact]
    public async Task Rows_that_came_in_disorder_are_placed_by_version()
    {
        await using var service = await Quiet();
        foreach (var version in new[] { 3, 1, 4, 2 }) await service.Deliver(Facts.Of<CreditGranted>("donor-1", version, ("DonorId", Guid.Empty)));
        Assert.Equal(4, await service.App.Services.GetRequiredService<Sequencer>().Place(TimeSpan.Zero, TimeSpan.Zero, CancellationToken.None));
        Assert.Equal([1L, 2L, 3L, 4L], (await Read(service)).Select(p => p.Version));
    }

    /// <summary>Statistics are mostly taken while nothing waits. A plan that believes them must not compare each waiting row with each.</summary>
    [Fact]
    public async Task What_waits_is_read_once_though_the_statistics_say_that_nothing_waits()
    {
        await using var service = await Quiet();
        const string row = "insert into partner.feed (sequence, event_id, source, type, subject, version, occurred_at, data) select {0}, gen_random_uuid(), 'recognition', 't', 'donor-' || i % 500, i, now(), '{{}}' from generate_series(1, {1}) i";
        await service.Database.Execute(string.Format(null, row, "i", 3000) + "; update partner.feed_head set last = 3000");
        await service.Database.Execute("vacuum analyze partner.feed");
        await service.Database.Execute(string.Format(null, row, "null", 2000));
        var sequencer = service.App.Services.GetRequiredService<Sequencer>();
        Assert.Equal(2000, await sequencer.Place(TimeSpan.Zero, TimeSpan.Zero, CancellationToken.None));

        // A server process tells what it has read once a second at most, and only when it ends a transaction.
        long read = 0;
        await Eventually.That(async () =>
        {
            await sequencer.Place(TimeSpan.Zero, TimeSpan.Zero, CancellationToken.None);
            return (read = await service.Database.Scalar<long>("select sum(idx_tup_read)::bigint from pg_stat_user_indexes where indexrelname like 'feed_waiting%'")) >= 2000;
        });
        Assert.InRange(read, 2000, 20_000);
    }

    /// <summary>A service whose own sequencer is stopped, so that the test is the only one that places.</summary>
    private static async Task<ServiceUnderTest> Quiet()
    {
        var service = await ServiceUnderTest.Start("partner", Program.Create);
        await service.App.Services.GetRequiredService<Sequencer>().StopAsync(CancellationToken.None);
        return service;
    }
}
