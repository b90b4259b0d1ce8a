using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Inventory;

namespace BloodPlatform.Donors.Tests.Features;

/// <summary>Inventory opens and closes look-backs; here one is what lets a station read an identity, and nothing else does where it is restricted.</summary>
[Collection("years ahead")] // a sweep of years ahead takes every restricted person with it
public sealed class LookbackTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private static LookbackOpened Opened(SomeStation station, Guid donor, Guid? id = null) => (id ?? Some.Id()) is var lookback ? new()
    {
        Key = lookback.ToString(), Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), StationId = station.Id, LookbackId = lookback, DonorId = donor, Din = "A999926000001",
    } : null!;

    private static LookbackClosed Closed(LookbackOpened e) => new() { Key = e.Key, Version = 2, OccurredAt = e.OccurredAt.AddMinutes(1), StationId = e.StationId, LookbackId = e.LookbackId, DonorId = e.DonorId, Din = e.Din };

    private static Task<Answer> Read(HttpClient by, Guid donor, Guid? lookbackId, string purpose = "look-back") => by.Post($"/v1/donors/{donor}/full-reads", new { purpose, reason = "受血者阳性", lookbackId });

    private async Task<Guid> Restricted(SomeStation station)
    {
        var donor = await station.Donor();
        await station.VisitAt("completed", donor);
        Assert.Equal("restricted", (await station.Client.Post($"/v1/donors/{donor}/erasure")).Text("outcome"));
        return donor;
    }

    /// <summary>Reads and their audit of a person; none of a refused one.</summary>
    private Task<long> Traces(Guid donor) => service.Database.Scalar<long>("select (select count(*) from donor.full_read where donor_id = @donor) + (select count(*) from donor.audit where action = 'donor.full-read' and resource = @r)", new { donor, r = $"donors/{donor}" });

    [Fact]
    public async Task A_restricted_identity_is_read_only_by_quality_within_an_open_look_back_of_that_person_and_station()
    {
        var (station, elsewhere) = (new SomeStation(service), new SomeStation(service));
        var (donor, another) = (await Restricted(station), await Restricted(station));
        var (his, anothers, foreign, closed) = (Opened(station, donor), Opened(station, another), Opened(elsewhere, donor), Opened(station, donor));
        await service.Deliver(his, anothers, foreign, closed, Closed(closed));

        async Task Refused(Answer answer, int status, string code)
        {
            Assert.Equal((status, code), (answer.Status, answer.Code));
            foreach (var hidden in new[] { "甲测试", "1990-01-01" }) Assert.DoesNotContain(hidden, answer.ToString(), StringComparison.Ordinal);
            Assert.Equal(0, await Traces(donor));
        }
        foreach (var purpose in new[] { "look-back", "care", "authority-request" })
        {
            await Refused(await Read(station.Quality, donor, null, purpose), 409, "donor_not_active");
            await Refused(await Read(station.Quality, donor, Guid.Parse("5f0c1d5e-0000-4000-8000-000000000001"), purpose), 422, "lookback_unknown");
            await Refused(await Read(station.Quality, donor, Some.OldId(), purpose), 422, "lookback_unknown");
            await Refused(await Read(station.Quality, donor, foreign.LookbackId, purpose), 422, "lookback_unknown");
            await Refused(await Read(station.Quality, donor, anothers.LookbackId, purpose), 422, "lookback_of_another_donor");
            await Refused(await Read(station.Quality, donor, closed.LookbackId, purpose), 409, "lookback_closed");
            await Refused(await Read(station.Physician, donor, his.LookbackId, purpose), 403, "staff_function_required");
            await Refused(await Read(elsewhere.Quality, donor, his.LookbackId, purpose), 422, "lookback_unknown");
        }
        Assert.Equal("donor_not_active", (await station.Quality.Post($"/v1/donors/{donor}/export")).Code);

        var read = await Read(station.Quality, donor, his.LookbackId);
        Assert.Equal((200, "甲测试", "", his.LookbackId), (read.Status, read.Text("name"), read.Text("phone"), read["lookbackId"].GetGuid())); // what could reach him is gone
        Assert.Equal(200, (await Read(elsewhere.Quality, donor, foreign.LookbackId)).Status);
        Assert.Equal(4, await Traces(donor));
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from donor.audit where resource = @r and detail->>'lookback' = @l", new { r = $"donors/{donor}", l = his.LookbackId.ToString() }));
        await service.Deliver(Closed(his));
        Assert.Equal("lookback_closed", (await Read(station.Quality, donor, his.LookbackId)).Code);
    }

    [Fact]
    public async Task Who_reads_for_a_look_back_names_it_whoever_the_donor_is_and_one_that_is_named_is_checked_for_every_purpose()
    {
        var station = new SomeStation(service);
        var (donor, another) = (await station.Donor(), await station.Donor());
        var (his, anothers) = (Opened(station, donor), Opened(station, another));
        await service.Deliver(his, anothers);
        var none = await Read(station.Physician, donor, null);
        Assert.Equal((422, "lookback_required", "/lookbackId"), (none.Status, none.Code, Assert.Single(none["errors"].EnumerateArray()).GetProperty("pointer").GetString()));
        Assert.Equal((422, "lookback_of_another_donor"), (await Read(station.Physician, donor, anothers.LookbackId, "care")) is var no ? (no.Status, no.Code) : default);
        Assert.Equal(0, await Traces(donor));
        Assert.Equal(200, (await Read(station.Physician, donor, his.LookbackId)).Status);
        Assert.Equal(200, (await Read(station.Physician, donor, his.LookbackId, "notify-result")).Status);
        Assert.Equal(200, (await Read(station.Physician, donor, null, "care")).Status);
        Assert.Equal(6, await Traces(donor));
    }

    [Fact]
    public async Task A_case_that_is_on_its_way_is_waited_for_and_opens_nothing_until_it_is_here()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        var opened = Opened(station, donor);
        var early = await Read(station.Quality, donor, opened.LookbackId);
        Assert.Equal((409, "not_yet_visible"), (early.Status, early.Code));
        Assert.Equal(TimeSpan.FromSeconds(1), early.Response.Headers.RetryAfter?.Delta);
        Assert.Equal(0, await Traces(donor));

        var waiting = Read(station.Quality, donor, opened.LookbackId);
        await service.Deliver(opened);
        Assert.Equal(200, (await waiting).Status);
    }

    [Fact]
    public async Task Opening_and_closing_end_alike_in_any_order_and_however_often()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        foreach (var order in new[] { "oc", "co", "ooc", "coc", "cco", "ococ", "o", "oo", "c" })
        {
            var opened = Opened(station, donor);
            foreach (var step in order) await service.Deliver(step == 'o' ? opened with { EventId = Some.Id() } : Closed(opened) with { EventId = Some.Id() });
            var rows = await service.Database.Scalar<string>("select string_agg(concat_ws(' ', donor_id, station_id, opened_at = @at, closed_at = @until), ',') from donor.lookback where id = @id",
                new { id = opened.LookbackId, at = Micros(opened.OccurredAt), until = Micros(Closed(opened).OccurredAt) });
            Assert.Equal($"{donor} {station.Id}{(order.Contains('o', StringComparison.Ordinal) ? " t" : "")}{(order.Contains('c', StringComparison.Ordinal) ? " t" : "")}", rows);
            var read = await Read(station.Quality, donor, opened.LookbackId);
            Assert.Equal(order.Contains('c', StringComparison.Ordinal) ? order == "c" ? "not_yet_visible" : "lookback_closed" : null, read.Code);
        }
        static DateTimeOffset Micros(DateTimeOffset at) => at.AddTicks(-(at.Ticks % TimeSpan.TicksPerMicrosecond));
    }

    [Fact]
    public async Task A_case_of_one_id_reads_the_person_under_all_of_them_and_no_longer_when_the_merge_is_undone()
    {
        var station = new SomeStation(service);
        var (survivor, absorbed) = (await station.Donor(), await station.Donor());
        var merge = await station.Registrar.Post("/v1/donor-merges", new { survivor, absorbed, reason = "同一人" });
        Assert.Equal(201, merge.Status);
        var opened = Opened(station, absorbed);
        await service.Deliver(opened);
        Assert.Equal((200, 200), ((await Read(station.Quality, survivor, opened.LookbackId)).Status, (await Read(station.Quality, absorbed, opened.LookbackId)).Status));
        Assert.Equal(200, (await station.Registrar.Post($"/v1/donor-merges/{merge.Id}/undo", new { reason = "误合并" })).Status);
        Assert.Equal(("lookback_of_another_donor", 200), ((await Read(station.Quality, survivor, opened.LookbackId)).Code, (await Read(station.Quality, absorbed, opened.LookbackId)).Status));
    }

    [Fact]
    public async Task A_read_beside_its_closing_was_before_it_or_is_refused()
    {
        var station = new SomeStation(service);
        var donor = await station.Donor();
        for (var round = 0; round < 5; round++)
        {
            var opened = Opened(station, donor);
            await service.Deliver(opened);
            var before = await Traces(donor);
            var reading = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Read(station.Quality, donor, opened.LookbackId)));
            await service.Deliver(Closed(opened));
            var reads = await reading;
            Assert.All(reads, r => Assert.True(r.Status == 200 || r.Code == "lookback_closed", r.ToString()));
            Assert.Equal(2 * reads.Count(r => r.Status == 200), await Traces(donor) - before);
            Assert.Equal("lookback_closed", (await Read(station.Quality, donor, opened.LookbackId)).Code);
        }
    }
}
