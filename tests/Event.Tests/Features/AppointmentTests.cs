using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class AppointmentTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    [Fact]
    public async Task A_donor_gets_a_place_that_is_announced_counted_and_read_back()
    {
        var (station, donor) = (Some.Id(), await events.Donor());
        var drive = await events.OpenDrive(station);
        var body = EventService.BookingBody(drive, EventService.Morning(7).AddHours(1), donor);
        var booked = await events.Station(station).Post("/v1/appointments", body, "book-1");
        Assert.Equal((201, "booked", "whole-blood"), (booked.Status, booked.Text("status"), booked.Text("procedure")));
        Assert.Equal(["move", "cancel"], booked["allowedActions"].EnumerateArray().Select(a => a.GetString()));
        var announced = Assert.Single(await service.Published<AppointmentBooked>(), e => e.AppointmentId == booked.Id);
        Assert.Equal((donor, drive, station, "wechat", false), (announced.DonorId, announced.DriveId, announced.StationId, announced.Channel, announced.Backfilled));

        Assert.Equal(booked.Body.ToString(), (await events.Station(station).Get($"/v1/appointments/{booked.Id}")).Body.ToString());
        Assert.Equal(booked.Id, Assert.Single((await events.Station(station).Get($"/v1/appointments?driveId={drive}"))["items"].EnumerateArray()).GetProperty("id").GetGuid());
        var slot = (await service.Anonymous().Get($"/v1/drives/{drive}/slots"))["items"][1];
        Assert.Equal((10, 1, 9, true), (slot.GetProperty("capacity").GetInt32(), slot.GetProperty("booked").GetInt32(), slot.GetProperty("available").GetInt32(), slot.GetProperty("bookable").GetBoolean()));

        var again = await events.Station(station).Post("/v1/appointments", body, "book-1");
        Assert.Equal(booked.Body.ToString(), again.Body.ToString());
        Assert.Equal("true", again.Response.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal((409, "already_booked"), Code(await events.Station(station).Post("/v1/appointments", body, "book-2")));
    }

    [Fact]
    public async Task A_cancelled_place_is_free_again_and_the_same_donor_may_take_it()
    {
        var (station, donor) = (Some.Id(), await events.Donor());
        var drive = await events.OpenDrive(station, capacity: 1);
        var slot = EventService.Morning(7);
        var http = events.Station(station);
        var first = await http.Post("/v1/appointments", EventService.BookingBody(drive, slot, donor));
        Assert.Equal((409, "slot_full"), Code(await http.Post("/v1/appointments", EventService.BookingBody(drive, slot, await events.Donor()))));
        foreach (var own in new[] { "drive-cancelled", "capacity-cut", "moved" }) // nobody would be told, as everybody is of whom the platform says so
            Assert.Equal((422, "invalid_value"), Code(await http.Post($"/v1/appointments/{first.Id}/cancel", new { reasonCode = own })));
        Assert.Equal("cancelled", (await http.Post($"/v1/appointments/{first.Id}/cancel", new { reasonCode = "ill" })).Text("status"));
        Assert.Equal((409, "appointment_settled"), Code(await http.Post($"/v1/appointments/{first.Id}/cancel")));
        Assert.Equal((409, "appointment_settled"), Code(await http.Post($"/v1/appointments/{first.Id}/move", new { slotStartsAt = slot.AddHours(1) })));
        Assert.Equal(201, (await http.Post("/v1/appointments", EventService.BookingBody(drive, slot, donor))).Status);
        Assert.Equal("ill", Assert.Single(await service.Published<AppointmentCancelled>(), e => e.AppointmentId == first.Id).ReasonCode);
    }

    [Fact]
    public async Task A_moved_booking_frees_one_slot_and_fills_the_other()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station, capacity: 1);
        var (ten, eleven) = (EventService.Morning(7), EventService.Morning(7).AddHours(1));
        var http = events.Station(station);
        var mine = await http.Post("/v1/appointments", EventService.BookingBody(drive, ten, await events.Donor()));
        var moved = await http.Post($"/v1/appointments/{mine.Id}/move", new { slotStartsAt = eleven });
        Assert.Equal((200, eleven), (moved.Status, moved["slotStartsAt"].GetDateTimeOffset()));
        Assert.Equal([0, 1, 0, 0], (await http.Get($"/v1/drives/{drive}/slots"))["items"].EnumerateArray().Select(s => s.GetProperty("booked").GetInt32()));
        Assert.Equal(ten, Assert.Single(await service.Published<AppointmentMoved>(), e => e.AppointmentId == mine.Id).PreviousSlotStartsAt);
        var other = await http.Post("/v1/appointments", EventService.BookingBody(drive, ten, await events.Donor()));
        Assert.Equal((409, "slot_full"), Code(await http.Post($"/v1/appointments/{other.Id}/move", new { slotStartsAt = eleven })));
        Assert.Equal((422, "slot_unknown"), Code(await http.Post($"/v1/appointments/{other.Id}/move", new { slotStartsAt = eleven.AddMinutes(1) })));
        Assert.Equal("\"1\"", (await http.Post($"/v1/appointments/{other.Id}/move", new { slotStartsAt = ten })).Response.Headers.ETag!.Tag);
    }

    [Fact]
    public async Task An_app_books_only_donors_it_acts_for_and_reads_only_theirs()
    {
        var (station, app, otherApp) = (Some.Id(), Some.Id(), Some.Id());
        var drive = await events.OpenDrive(station);
        var donor = await events.Donor(app);
        var booked = await events.App(app).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), donor));
        Assert.Equal(201, booked.Status);
        Assert.Equal((404, "not_found"), Code(await events.App(otherApp).Post($"/v1/appointments/{booked.Id}/cancel")));
        Assert.Equal((404, "not_found"), Code(await events.App(otherApp).Get($"/v1/appointments/{booked.Id}")));
        Assert.Equal((404, "not_found"), Code(await events.Station(Some.Id()).Post($"/v1/appointments/{booked.Id}/move", new { slotStartsAt = EventService.Morning(7) })));
        Assert.Empty((await events.App(otherApp).Get($"/v1/appointments?donorId={donor}"))["items"].EnumerateArray());
        Assert.Single((await events.App(app).Get($"/v1/appointments?donorId={donor}"))["items"].EnumerateArray());

        var old = Some.OldId();
        await service.Deliver(EventService.Registered(old, apps: app), EventService.Eligible(old));
        Assert.Equal((404, "not_found"), Code(await events.App(otherApp).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), old))));
        await service.Deliver(new DonorChanged { Key = old.ToString(), Version = 5, OccurredAt = EventService.Now, DonorId = old, Status = "active", Consents = [], Memberships = [], Apps = [app, otherApp] });
        Assert.Equal(201, (await events.App(otherApp).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), old))).Status);
    }

    [Fact]
    public async Task Outside_the_windows_nobody_is_told_why()
    {
        var (station, app) = (Some.Id(), Some.Id());
        var drive = await events.OpenDrive(station);
        var day = Shanghai.DateOf(EventService.Morning(7));
        async Task<Answer> Book(params DateWindow[] windows)
        {
            var donor = Some.Id();
            await service.Deliver(EventService.Registered(donor, apps: app), EventService.Eligible(donor, 2, windows));
            return await events.App(app).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), donor));
        }
        var tooSoon = await Book(new DateWindow(day.AddDays(1), null));
        var over = await Book(new DateWindow(day.AddDays(-90), day.AddDays(-1)));
        Assert.Equal((422, "not_eligible"), Code(tooSoon));
        string Shape(Answer a) => string.Join(" ", a.Body.EnumerateObject().Where(p => p.Name != "traceId").Select(p => $"{p.Name}={p.Value}"));
        Assert.Equal(Shape(tooSoon), Shape(over));
        Assert.Equal(201, (await Book(new DateWindow(day, day))).Status);

        var restricted = Some.Id();
        await service.Deliver(EventService.Registered(restricted, status: "restricted", apps: app), EventService.Eligible(restricted));
        Assert.Equal(Shape(tooSoon), Shape(await events.App(app).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), restricted))));
    }

    [Fact]
    public async Task A_slots_day_is_its_day_in_Shanghai()
    {
        var station = Some.Id();
        var lateEvening = Shanghai.StartOf(Shanghai.DateOf(EventService.Now).AddDays(8)).AddHours(1); // still the day before in UTC
        var drive = await events.OpenDrive(station, lateEvening);
        var donor = Some.Id();
        await service.Deliver(EventService.Registered(donor), EventService.Eligible(donor, 2, new DateWindow(Shanghai.DateOf(lateEvening), Shanghai.DateOf(lateEvening))));
        Assert.Equal(201, (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, lateEvening, donor))).Status);
    }

    [Theory]
    [InlineData("whole-blood", "whole-blood", 6, -1, "already_booked")]
    [InlineData("whole-blood", "whole-blood", 6, 0, null)]
    [InlineData("whole-blood", "apheresis-platelets", 3, -1, "already_booked")]
    [InlineData("whole-blood", "apheresis-platelets", 3, 0, null)]
    [InlineData("apheresis-platelets", "whole-blood", 0, 27, "already_booked")]
    [InlineData("apheresis-platelets", "whole-blood", 0, 28, null)]
    [InlineData("apheresis-platelets", "apheresis-platelets", 0, 14, null)]
    public async Task Another_bookings_interval_forbids_a_booking_whichever_was_made_first(string first, string second, int months, int days, string? code)
    {
        foreach (var laterFirst in new[] { false, true })
        {
            var (station, donor) = (Some.Id(), await events.Donor());
            var day = Shanghai.DateOf(EventService.Now).AddDays(10);
            var early = Shanghai.StartOf(day).AddHours(10);
            var late = Shanghai.StartOf(day.AddMonths(months).AddDays(days)).AddHours(10);
            var bookings = new[] { (await events.OpenDrive(station, early), early, first), (await events.OpenDrive(station, late), late, second) };
            if (laterFirst) Array.Reverse(bookings);
            var http = events.Station(station);
            Assert.Equal(201, (await http.Post("/v1/appointments", EventService.BookingBody(bookings[0].Item1, bookings[0].Item2, donor, bookings[0].Item3))).Status);
            var answer = await http.Post("/v1/appointments", EventService.BookingBody(bookings[1].Item1, bookings[1].Item2, donor, bookings[1].Item3));
            Assert.Equal((code is null ? 201 : 409, code), Code(answer));
        }
    }

    [Fact]
    public async Task A_deferred_visit_frees_the_donor_for_another_booking()
    {
        var (station, donor) = (Some.Id(), await events.Donor());
        var (one, two) = (await events.OpenDrive(station), await events.OpenDrive(station, EventService.Morning(20)));
        var http = events.Station(station);
        var booked = await http.Post("/v1/appointments", EventService.BookingBody(one, EventService.Morning(7), donor));
        var visit = Some.Id();
        await service.Deliver(EventService.VisitOpened(visit, donor, one, booked.Id));
        Assert.Equal((409, "already_booked"), Code(await http.Post("/v1/appointments", EventService.BookingBody(two, EventService.Morning(20), donor))));
        await service.Deliver(new VisitDeferred { Key = donor.ToString(), Version = 4, OccurredAt = EventService.Now, VisitId = visit, DonorId = donor, DriveId = one, AppointmentId = booked.Id, Backfilled = false });
        Assert.Equal(201, (await http.Post("/v1/appointments", EventService.BookingBody(two, EventService.Morning(20), donor))).Status);
    }

    [Fact]
    public async Task What_has_not_arrived_is_waited_for_and_never_guessed()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station);
        var http = events.Station(station);
        object Body(Guid donor) => EventService.BookingBody(drive, EventService.Morning(7), donor);

        var arriving = Some.Id();
        var waiting = http.Post("/v1/appointments", Body(arriving));
        await service.Deliver(EventService.Eligible(arriving), EventService.Registered(arriving)); // in the other order, too
        Assert.Equal(201, (await waiting).Status);

        var unknown = await http.Post("/v1/appointments", Body(Some.Id()));
        Assert.Equal((409, "not_yet_visible"), Code(unknown));
        Assert.Equal("1", unknown.Response.Headers.RetryAfter!.ToString());
        Assert.Equal((404, "not_found"), Code(await http.Post("/v1/appointments", Body(Some.OldId()))));

        var withoutWindows = Some.OldId();
        await service.Deliver(EventService.Registered(withoutWindows));
        Assert.Equal((409, "not_yet_visible"), Code(await http.Post("/v1/appointments", Body(withoutWindows))));
    }

    [Fact]
    public async Task Without_the_rules_intervals_a_second_booking_waits()
    {
        var (station, donor) = (Some.Id(), Some.Id());
        await service.Deliver(EventService.Registered(donor), EventService.Eligible(donor) with { RuleSet = "unheard-of" });
        var (one, two) = (await events.OpenDrive(station), await events.OpenDrive(station, EventService.Morning(300)));
        Assert.Equal(201, (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(one, EventService.Morning(7), donor))).Status);
        Assert.Equal((409, "not_yet_visible"), Code(await events.Station(station).Post("/v1/appointments", EventService.BookingBody(two, EventService.Morning(300), donor))));
    }

    [Fact]
    public async Task Bookings_that_cannot_be_are_refused_and_nothing_is_written()
    {
        var (station, donor) = (Some.Id(), await events.Donor());
        var drive = await events.OpenDrive(station);
        var approved = await events.Draft(station);
        await events.Steps(station, approved, null, "submit", "approve");
        var (http, slot) = (events.Station(station), EventService.Morning(7));
        var before = await service.Database.Scalar<long>("select count(*) from event.appointment");

        Assert.Equal((409, "drive_not_open"), Code(await http.Post("/v1/appointments", EventService.BookingBody(approved, slot, donor))));
        Assert.Equal((422, "slot_unknown"), Code(await http.Post("/v1/appointments", EventService.BookingBody(drive, slot.AddMinutes(5), donor))));
        Assert.Equal((404, "not_found"), Code(await http.Post("/v1/appointments", EventService.BookingBody(Some.OldId(), slot, donor))));
        Assert.Equal((404, "not_found"), Code(await events.Station(Some.Id()).Post("/v1/appointments", EventService.BookingBody(drive, slot, donor))));
        Assert.Equal((422, "invalid_value"), Code(await http.Post("/v1/appointments", EventService.BookingBody(drive, slot, donor, "bone-marrow"))));
        Assert.Equal((422, "invalid_value"), Code(await http.Post("/v1/appointments", EventService.BookingBody(drive, slot, donor, channel: "We Chat"))));
        Assert.Equal((400, "malformed_request"), Code(await http.PostRaw("/v1/appointments", $$"""{"driveId":"{{drive}}","donorId":"{{donor}}","channel":"x"}""")));
        Assert.Equal((400, "malformed_request"), Code(await http.PostRaw("/v1/appointments", $$"""{"driveId":"not an id","slotStartsAt":"2026-01-01T00:00:00Z","donorId":"{{donor}}","channel":"x"}""")));
        Assert.Equal((403, "role_forbidden"), Code(await events.Organiser(station).Post("/v1/appointments", EventService.BookingBody(drive, slot, donor))));
        Assert.Equal((422, "invalid_value"), Code(await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(drive, slot, donor, backfillReason: "paper"))));
        Assert.Equal(before, await service.Database.Scalar<long>("select count(*) from event.appointment"));
        Assert.Equal(0, await service.Database.Scalar<long>("select sum(booked) from event.slot where drive_id = @drive", new { drive }));
    }

    [Fact]
    public async Task A_past_slot_is_booked_by_a_quality_person_only_and_marked()
    {
        var (station, donor) = (Some.Id(), await events.Donor());
        var day = new DateTimeOffset(2024, 3, 5, 9, 0, 0, TimeSpan.FromHours(8));
        var drive = await events.PastDrive(station, day);
        Assert.Equal((409, "slot_over"), Code(await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(drive, day, donor))));
        Assert.Equal((403, "staff_required"), Code(await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, day, donor, backfillReason: "paper"))));
        Assert.Equal((403, "staff_function_required"), Code(await service.As(Roles.Station, station, "R1", "registrar").Post("/v1/appointments", EventService.BookingBody(drive, day, donor, backfillReason: "paper"))));
        var booked = await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(drive, day, donor, backfillReason: "paper"));
        Assert.Equal((201, true), (booked.Status, booked["backfilled"].GetBoolean()));
        var announced = Assert.Single(await service.Published<AppointmentBooked>(), e => e.AppointmentId == booked.Id);
        Assert.Equal((true, day), (announced.Backfilled, announced.OccurredAt));
        // Another past drive three months later: the interval holds in the past as well.
        var later = await events.PastDrive(station, day.AddMonths(3));
        Assert.Equal((409, "already_booked"), Code(await events.Quality(station).Post("/v1/appointments", EventService.BookingBody(later, day.AddMonths(3), donor, backfillReason: "paper"))));
    }

    [Fact]
    public async Task A_thousand_ask_for_a_hundred_places_at_once_and_a_hundred_get_one()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station, capacity: 100);
        var donors = Enumerable.Range(0, 1000).Select(_ => Some.Id()).ToArray();
        await service.Database.Execute("""
            insert into event.donor (donor_id, profile_version, status, apps, memberships, eligibility_version, rule_set, windows)
            select d, 1, 'active', '{}', '[]', 2, @rules, '[{"procedure":"whole-blood","windows":[{"from":"2008-01-01","to":null}]}]' from unnest(@donors) d
            """, new { donors, rules = EventService.RuleSet });
        // One client has a thousand requests a second, for all it asks: these are four.
        HttpClient[] apps = [.. Enumerable.Range(0, 4).Select(_ => events.Station(station))];
        for (var i = 0; i < apps.Length; i++) apps[i].DefaultRequestHeaders.Authorization = new("Bearer", service.Tokens.Client(Roles.Station, station, clientId: $"client-{i}"));
        var answers = await Task.WhenAll(donors.Select((d, i) => apps[i % 4].Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), d), Some.Key())));
        Assert.Equal(["201  100", "409 slot_full 900"], answers.GroupBy(a => $"{a.Status} {(a.Status == 201 ? "" : a.Code)}").Select(g => $"{g.Key} {g.Count()}").Order());
        Assert.Equal((100, 100), (await service.Database.Scalar<int>("select booked from event.slot where drive_id = @drive and starts_at = @at", new { drive, at = EventService.Morning(7).UtcDateTime }),
            await service.Database.Scalar<int>("select count(*)::int from event.appointment where drive_id = @drive", new { drive })));
        Assert.Equal(100, (await service.Published<AppointmentBooked>()).Count(e => e.DriveId == drive));
    }

    [Fact]
    public async Task Two_who_move_into_each_others_full_slots_both_stay_and_of_two_who_want_one_place_one_gets_it()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station, capacity: 1);
        var (http, ten, eleven, noon) = (events.Station(station), EventService.Morning(7), EventService.Morning(7).AddHours(1), EventService.Morning(7).AddHours(2));
        var one = (await http.Post("/v1/appointments", EventService.BookingBody(drive, ten, await events.Donor()))).Id;
        var two = (await http.Post("/v1/appointments", EventService.BookingBody(drive, eleven, await events.Donor()))).Id;
        var swapped = await Task.WhenAll(http.Post($"/v1/appointments/{one}/move", new { slotStartsAt = eleven }), http.Post($"/v1/appointments/{two}/move", new { slotStartsAt = ten }));
        Assert.All(swapped, a => Assert.Equal((409, "slot_full"), Code(a)));
        var moved = await Task.WhenAll(new[] { one, two }.Select(b => http.Post($"/v1/appointments/{b}/move", new { slotStartsAt = noon })));
        Assert.Equal((1, 1), (moved.Count(a => a.Status == 200), moved.Count(a => a is { Status: 409, Code: "slot_full" })));
        Assert.Equal((2, 1), ((await http.Get($"/v1/drives/{drive}/slots"))["items"].EnumerateArray().Sum(s => s.GetProperty("booked").GetInt32()), (await http.Get($"/v1/drives/{drive}/slots"))["items"][2].GetProperty("booked").GetInt32()));
    }

    [Fact]
    public async Task At_another_drive_he_has_the_one_place_or_the_other_and_never_none_or_both()
    {
        var (station, app) = (Some.Id(), Some.Id());
        var (from, to, full) = (await events.OpenDrive(station), await events.OpenDrive(station, EventService.Morning(9)), await events.OpenDrive(station, EventService.Morning(9), capacity: 1));
        var (slot, later) = (EventService.Morning(7), EventService.Morning(9));
        var http = events.App(app);
        var donor = await events.Donor(app);
        var booked = await http.Post("/v1/appointments", EventService.BookingBody(from, slot, donor), Some.Key());
        await events.Station(station).Post("/v1/appointments", EventService.BookingBody(full, later, await events.Donor()));
        foreach (var (target, at, refused) in new[] { (full, later, (409, "slot_full")), (to, later.AddMinutes(1), (422, "slot_unknown")), (await events.Draft(station), slot, (404, "not_found")), (Some.OldId(), later, (404, "not_found")) })
        {
            Assert.Equal(refused, Code(await http.Post($"/v1/appointments/{booked.Id}/move", new { driveId = target, slotStartsAt = at }, Some.Key())));
            Assert.Equal("booked", (await http.Get($"/v1/appointments/{booked.Id}")).Text("status"));
        }
        // Two days later another booking would be too soon after this one: it is not, since this one goes.
        var key = Some.Key();
        var moved = await http.Post($"/v1/appointments/{booked.Id}/move", new { driveId = to, slotStartsAt = later }, key);
        Assert.Equal((201, to, later, "booked", "wechat", $"/v1/appointments/{moved.Id}"), (moved.Status, moved["driveId"].GetGuid(), moved["slotStartsAt"].GetDateTimeOffset(), moved.Text("status"), moved.Text("channel"), moved.Response.Headers.Location!.ToString()));
        Assert.Equal(moved.Body.ToString(), (await http.Post($"/v1/appointments/{booked.Id}/move", new { driveId = to, slotStartsAt = later }, key)).Body.ToString());
        Assert.Equal(("cancelled", "moved"), await http.Get($"/v1/appointments/{booked.Id}") is var left ? (left.Text("status"), left.Text("reasonCode")) : default);
        Assert.Equal((0L, 1L), (await service.Database.Scalar<long>("select sum(booked) from event.slot where drive_id = @from", new { from }), await service.Database.Scalar<long>("select sum(booked) from event.slot where drive_id = @to", new { to })));
        Assert.Equal((moved.Id, "moved"), (Assert.Single(await service.Published<AppointmentBooked>(), e => e.DriveId == to).AppointmentId, Assert.Single(await service.Published<AppointmentCancelled>(), e => e.AppointmentId == booked.Id).ReasonCode));
        Assert.Equal((409, "appointment_settled"), Code(await http.Post($"/v1/appointments/{booked.Id}/move", new { driveId = full, slotStartsAt = later })));
        Assert.Equal(404, (await events.Station(station).Post($"/v1/appointments/{moved.Id}/move", new { driveId = await events.OpenDrive(Some.Id()), slotStartsAt = slot })).Status); // a station books at its own drives

        // Some come and some go, for fewer places: each has one, and none is given twice.
        var (a, b) = (await events.OpenDrive(station, capacity: 6), await events.OpenDrive(station, EventService.Morning(8), capacity: 6));
        var crowd = new List<(Guid Id, Guid To, DateTimeOffset At)>();
        for (var i = 0; i < 10; i++)
        {
            var (here, there) = i % 2 == 0 ? ((a, EventService.Morning(7)), (b, EventService.Morning(8))) : ((b, EventService.Morning(8)), (a, EventService.Morning(7)));
            crowd.Add(((await events.Station(station).Post("/v1/appointments", EventService.BookingBody(here.Item1, here.Item2, await events.Donor()))).Id, there.Item1, there.Item2));
        }
        var answers = await Task.WhenAll(crowd.Select(c => events.Station(station).Post($"/v1/appointments/{c.Id}/move", new { driveId = c.To, slotStartsAt = c.At })));
        Assert.All(answers, x => Assert.True(x.Status is 201 || x is { Status: 409, Code: "slot_full" }, x.ToString()));
        Assert.Equal((10L, 0L), (await service.Database.Scalar<long>("select count(*) from event.appointment where drive_id in (@a, @b) and status = 'booked'", new { a, b }), await service.Database.Scalar<long>("""
            select count(*) from event.slot s where s.drive_id in (@a, @b)
              and (s.booked > s.capacity or s.booked <> (select count(*) from event.appointment x where x.drive_id = s.drive_id and x.slot_starts_at = s.starts_at and x.status <> 'cancelled'))
            """, new { a, b })));
    }

    [Fact]
    public async Task A_donor_who_asks_many_times_at_once_gets_one_place()
    {
        var (station, donor) = (Some.Id(), await events.Donor());
        var drive = await events.OpenDrive(station);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7).AddHours(i % 4), donor), Some.Key())));
        Assert.Equal((1, 19), (answers.Count(a => a.Status == 201), answers.Count(a => a is { Status: 409, Code: "already_booked" })));
        Assert.Equal(1, await service.Database.Scalar<long>("select sum(booked) from event.slot where drive_id = @drive", new { drive }));
    }

    [Fact]
    public async Task A_donor_who_books_two_drives_of_a_week_at_once_gets_one()
    {
        var (station, donor) = (Some.Id(), await events.Donor());
        var drives = new[] { (await events.OpenDrive(station), 7), (await events.OpenDrive(station, EventService.Morning(9)), 9), (await events.OpenDrive(station, EventService.Morning(11)), 11) };
        for (var round = 0; round < 5; round++)
        {
            var answers = await Task.WhenAll(drives.Select(d => events.Station(station).Post("/v1/appointments", EventService.BookingBody(d.Item1, EventService.Morning(d.Item2), donor))));
            Assert.Equal((1, 2), (answers.Count(a => a.Status == 201), answers.Count(a => a is { Status: 409, Code: "already_booked" })));
            Assert.Equal(200, (await events.Station(station).Post($"/v1/appointments/{answers.Single(a => a.Status == 201).Id}/cancel")).Status);
        }
    }

    [Fact]
    public async Task The_same_key_sent_twice_at_once_is_one_booking()
    {
        var (station, donor) = (Some.Id(), await events.Donor());
        var drive = await events.OpenDrive(station);
        var key = Some.Key();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), donor), key)));
        Assert.All(answers, a => Assert.Equal(201, a.Status));
        Assert.Single(answers.Select(a => a.Id).Distinct());
    }

    [Fact]
    public async Task Movers_in_opposite_directions_never_overfill_a_slot()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station, capacity: 6);
        var (ten, eleven) = (EventService.Morning(7), EventService.Morning(7).AddHours(1));
        var bookings = new List<(Guid Id, DateTimeOffset To)>();
        for (var i = 0; i < 10; i++)
        {
            var from = i % 2 == 0 ? ten : eleven;
            bookings.Add(((await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, from, await events.Donor()))).Id, from == ten ? eleven : ten));
        }
        var answers = await Task.WhenAll(bookings.Select(b => events.Station(station).Post($"/v1/appointments/{b.Id}/move", new { slotStartsAt = b.To })));
        Assert.All(answers, a => Assert.True(a.Status is 200 || a is { Status: 409, Code: "slot_full" }, a.ToString()));
        Assert.Equal(0, await service.Database.Scalar<long>("""
            select count(*) from event.slot s where s.drive_id = @drive
              and (s.booked > s.capacity or s.booked <> (select count(*) from event.appointment a where a.drive_id = s.drive_id and a.slot_starts_at = s.starts_at and a.status <> 'cancelled'))
            """, new { drive }));
    }

    [Fact]
    public async Task The_database_itself_refuses_one_booking_too_many()
    {
        var drive = await events.OpenDrive(Some.Id(), capacity: 1);
        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => service.Database.Execute("update event.slot set booked = 2 where drive_id = @drive", new { drive }));
        Assert.Equal("slot_never_overbooked", refused.ConstraintName);
    }

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);
}
