using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class NoLongerBookableTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    private static DateOnly Day(int days) => Shanghai.DateOf(EventService.Morning(days));

    private async Task<(Guid Station, Guid Drive, Guid Donor, Guid Booking)> Booked(int days = 7, int capacity = 10)
    {
        var (station, donor) = (Some.Id(), await events.Donor());
        var drive = await events.OpenDrive(station, EventService.Morning(days), capacity);
        return (station, drive, donor, (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(days), donor))).Id);
    }

    private async Task<(string? Status, string? Reason)> Now(Guid booking) => (
        await service.Database.Scalar<string?>("select status from event.appointment where id = @booking", new { booking }), await service.Database.Scalar<string?>("select reason_code from event.appointment where id = @booking", new { booking }));

    [Fact]
    public async Task A_booking_that_other_dates_close_goes_its_place_is_free_and_the_donor_is_told_no_reason()
    {
        var (station, drive, donor, booking) = await Booked(capacity: 1);
        await service.Deliver(EventService.Eligible(donor, 3, new DateWindow(Day(0), Day(7)))); // still open on the day
        Assert.Equal(("booked", null), await Now(booking));
        await service.Deliver(EventService.Eligible(donor, 4, new DateWindow(Day(8), null)), EventService.Eligible(donor, 4, new DateWindow(Day(8), null)));
        Assert.Equal(("cancelled", "no_longer_bookable"), await Now(booking));
        Assert.Equal("no_longer_bookable", Assert.Single(await service.Published<AppointmentCancelled>(), e => e.AppointmentId == booking).ReasonCode);
        var notice = Assert.Single(await service.Published<NoticeRequested>(), e => e.DonorId == donor);
        Assert.Equal(("booking", "no-longer-bookable", booking, drive), (notice.Purpose, notice.TemplateCode, notice.References.AppointmentId, notice.References.DriveId));
        Assert.Equal(201, (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), await events.Donor()))).Status);
    }

    [Fact]
    public async Task Older_dates_that_come_later_close_nothing_and_closed_ones_stay_closed()
    {
        var (_, _, donor, booking) = await Booked();
        await service.Deliver(EventService.Eligible(donor, 9), EventService.Eligible(donor, 5, new DateWindow(Day(8), null)));
        Assert.Equal(("booked", null), await Now(booking));
        Assert.DoesNotContain(await service.Published<NoticeRequested>(), e => e.DonorId == donor);
    }

    [Fact]
    public async Task A_restricted_donor_loses_his_place_and_one_who_is_merged_waits_for_the_merge()
    {
        var (_, _, restricted, lost) = await Booked();
        await service.Deliver(EventService.Registered(restricted, 3, "restricted"));
        Assert.Equal(("cancelled", "no_longer_bookable"), await Now(lost));

        var (_, _, absorbed, kept) = await Booked();
        var survivor = await events.Donor();
        await service.Deliver(EventService.Registered(absorbed, 3, "merged"));
        Assert.Equal("booked", (await Now(kept)).Status);
        await service.Deliver(new DonorsMerged { Key = survivor.ToString(), Version = 10, OccurredAt = EventService.Now, MergeId = Some.Id(), Survivor = survivor, Absorbed = absorbed, Dins = [], Donors = [new(absorbed, 10)] });
        Assert.Equal("booked", (await Now(kept)).Status);
        Assert.Equal(survivor, await service.Database.Scalar<Guid>("select distinct person_id from event.booking_block where appointment_id = @kept", new { kept }));
        await service.Deliver(EventService.Eligible(survivor, 11, new DateWindow(Day(8), null)));
        Assert.Equal(("cancelled", "no_longer_bookable"), await Now(kept));
    }

    [Fact]
    public async Task Whoever_has_come_is_the_desks()
    {
        var (_, drive, donor, booking) = await Booked();
        await service.Deliver(EventService.VisitOpened(Some.Id(), donor, drive, booking), EventService.Eligible(donor, 4, new DateWindow(Day(8), null)));
        Assert.Equal("arrived", (await Now(booking)).Status);

        var station = Some.Id();
        // Five hours ahead: on some hours of the clock that is tomorrow, and at 23:00 too somebody may have come early.
        var running = await events.OpenDrive(station, EventService.Now.AddHours(5));
        var early = await events.Donor();
        var slot = (await events.Station(station).Get($"/v1/drives/{running}/slots"))["items"][0].GetProperty("startsAt").GetDateTimeOffset();
        var soon = (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(running, slot, early))).Id;
        await service.Database.Execute("update event.drive set status = 'started' where id = @running", new { running });
        var deferred = EventService.Eligible(early, 4, new DateWindow(Day(30), null));
        await service.Deliver(deferred); // before the news of the visit at which he was deferred
        Assert.Equal("booked", (await Now(soon)).Status);
        await service.Database.Execute("update event.drive set status = 'open' where id = @running", new { running }); // not yet running: nobody has come
        await service.Deliver(EventService.Eligible(early, 5, new DateWindow(Day(30), null)));
        Assert.Equal(("cancelled", "no_longer_bookable"), await Now(soon));
    }

    [Fact]
    public async Task Other_rules_take_the_later_of_two_bookings_that_they_put_too_close()
    {
        const string rules = "rules-that-change";
        RuleSetPublished Published(string version, long number, int months, DateOnly from) => new()
        {
            Key = rules, Version = number, OccurredAt = EventService.Now, Code = rules, RuleSetVersion = version, ValidFrom = from, Intervals = [new("whole-blood", "whole-blood", months, 0)],
        };
        await service.Deliver(Published("1", 1, 3, new(1998, 10, 1)));
        var (station, donor) = (Some.Id(), Some.Id());
        await service.Deliver(EventService.Registered(donor), EventService.Eligible(donor) with { RuleSet = rules });
        var (near, far) = (await events.OpenDrive(station, EventService.Morning(10)), await events.OpenDrive(station, EventService.Morning(140)));
        var second = await events.Station(station).Post("/v1/appointments", EventService.BookingBody(far, EventService.Morning(140), donor));
        var first = await events.Station(station).Post("/v1/appointments", EventService.BookingBody(near, EventService.Morning(10), donor));
        Assert.Equal((201, 201), (second.Status, first.Status));
        await service.Deliver(Published("2", 2, 6, Day(60)));
        await Eventually.That(async () => (await Now(first.Id)).Status == "cancelled"); // booked later, though it is the earlier day
        Assert.Equal(("booked", null), await Now(second.Id));
    }

    [Fact]
    public async Task The_database_itself_refuses_two_bookings_that_the_interval_forbids()
    {
        var (station, donor) = (Some.Id(), await events.Donor());
        var (one, two) = (await events.OpenDrive(station), await events.OpenDrive(station, EventService.Morning(180)));
        var http = events.Station(station);
        var first = await http.Post("/v1/appointments", EventService.BookingBody(one, EventService.Morning(7), donor));
        var other = await http.Post("/v1/appointments", EventService.BookingBody(two, EventService.Morning(180), await events.Donor()));
        Assert.Equal((201, 201), (first.Status, other.Status));
        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => service.Database.Execute("update event.booking_block set person_id = @donor where appointment_id = @id", new { donor, id = other.Id }));
        Assert.Equal("booking_interval_kept", refused.ConstraintName);
        Assert.Equal(200, (await http.Post($"/v1/appointments/{first.Id}/cancel")).Status);
        await service.Database.Execute("update event.booking_block set person_id = @donor where appointment_id = @id", new { donor, id = other.Id });
        Assert.Equal(0, await service.Database.Scalar<int>("select count(*)::int from event.booking_block where appointment_id = @id", new { id = first.Id }));
    }

    [Fact]
    public async Task What_pre_booking_cannot_take_a_walk_in_at_the_desk_can()
    {
        var station = Some.Id();
        var body = EventService.DriveBody(await events.Organisation(), EventService.Now.AddMinutes(30), capacity: 1);
        body["walkInPerSlot"] = 1;
        var drive = (await events.Quality(station).Post("/v1/drives", body)).Id;
        await events.Steps(station, drive, null, "submit", "approve", "open");
        var http = events.Station(station);
        var slot = (await http.Get($"/v1/drives/{drive}/slots"))["items"][0].GetProperty("startsAt").GetDateTimeOffset();
        async Task<object> WalkIn(Guid? donor = null) => new { driveId = drive, slotStartsAt = slot, donorId = donor ?? await events.Donor(), channel = "desk", walkIn = true };
        Assert.Equal((422, "invalid_value"), Code(await http.Post("/v1/appointments", await WalkIn())));
        await events.Steps(station, drive, null, "start");
        var app = Some.Id();
        Assert.Equal((422, "invalid_value"), Code(await events.App(app).Post("/v1/appointments", await WalkIn(await events.Donor(app)))));
        Assert.Equal(201, (await http.Post("/v1/appointments", EventService.BookingBody(drive, slot, await events.Donor()))).Status);
        Assert.Equal((409, "slot_full"), Code(await http.Post("/v1/appointments", EventService.BookingBody(drive, slot, await events.Donor()))));
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ => await http.Post("/v1/appointments", await WalkIn())));
        Assert.Equal((1, 7), (answers.Count(a => a.Status == 201), answers.Count(a => a is { Status: 409, Code: "slot_full" })));
        Assert.Equal(200, (await http.Post($"/v1/appointments/{answers.Single(a => a.Status == 201).Id}/cancel")).Status);
        Assert.Equal((409, "slot_full"), Code(await http.Post("/v1/appointments", EventService.BookingBody(drive, slot, await events.Donor()))));
        Assert.Equal(201, (await http.Post("/v1/appointments", await WalkIn())).Status);
        var seen = (await http.Get($"/v1/drives/{drive}/slots"))["items"][0];
        Assert.Equal((1, 1, 0, 1, 1), (seen.GetProperty("capacity").GetInt32(), seen.GetProperty("booked").GetInt32(), seen.GetProperty("available").GetInt32(), seen.GetProperty("walkIn").GetInt32(), seen.GetProperty("walkedIn").GetInt32()));
    }

    [Fact]
    public async Task A_walk_in_who_is_moved_gives_his_place_of_the_reserve_back_and_has_a_booking()
    {
        var station = Some.Id();
        var body = EventService.DriveBody(await events.Organisation(), EventService.Now.AddMinutes(30), capacity: 1);
        body["walkInPerSlot"] = 1;
        var drive = (await events.Quality(station).Post("/v1/drives", body)).Id;
        await events.Steps(station, drive, null, "submit", "approve", "open", "start");
        var http = events.Station(station);
        var slots = (await http.Get($"/v1/drives/{drive}/slots"))["items"].EnumerateArray().Select(s => s.GetProperty("startsAt").GetDateTimeOffset()).ToArray();
        Task<string> Taken() => service.Database.Scalar<string>("select string_agg(booked || '+' || walked_in, ' ' order by starts_at) from (select * from event.slot where drive_id = @drive order by starts_at limit 2) s", new { drive });
        Assert.Equal(201, (await http.Post("/v1/appointments", EventService.BookingBody(drive, slots[0], await events.Donor()))).Status);
        var walkIn = await http.Post("/v1/appointments", new { driveId = drive, slotStartsAt = slots[0], donorId = await events.Donor(), channel = "desk", walkIn = true });
        Assert.Equal((201, "1+1 0+0"), (walkIn.Status, await Taken()));
        Assert.Equal(200, (await http.Post($"/v1/appointments/{walkIn.Id}/move", new { slotStartsAt = slots[1] })).Status);
        Assert.Equal("1+0 1+0", await Taken());
        Assert.Equal((409, "slot_full"), Code(await http.Post("/v1/appointments", EventService.BookingBody(drive, slots[0], await events.Donor()))));
        Assert.Equal(200, (await http.Post($"/v1/appointments/{walkIn.Id}/cancel")).Status);
        Assert.Equal("1+0 0+0", await Taken());
    }

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);
}
