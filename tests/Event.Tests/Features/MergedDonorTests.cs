using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class MergedDonorTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);

    private static DonorsMerged Merged(Guid survivor, Guid absorbed, long version = 10) => new()
    {
        Key = survivor.ToString(), Version = version, OccurredAt = EventService.Now, MergeId = Some.Id(), Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = [new(absorbed, version)],
    };

    private static DonorsUnmerged Unmerged(Guid survivor, Guid absorbed, long version) => new()
    {
        Key = survivor.ToString(), Version = version, OccurredAt = EventService.Now, MergeId = Some.Id(), Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = [new(absorbed, version)],
    };

    private Task<Answer> Book(Guid app, Guid drive, int day, Guid donor, int hour = 0) => events.App(app).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(day).AddHours(hour), donor));

    /// <summary>Two donors of one app, of whom Donor has said what it says when it merges them.</summary>
    private async Task<(Guid App, Guid Survivor, Guid Absorbed)> OnePerson()
    {
        var app = Some.Id();
        var (survivor, absorbed) = (await events.Donor(app), await events.Donor(app));
        return (app, survivor, absorbed);
    }

    [Fact]
    public async Task Bookings_of_both_ids_stand_against_each_other_and_answers_name_the_person()
    {
        var station = Some.Id();
        var (app, survivor, absorbed) = await OnePerson();
        var (drive, soon, free) = (await events.OpenDrive(station), await events.OpenDrive(station, EventService.Morning(40)), await events.OpenDrive(station, EventService.Morning(400)));
        var booked = await Book(app, drive, 7, absorbed);
        await service.Deliver(Merged(survivor, absorbed));
        foreach (var id in new[] { survivor, absorbed })
        {
            Assert.Equal((409, "already_booked"), Code(await Book(app, drive, 7, id, hour: 1)));
            Assert.Equal((409, "already_booked"), Code(await Book(app, soon, 40, id)));
            Assert.Equal(booked.Id, Assert.Single((await events.App(app).Get($"/v1/appointments?donorId={id}"))["items"].EnumerateArray()).GetProperty("id").GetGuid());
        }
        Assert.Equal(survivor, (await events.Station(station).Get($"/v1/appointments/{booked.Id}"))["donorId"].GetGuid());
        var later = await Book(app, free, 400, absorbed);
        Assert.Equal((201, survivor), (later.Status, later["donorId"].GetGuid()));
        // A visit of either id is at the booking of the other.
        await service.Deliver(EventService.VisitOpened(Some.Id(), survivor, drive));
        Assert.Equal("arrived", (await events.Station(station).Get($"/v1/appointments/{booked.Id}")).Text("status"));

        await service.Deliver(Unmerged(survivor, absorbed, 20));
        Assert.Equal(absorbed, (await events.Station(station).Get($"/v1/appointments/{booked.Id}"))["donorId"].GetGuid());
        Assert.Equal(201, (await Book(app, soon, 40, survivor)).Status);
    }

    [Fact]
    public async Task The_dates_of_the_person_decide_for_either_id()
    {
        var (app, survivor, absorbed) = await OnePerson();
        var drive = await events.OpenDrive(Some.Id());
        await service.Deliver(Merged(survivor, absorbed), EventService.Eligible(survivor, 12, new DateWindow(new(2008, 1, 1), new(2009, 1, 1))), EventService.Registered(absorbed, 11, "merged", app));
        foreach (var id in new[] { survivor, absorbed }) Assert.Equal((422, "not_eligible"), Code(await Book(app, drive, 7, id)));
        await service.Deliver(EventService.Eligible(survivor, 13));
        Assert.Equal(201, (await Book(app, drive, 7, absorbed)).Status);
    }

    [Fact]
    public async Task Of_two_bookings_that_the_merge_finds_the_later_one_gives_its_place_back_once()
    {
        var station = Some.Id();
        var (app, survivor, absorbed) = await OnePerson();
        var (drive, soon, far) = (await events.OpenDrive(station, capacity: 1), await events.OpenDrive(station, EventService.Morning(40)), await events.OpenDrive(station, EventService.Morning(400)));
        var first = await Book(app, drive, 7, absorbed);
        var (same, close, free) = (await Book(app, drive, 7, survivor, hour: 1), await Book(app, soon, 40, survivor), await Book(app, far, 400, survivor));
        Assert.Equal((201, 409, 201), (same.Status, close.Status, free.Status));
        var merged = Merged(survivor, absorbed) with { EventId = Some.Id() };
        await service.Deliver(merged, merged, merged with { EventId = Some.Id() });
        Assert.Equal(["booked", "cancelled", "booked"], await Task.WhenAll(new[] { first, same, free }.Select(async b => (await events.App(app).Get($"/v1/appointments/{b.Id}")).Text("status")!)));
        var told = Assert.Single(await service.Published<AppointmentCancelled>(), e => e.AppointmentId == same.Id);
        Assert.Equal(("duplicate-booking", survivor), (told.ReasonCode, told.DonorId));
        Assert.Equal("duplicate-booking", (await events.App(app).Get($"/v1/appointments/{same.Id}")).Text("reasonCode"));
        Assert.Equal([1, 0], (await service.Anonymous().Get($"/v1/drives/{drive}/slots"))["items"].EnumerateArray().Take(2).Select(s => s.GetProperty("booked").GetInt32()));
    }

    [Fact]
    public async Task Bookings_made_for_both_ids_while_the_merge_arrives_leave_one()
    {
        var station = Some.Id();
        var (app, survivor, absorbed) = await OnePerson();
        var drive = await events.OpenDrive(station);
        await Task.WhenAll([.. Enumerable.Range(0, 4).Select(i => (Task)Book(app, drive, 7, i % 2 == 0 ? survivor : absorbed, hour: i)), service.Deliver(Merged(survivor, absorbed))]);
        Assert.Equal(1, await service.Database.Scalar<int>("select count(*) from event.appointment where donor_id in (@survivor, @absorbed) and status = 'booked'", new { survivor, absorbed }));
        Assert.Equal(1, await service.Database.Scalar<int>("select sum(booked) from event.slot where drive_id = @drive", new { drive }));
    }
}
