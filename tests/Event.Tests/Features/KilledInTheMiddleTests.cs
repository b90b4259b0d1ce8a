using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using Dapper;
using Npgsql;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>Two replicas on a database of their own: what is killed is only these tests'.</summary>
public sealed class TwoReplicas : IAsyncLifetime
{
    private const int Lock = 77;
    private ServiceUnderTest second = null!;

    public EventService Events { get; } = new();

    public TestDatabase Database => Events.Service.Database;

    public async ValueTask InitializeAsync()
    {
        await Events.InitializeAsync();
        second = await ServiceUnderTest.Start("event", Program.Create, null, Database, Events.Service.Tokens, null, false);
    }

    public async ValueTask DisposeAsync()
    {
        await second.Stop();
        await Events.DisposeAsync();
    }

    /// <summary>
    /// Lets work begin, holds the transaction that is about to insert a row for which the condition is true, kills the connections of
    /// whatever is running then in both replicas, and looks at what is committed. After that everybody may go on.
    /// </summary>
    public async Task Kill(string table, string when, Func<Task> begin, Func<Task> committed)
    {
        await Database.Execute($"create function event.hold() returns trigger language plpgsql as 'begin if {when.Replace("'", "''", StringComparison.Ordinal)} then perform pg_advisory_xact_lock_shared({Lock}); end if; return new; end'; create trigger hold before insert on {table} for each row execute function event.hold()");
        await using (var holder = new NpgsqlConnection(Database.Superuser))
        {
            await holder.OpenAsync();
            await holder.ExecuteAsync($"select pg_advisory_lock({Lock})");
            await begin();
            await Eventually.That(() => Database.Scalar<bool>($"select exists (select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database()) and objid = {Lock} and not granted)"), 30);
            Assert.True(await Database.Scalar<long>("select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and usename = 'event' and state <> 'idle'") > 0);
            await committed();
            await holder.ExecuteAsync($"select pg_advisory_unlock({Lock})");
        }
        await Database.Execute($"drop trigger hold on {table}; drop function event.hold()");
    }
}

public sealed class KilledInTheMiddleTests(TwoReplicas replicas) : IClassFixture<TwoReplicas>
{
    private readonly EventService events = replicas.Events;
    private readonly TestDatabase database = replicas.Database;

    [Fact]
    public async Task Whoever_lost_his_place_is_told_once_though_the_teller_is_killed_in_the_middle_of_a_step()
    {
        const int Booked = 120, AtOnce = 50;
        var (station, ten) = (Some.Id(), EventService.Morning(20));
        var drive = await events.OpenDrive(station, ten, capacity: 200);
        var donors = Enumerable.Range(0, Booked).Select(_ => Some.Id()).ToArray();
        await database.Execute("""
            insert into event.appointment (id, version, drive_id, slot_starts_at, donor_id, procedure, channel, status, backfilled, booked_at, created_at)
            select gen_random_uuid(), 1, @drive, @ten, d, 'whole-blood', 'wechat', 'booked', false, now(), now() from unnest(@donors) d;
            update event.slot set booked = @Booked where drive_id = @drive and starts_at = @ten
            """, new { drive, ten, donors, Booked });
        const string Said = "new.type like '%NoticeRequested' and (select count(*) from event.outbox where type = new.type and payload::text like '%drive-cancelled%') >= 70";
        Task<long> Done() => database.Scalar<long>("select coalesce(sum(done), 0)::bigint from event.job where kind = 'tell-cancelled'");
        await replicas.Kill("event.outbox", Said,
            async () => Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/cancel", new { reasonCode = "typhoon" })).Status),
            async () => Assert.Equal((AtOnce, AtOnce), (await Done(), (await Notices("drive-cancelled")).Count)));
        await Eventually.That(() => database.Scalar<bool>("select bool_and(state = 'succeeded') from event.job where kind = 'tell-cancelled'"), 60);
        Assert.Equal(Booked, await Done());
        Assert.Equal(donors.Order(), (await Notices("drive-cancelled")).Select(n => n.DonorId).Order());
    }

    [Fact]
    public async Task Freed_places_are_offered_once_in_turn_though_the_offerer_is_killed_in_the_middle_of_an_offer()
    {
        var (station, ten) = (Some.Id(), EventService.Morning(9));
        var drive = await events.Draft(station, ten, capacity: 3, hours: 1);
        await events.Steps(station, drive, null, "submit", "approve", "open");
        var http = events.Station(station);
        var bookings = new Guid[3];
        for (var i = 0; i < bookings.Length; i++) bookings[i] = (await http.Post("/v1/appointments", EventService.BookingBody(drive, ten, await events.Donor()))).Id;
        var waiting = new Guid[5];
        for (var i = 0; i < waiting.Length; i++)
        {
            waiting[i] = await events.Donor();
            Assert.Equal(201, (await http.Post($"/v1/drives/{drive}/waitlist", new { donorId = waiting[i], channel = "wechat" })).Status);
        }
        Task<string> Places() => database.Scalar<string>("select (select booked || '/' || held from event.slot where drive_id = @drive) || ' ' || (select count(*) filter (where status = 'offered') || '/' || count(*) filter (where status = 'waiting') from event.waiting where drive_id = @drive)", new { drive });
        // The second offer's notice is held: its place and its entry are already written, not committed.
        await replicas.Kill("event.outbox", "new.type like '%NoticeRequested' and new.payload::text like '%place-offered%' and (select count(*) from event.outbox where type = new.type and payload::text like '%place-offered%') >= 1",
            async () => { foreach (var booking in bookings) Assert.Equal(200, (await http.Post($"/v1/appointments/{booking}/cancel")).Status); },
            async () =>
            {
                await Eventually.That(async () => await Places() == "0/1 1/4");
                Assert.Equal([waiting[0]], (await Notices("place-offered")).Select(n => n.DonorId));
            });
        await Eventually.That(async () => await Places() == "0/3 3/2", 30);
        Assert.Equal(waiting[..3], (await Notices("place-offered")).Select(n => n.DonorId));
    }

    [Fact]
    public async Task A_series_is_planned_whole_and_once_though_the_planner_is_killed_in_the_middle_of_it()
    {
        var organisation = await events.Organisation();
        var series = new Guid[2];
        for (var i = 0; i < series.Length; i++)
        {
            var body = EventService.DriveBody(organisation, EventService.Morning(1), kind: "organisation");
            body.Remove("backfillReason");
            (body["rrule"], body["horizonDays"], body["exclusionCalendarIds"]) = ("FREQ=DAILY;COUNT=90", 10, Array.Empty<Guid>());
            var made = await events.Station(Some.Id()).Post("/v1/drive-series", body);
            Assert.True(made.Status == 201, made.ToString());
            series[i] = made.Id;
        }
        Task<List<string>> Planned() => database.Query<string>("select count(*) || ' ' || count(distinct d.series_day) || ' ' || s.version from event.drive_series s join event.drive d on d.series_id = s.id where s.id = any(@series) group by s.id", new { series });
        await replicas.Kill("event.drive", "new.series_id is not null and (select count(*) from event.drive where series_id = new.series_id) >= 25",
            () => database.Execute("update event.drive_series set horizon_days = 40 where id = any(@series)", new { series }), // as if thirty days had gone by
            async () => Assert.Equal(["10 10 1", "10 10 1"], await Planned()));
        await Eventually.That(async () => (await Planned()).TrueForAll(p => p.StartsWith("40 ", StringComparison.Ordinal)), 30);
        await Eventually.That(() => database.Scalar<bool>("select not exists (select from pg_stat_activity where datname = current_database() and usename = 'event' and state <> 'idle' and wait_event_type = 'Lock')"));
        Assert.Equal(["40 40 2", "40 40 2"], await Planned());
        Assert.Equal(["30", "30"], await database.Query<string>("select detail ->> 'planned' from event.audit where action = 'drive-series.plan' and resource = any(@subjects)", new { subjects = series.Select(s => $"drive-series/{s}").ToArray() }));
    }

    private async Task<List<NoticeRequested>> Notices(string template) => [.. (await events.Service.Published<NoticeRequested>()).Where(n => n.TemplateCode == template)];
}
