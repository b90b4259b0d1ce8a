using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>
/// While an epidemic profile holds, a slot takes fewer than its drive planned. Profiles change every drive's places, so each test has days of its own that no
/// other test of this service books: 100 and more from today.
/// </summary>
[Collection(EventCollection.Name)]
public sealed class EpidemicProfileTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    private static DateOnly Day(int days) => Shanghai.DateOf(EventService.Now).AddDays(days);

    private Task Publish(string code, int position, int from, int to, int? donorsPerSlot, string? kind = "overlay") => service.Deliver(new RuleSetPublished
    {
        Key = code, Version = position, OccurredAt = EventService.Now, Code = code, RuleSetVersion = position.ToString(System.Globalization.CultureInfo.InvariantCulture), ValidFrom = Day(from), ValidTo = Day(to), Kind = kind, Intervals = [], DonorsPerSlot = donorsPerSlot,
    });

    private async Task<Answer> Book(Guid station, Guid drive, DateTimeOffset slot) => await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, slot, await events.Donor()), Some.Key());

    /// <summary>capacity, booked, available, bookable of each slot, as the public reads them.</summary>
    private async Task<string[]> Slots(Guid drive) => [.. (await service.Anonymous().Get($"/v1/drives/{drive}/slots"))["items"].EnumerateArray().Select(s => $"{s.GetProperty("capacity")} {s.GetProperty("booked")} {s.GetProperty("available")} {s.GetProperty("bookable")}")];

    [Fact]
    public async Task A_hundred_ask_at_once_while_the_profile_holds_and_as_many_as_it_allows_get_a_place()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station, EventService.Morning(100), capacity: 10);
        await Publish("cn-test-race", 11, 100, 100, 4);
        var donors = new List<Guid>();
        for (var i = 0; i < 100; i++) donors.Add(await events.Donor());
        var answers = await Task.WhenAll(donors.Select(d => events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(100), d), Some.Key())));
        Assert.Equal((4, 96), (answers.Count(a => a.Status == 201), answers.Count(a => a is { Status: 409, Code: "slot_full" })));
        Assert.Equal(4, await service.Database.Scalar<int>("select count(*)::int from event.appointment where drive_id = @drive", new { drive }));
        Assert.Equal(["4 4 0 False", "4 0 4 True", "4 0 4 True", "4 0 4 True"], await Slots(drive));
    }

    [Fact]
    public async Task Movers_into_a_limited_slot_never_overfill_it()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station, EventService.Morning(105), capacity: 10);
        var (ten, eleven) = (EventService.Morning(105), EventService.Morning(105).AddHours(1));
        var booked = new List<Guid>();
        for (var i = 0; i < 8; i++) booked.Add((await Book(station, drive, ten)).Id);
        await Publish("cn-test-moves", 12, 105, 105, 3);
        var answers = await Task.WhenAll(booked.Select(id => events.Station(station).Post($"/v1/appointments/{id}/move", new { slotStartsAt = eleven })));
        Assert.Equal((3, 5), (answers.Count(a => a.Status == 200), answers.Count(a => a is { Status: 409, Code: "slot_full" })));
        Assert.Equal(["3 5 0 False", "3 3 0 False", "3 0 3 True", "3 0 3 True"], await Slots(drive));
    }

    [Fact]
    public async Task Who_books_and_who_walks_in_at_once_share_what_the_profile_allows()
    {
        var station = Some.Id();
        var body = EventService.DriveBody(await events.Organisation(), EventService.Morning(107), capacity: 10);
        body["walkInPerSlot"] = 5;
        var drive = (await events.Quality(station).Post("/v1/drives", body)).Id;
        await events.Steps(station, drive, null, "submit", "approve", "open");
        await service.Database.Execute("update event.drive set status = 'started', started_at = now() where id = @drive", new { drive }); // walk-ins come on the day
        await Publish("cn-test-walk-ins", 13, 107, 107, 6);
        for (var i = 0; i < 5; i++) Assert.Equal(201, (await Book(station, drive, EventService.Morning(107))).Status);
        // Both have read that one place is left before either takes it.
        Guid[] donors = [await events.Donor(), await events.Donor()];
        await using var connection = new Npgsql.NpgsqlConnection(service.Database.Superuser);
        await connection.OpenAsync();
        await using var holding = await connection.BeginTransactionAsync();
        await using (var hold = new Npgsql.NpgsqlCommand("select 1 from event.slot where drive_id = @drive for update", connection, holding) { Parameters = { new("drive", drive) } }) await hold.ExecuteNonQueryAsync();
        Task<long> Waiting() => service.Database.Scalar<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
        var both = donors.Select((d, i) => events.Station(station).Post("/v1/appointments", new { driveId = drive, slotStartsAt = EventService.Morning(107), donorId = d, channel = "desk", walkIn = i == 1 }, Some.Key())).ToArray();
        await Eventually.That(async () => await Waiting() == 2);
        await holding.CommitAsync();
        var answers = await Task.WhenAll(both);
        Assert.Equal((1, 1), (answers.Count(a => a.Status == 201), answers.Count(a => a is { Status: 409, Code: "slot_full" })));
        Assert.Equal(6, await service.Database.Scalar<int>("select booked + walked_in from event.slot where drive_id = @drive and starts_at = @at", new { drive, at = EventService.Morning(107) }));
    }

    [Fact]
    public async Task What_was_promised_before_stays_and_the_ordinary_places_come_back_when_the_profile_is_lifted()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station, EventService.Morning(110), capacity: 3);
        var slot = EventService.Morning(110);
        var (first, second) = (await Book(station, drive, slot), await Book(station, drive, slot));
        Assert.Equal((201, 201), (first.Status, second.Status));
        await Publish("cn-test-lifted", 13, 108, 112, 1);
        Assert.Equal("1 2 0 False", (await Slots(drive))[0]);
        Assert.Equal("slot_full", (await Book(station, drive, slot)).Code);
        Assert.Equal("booked", (await events.Station(station).Get($"/v1/appointments/{second.Id}")).Text("status"));
        // One leaves, and still there is no place: one is what the profile allows.
        Assert.Equal(200, (await events.Station(station).Post($"/v1/appointments/{second.Id}/cancel")).Status);
        Assert.Equal(("1 1 0 False", "slot_full"), ((await Slots(drive))[0], (await Book(station, drive, slot)).Code));
        // Its next version is over before the drive.
        await Publish("cn-test-lifted", 14, 109, 109, 1);
        Assert.Equal("3 1 2 True", (await Slots(drive))[0]);
        Assert.Equal(201, (await Book(station, drive, slot)).Status);
        Assert.Equal(201, (await Book(station, drive, slot)).Status);
        Assert.Equal("slot_full", (await Book(station, drive, slot)).Code);
        // The version before it, once more and late, says nothing new.
        await Publish("cn-test-lifted", 13, 108, 112, 1);
        Assert.Equal("3 3 0 False", (await Slots(drive))[0]);
    }

    [Fact]
    public async Task The_profiles_first_and_last_day_are_those_of_Shanghai()
    {
        var station = Some.Id();
        await Publish("cn-test-edges", 15, 120, 121, 2, kind: null); // as an older release says it
        var places = new List<string>();
        foreach (var hours in new[] { -1, 0, 47, 48 })
            places.Add((await Slots(await events.OpenDrive(station, Shanghai.StartOf(Day(120)).AddHours(hours), capacity: 5)))[0]);
        Assert.Equal(["5 0 5 True", "2 0 2 True", "2 0 2 True", "5 0 5 True"], places);
    }

    [Fact]
    public async Task A_day_of_the_past_is_recorded_as_it_was()
    {
        var station = Some.Id();
        await Publish("cn-test-past", 16, -900, -900, 1);
        var day = Shanghai.StartOf(Day(-900)).AddHours(9);
        var drive = await events.PastDrive(station, day, capacity: 3);
        for (var i = 0; i < 3; i++) Assert.Equal(201, (await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(drive, day, await events.Donor(), backfillReason: "paper"))).Status);
        Assert.Equal("slot_full", (await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(drive, day, await events.Donor(), backfillReason: "paper"))).Code);
    }
}
