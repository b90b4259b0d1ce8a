using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Drives;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class DriveTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    [Fact]
    public async Task A_drive_goes_from_draft_to_closed_and_each_step_after_approval_is_announced()
    {
        var station = Some.Id();
        var http = events.Station(station);
        var drive = await http.Post("/v1/drives", EventService.DriveBody(await events.Organisation(), EventService.Now.AddHours(1)), Some.Key());
        Assert.Equal((201, "draft", $"/v1/drives/{drive.Id}"), (drive.Status, drive.Text("status"), drive.Response.Headers.Location!.ToString()));
        Assert.Equal(station, drive["stationId"].GetGuid());
        Assert.Equal("public", drive.Text("visibility"));
        Assert.Equal(0, drive["walkInPerSlot"].GetInt32());
        Assert.Equal(["change", "submit", "cancel"], Actions(drive));

        foreach (var (step, status, next) in new[] { ("submit", "submitted", "approve"), ("approve", "approved", "open"), ("open", "open", "start"), ("start", "started", "close"), ("close", "closed", "") })
        {
            var answer = await http.Post($"/v1/drives/{drive.Id}/{step}", new { });
            Assert.Equal((200, status), (answer.Status, answer.Text("status")));
            if (next.Length > 0) Assert.Contains(next, Actions(answer)); else Assert.Empty(Actions(answer));
            Assert.Equal((409, "step_out_of_order"), Code(await http.Post($"/v1/drives/{drive.Id}/{step}", new { })));
        }

        var scheduled = Assert.Single(await service.Published<DriveScheduled>(), e => e.DriveId == drive.Id);
        Assert.Equal((station, "approved", 4, false), (scheduled.StationId, scheduled.Status, scheduled.SlotMinutes / 15, scheduled.Backfilled));
        var changed = (await service.Published<DriveChanged>()).FindAll(e => e.DriveId == drive.Id);
        Assert.Equal(["open", "started", "closed"], changed.Select(e => e.Status));
        Assert.Equal([4L, 5L, 6L], changed.Select(e => e.Version));
        Assert.Single(await service.Published<DriveClosed>(), e => e.DriveId == drive.Id);
        Assert.Equal(4, await service.Database.Scalar<long>("select count(*) from event.slot where drive_id = @Id", new { drive.Id }));
    }

    [Fact]
    public async Task An_organiser_drafts_below_its_own_organisation_and_a_station_takes_the_drive_on()
    {
        var university = await events.Organisation();
        var college = await events.Organisation("college", university, "测试学院");
        var stranger = await events.Organisation("enterprise", name: "测试公司");
        var organiser = events.Organiser(university);
        Assert.Equal((404, "not_found"), Code(await organiser.Post("/v1/drives", EventService.DriveBody(stranger, EventService.Morning(7)))));

        var drive = await organiser.Post("/v1/drives", EventService.DriveBody(college, EventService.Morning(7), kind: "organisation"));
        Assert.Equal((201, "organisation"), (drive.Status, drive.Text("visibility")));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, drive["stationId"].ValueKind);
        Assert.Equal((403, "role_forbidden"), Code(await organiser.Post($"/v1/drives/{drive.Id}/approve")));

        var station = await events.StationOf();
        Assert.Equal(404, (await events.Station(station).Post($"/v1/drives/{drive.Id}/submit")).Status); // a draft is the organiser's alone
        Assert.Equal(200, (await organiser.Post($"/v1/drives/{drive.Id}/submit")).Status);
        Assert.Equal((409, "station_missing"), Code(await events.Authority("440700").Post($"/v1/drives/{drive.Id}/approve")));
        Assert.Contains(drive.Id, (await events.Station(station).Get("/v1/drives?mine=true&limit=1000"))["items"].EnumerateArray().Select(d => d.GetProperty("id").GetGuid()));
        // Another city's station neither sees it nor takes it on.
        var far = events.Station(await events.StationOf("440100"));
        Assert.DoesNotContain(drive.Id, (await far.Get("/v1/drives?mine=true&limit=1000"))["items"].EnumerateArray().Select(d => d.GetProperty("id").GetGuid()));
        Assert.Equal((404, 404, 404), ((await far.Get($"/v1/drives/{drive.Id}")).Status, (await far.Post($"/v1/drives/{drive.Id}/approve")).Status, (await far.Post($"/v1/drives/{drive.Id}/cancel", new { reasonCode = "weather" })).Status));
        // Who does not take it on leaves it to the others.
        Assert.DoesNotContain("cancel", Actions(await events.Station(station).Get($"/v1/drives/{drive.Id}")));
        Assert.Equal((409, "step_out_of_order"), Code(await events.Station(await events.StationOf()).Post($"/v1/drives/{drive.Id}/cancel", new { reasonCode = "weather" })));
        var approved = await events.Station(station).Post($"/v1/drives/{drive.Id}/approve");
        Assert.Equal(station, approved["stationId"].GetGuid());
        Assert.Equal(404, (await events.Station(Some.Id()).Post($"/v1/drives/{drive.Id}/open")).Status);
        Assert.Equal(200, (await organiser.Get($"/v1/drives/{drive.Id}")).Status);
        Assert.Equal(["open", "cancel", "postpone"], Actions(await events.Authority("440703").Get($"/v1/drives/{drive.Id}")));
    }

    [Fact]
    public async Task The_public_sees_public_drives_that_one_can_still_go_to_and_nothing_else()
    {
        var station = Some.Id();
        var open = await events.OpenDrive(station, EventService.Morning(40));
        var draft = await events.Draft(station, EventService.Morning(40));
        var closedCircle = await events.OpenDrive(station, EventService.Morning(40), kind: "organisation");
        var date = Shanghai.DateOf(EventService.Morning(40)).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

        var listed = (await service.Anonymous().Get($"/v1/drives?from={date}&to={date}&district=440700&near=22.57,113.08&procedure=whole-blood"))["items"].EnumerateArray().ToArray();
        var found = Assert.Single(listed, d => d.GetProperty("stationId").GetGuid() == station);
        Assert.Equal(open, found.GetProperty("id").GetGuid());
        Assert.InRange(found.GetProperty("distanceKm").GetDouble(), 1.0, 1.3);
        Assert.Empty((await service.Anonymous().Get($"/v1/drives?from={date}&to={date}&near=39.9,116.4"))["items"].EnumerateArray());
        Assert.Empty((await service.Anonymous().Get($"/v1/drives?from={date}&to={date}&district=440783"))["items"].EnumerateArray());

        Assert.Equal(200, (await service.Anonymous().Get($"/v1/drives/{open}")).Status);
        Assert.Equal(4, (await service.Anonymous().Get($"/v1/drives/{open}/slots"))["items"].GetArrayLength());
        foreach (var hidden in new[] { draft, closedCircle })
        {
            Assert.Equal(404, (await service.Anonymous().Get($"/v1/drives/{hidden}")).Status);
            Assert.Equal(404, (await service.Anonymous().Get($"/v1/drives/{hidden}/slots")).Status);
        }
        Assert.Equal((401, "token_required"), Code(await service.Anonymous().Get("/v1/drives?mine=true")));
        Assert.Equal((422, "invalid_value"), Code(await service.Anonymous().Get("/v1/drives?near=here")));
        var unreadable = await service.Anonymous().Get("/v1/drives?from=yesterday&limit=10");
        Assert.Equal((400, "malformed_request"), Code(unreadable));
        Assert.Contains(unreadable["errors"].EnumerateArray(), e => e.GetProperty("pointer").GetString() == "/from");
    }

    [Fact]
    public async Task A_drive_that_nobody_closed_is_listed_no_more_once_its_time_is_over_but_by_its_date()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station, EventService.Morning(41));
        await service.Database.Execute("update event.drive set starts_at = now() - interval '6 hours', ends_at = now() - interval '2 hours' where id = @drive", new { drive });
        var date = Shanghai.DateOf(EventService.Now.AddHours(-4)).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        Assert.DoesNotContain((await service.Anonymous().Get("/v1/drives?limit=200"))["items"].EnumerateArray(), d => d.GetProperty("id").GetGuid() == drive);
        Assert.Contains((await service.Anonymous().Get($"/v1/drives?from={date}&to={date}"))["items"].EnumerateArray(), d => d.GetProperty("id").GetGuid() == drive);
        Assert.Contains((await events.Station(station).Get("/v1/drives?mine=true"))["items"].EnumerateArray(), d => d.GetProperty("id").GetGuid() == drive);
        using var http = service.Anonymous();
        Assert.DoesNotContain(drive.ToString(), await http.GetStringAsync("/v1/drives.ics"), StringComparison.Ordinal);
        Assert.Contains(drive.ToString(), await http.GetStringAsync($"/v1/drives.ics?from={date}&to={date}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drive_that_nobody_closes_closes_itself_a_day_after_its_end_and_only_what_happened_live()
    {
        var (station, donor) = (Some.Id(), await events.Donor());
        var drive = await events.OpenDrive(station, EventService.Morning(43));
        var booked = (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(43), donor), Some.Key())).Id;
        var recorded = await events.PastDrive(station, EventService.Morning(-30));
        Task Look() => service.App.Services.GetServices<IHostedService>().OfType<CloseOverdue>().Single().LookNow(TestContext.Current.CancellationToken);
        Task Ended(string ago) => service.Database.Execute($"update event.drive set starts_at = now() - interval '{ago}' - interval '4 hours', ends_at = now() - interval '{ago}' where id = @drive; update event.appointment set slot_starts_at = now() - interval '{ago}' - interval '4 hours' where id = @booked", new { drive, booked });

        await Ended("23 hours 55 minutes");
        await Look();
        Assert.Equal("open", (await events.Station(station).Get($"/v1/drives/{drive}")).Text("status"));
        await Ended("24 hours");
        await Task.WhenAll(Look(), Look());
        Assert.Equal(("closed", "started"), ((await events.Station(station).Get($"/v1/drives/{drive}")).Text("status"), (await events.Station(station).Get($"/v1/drives/{recorded}")).Text("status")));
        Assert.Equal("missed", (await events.Station(station).Get($"/v1/appointments/{booked}")).Text("status"));
        Assert.Single(await service.Published<DriveClosed>(), e => e.DriveId == drive);
        // He may book elsewhere now.
        var next = await events.OpenDrive(station, EventService.Morning(44));
        Assert.Equal(201, (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(next, EventService.Morning(44), donor), Some.Key())).Status);
    }

    [Fact]
    public async Task A_drive_closed_before_its_time_cancels_whose_slot_had_not_begun_and_has_them_told()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station, EventService.Morning(42));
        var booked = (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(42).AddHours(2), await events.Donor()), Some.Key())).Id;
        var passed = (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(42), await events.Donor()), Some.Key())).Id;
        // The day of the drive, at ten: two hours of it are over.
        await service.Database.Execute("update event.drive set status = 'started', started_at = now() where id = @drive; update event.appointment set slot_starts_at = now() - interval '1 hour' where id = @passed", new { drive, passed });
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/close")).Status);
        Assert.Equal(("cancelled", "drive-cancelled"), ((await events.Station(station).Get($"/v1/appointments/{booked}")).Text("status"), (await events.Station(station).Get($"/v1/appointments/{booked}")).Text("reasonCode")));
        Assert.Equal("missed", (await events.Station(station).Get($"/v1/appointments/{passed}")).Text("status"));
        await Eventually.That(async () => (await service.Published<NoticeRequested>()).Count(n => n.References.AppointmentId == booked && n.TemplateCode == "drive-cancelled") == 1);
        Assert.DoesNotContain(await service.Published<NoticeRequested>(), n => n.References.AppointmentId == passed);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.booking_block where appointment_id = any(@ids)", new { ids = new[] { booked, passed } }));
    }

    [Fact]
    public async Task Lists_page_without_gaps_or_repeats()
    {
        var station = Some.Id();
        var made = new HashSet<Guid>();
        for (var i = 0; i < 5; i++) made.Add(await events.Draft(station, EventService.Morning(9)));
        var seen = new List<Guid>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await events.Station(station).Get($"/v1/drives?mine=true&limit=2{(cursor.Length > 0 ? "&cursor=" + cursor : "")}");
            seen.AddRange(page["items"].EnumerateArray().Select(d => d.GetProperty("id").GetGuid()));
            cursor = page["next"].GetString();
        }
        // What others have submitted without a station is offered to every station, so it is listed too.
        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Superset(made, seen.ToHashSet());
    }

    [Fact]
    public async Task A_draft_is_changed_with_its_version_only()
    {
        var station = Some.Id();
        var http = events.Station(station);
        var drive = await events.Draft(station);
        Assert.Equal((428, "if_match_required"), Code(await http.Patch($"/v1/drives/{drive}", new { theme = "青春" })));
        Assert.Equal((412, "version_mismatch"), Code(await http.Patch($"/v1/drives/{drive}", new { theme = "青春" }, "\"7\"")));
        var changed = await http.Patch($"/v1/drives/{drive}", new { theme = "青春", slotMinutes = 30 }, "\"1\"");
        Assert.Equal((200, "青春", "\"2\""), (changed.Status, changed.Text("theme"), changed.Response.Headers.ETag!.Tag));
        Assert.Equal((422, "invalid_value"), Code(await http.Patch($"/v1/drives/{drive}", new { endsAt = EventService.Morning(1) }, "\"2\"")));
        await events.Steps(station, drive, null, "submit");
        Assert.Equal((409, "not_a_draft"), Code(await http.Patch($"/v1/drives/{drive}", new { theme = "别的" }, "\"3\"")));
        await events.Steps(station, drive, null, "approve");
        Assert.Equal(8, (await http.Get($"/v1/drives/{drive}/slots"))["items"].GetArrayLength());
    }

    [Fact]
    public async Task A_drive_starts_from_two_hours_before_it_begins()
    {
        var station = Some.Id();
        var early = await events.OpenDrive(station, EventService.Now.AddHours(3));
        Assert.Equal((409, "too_early"), Code(await events.Station(station).Post($"/v1/drives/{early}/start")));
        Assert.DoesNotContain("start", Actions(await events.Station(station).Get($"/v1/drives/{early}")));
        var soon = await events.OpenDrive(station, EventService.Now.AddHours(2).AddMinutes(-1));
        await events.Steps(station, soon, null, "start");
    }

    [Fact]
    public async Task A_cancelled_drive_gives_every_place_back_and_takes_no_step_any_more()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station);
        var booked = await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), await events.Donor()));
        Assert.Equal(201, booked.Status);
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/cancel", new { reasonCode = "typhoon" })).Status);
        Assert.Equal("typhoon", Assert.Single(await service.Published<DriveCancelled>(), e => e.DriveId == drive).ReasonCode);
        var cancelled = Assert.Single(await service.Published<AppointmentCancelled>(), e => e.AppointmentId == booked.Id);
        Assert.Equal(("drive-cancelled", 2L), (cancelled.ReasonCode, cancelled.Version));
        Assert.Equal(0, await service.Database.Scalar<long>("select sum(booked) from event.slot where drive_id = @drive", new { drive }));
        Assert.Equal((409, "step_out_of_order"), Code(await events.Station(station).Post($"/v1/drives/{drive}/start")));
        Assert.Equal((422, "invalid_value"), Code(await events.Station(station).Post($"/v1/drives/{await events.Draft(station)}/cancel", new { reasonCode = "Because of the weather!" })));
    }

    [Fact]
    public async Task A_draft_that_is_cancelled_was_never_anybody_elses_business()
    {
        var station = Some.Id();
        var drive = await events.Draft(station);
        await events.Steps(station, drive, null, "cancel");
        Assert.DoesNotContain(await service.Published<DriveCancelled>(), e => e.DriveId == drive);
    }

    [Fact]
    public async Task A_postponed_drive_keeps_its_bookings_tells_them_and_loses_those_that_the_new_day_forbids()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station);
        var (stays, goes) = (await events.Donor(), Some.Id());
        await service.Deliver(EventService.Registered(goes), EventService.Eligible(goes, 2, new DateWindow(new(2008, 1, 1), Shanghai.DateOf(EventService.Morning(10)))));
        var kept = (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7).AddHours(1), stays))).Id;
        var lost = (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), goes))).Id;
        var postponed = await events.Station(station).Post($"/v1/drives/{drive}/postpone", new { startsAt = EventService.Morning(14), reasonCode = "typhoon" });
        Assert.Equal((200, "postponed"), (postponed.Status, postponed.Text("status")));
        Assert.Equal(EventService.Morning(14).AddHours(4), postponed["endsAt"].GetDateTimeOffset());
        await Eventually.That(async () => (await service.Published<NoticeRequested>()).Count(n => n.DonorId == stays || n.DonorId == goes) == 2);
        var seen = await events.Station(station).Get($"/v1/appointments/{kept}");
        Assert.Equal(("booked", EventService.Morning(14).AddHours(1)), (seen.Text("status"), seen["slotStartsAt"].GetDateTimeOffset()));
        Assert.Equal("no_longer_bookable", (await events.Station(station).Get($"/v1/appointments/{lost}")).Text("reasonCode"));
        Assert.Equal(["drive-postponed", "no-longer-bookable"], (await service.Published<NoticeRequested>()).Where(n => n.DonorId == stays || n.DonorId == goes).OrderBy(n => n.TemplateCode).Select(n => n.TemplateCode));
        Assert.Equal(EventService.Morning(7).AddHours(1), Assert.Single(await service.Published<AppointmentMoved>(), e => e.AppointmentId == kept).PreviousSlotStartsAt);
        await events.Steps(station, drive, null, "approve", "open");
        var slots = (await events.Station(station).Get($"/v1/drives/{drive}/slots"))["items"].EnumerateArray().ToArray();
        Assert.Equal((4, EventService.Morning(14), 0, 1), (slots.Length, slots[0].GetProperty("startsAt").GetDateTimeOffset(), slots[0].GetProperty("booked").GetInt32(), slots[1].GetProperty("booked").GetInt32()));
        Assert.Single(await service.Published<DriveScheduled>(), e => e.DriveId == drive);
        Assert.Equal(["open", "postponed", "approved", "open"], (await service.Published<DriveChanged>()).FindAll(e => e.DriveId == drive).Select(e => e.Status));
    }

    [Fact]
    public async Task A_cancelled_drive_tells_every_booked_donor_and_offers_the_nearest_that_he_may_attend()
    {
        var station = Some.Id();
        async Task<Guid> Drive(int day, string district, int capacity = 10)
        {
            var body = EventService.DriveBody(await events.Organisation(), EventService.Morning(day), capacity: capacity);
            body["venue"] = new { name = "体育馆", address = "东成村22号", district };
            var id = (await events.Quality(station).Post("/v1/drives", body)).Id;
            await events.Steps(station, id, null, "submit", "approve", "open");
            return id;
        }
        var drive = await Drive(507, "449903");
        var (near, far, elsewhere, much) = (await Drive(509, "449903"), await Drive(520, "449904"), await Drive(507, "350203"), await Drive(600, "449903"));
        var (any, later) = (await events.Donor(), Some.Id());
        await service.Deliver(EventService.Registered(later), EventService.Eligible(later, 2, new DateWindow(Shanghai.DateOf(EventService.Morning(507)), Shanghai.DateOf(EventService.Morning(508))), new DateWindow(Shanghai.DateOf(EventService.Morning(515)), null)));
        foreach (var donor in new[] { any, later }) Assert.Equal(201, (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(507), donor))).Status);
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/cancel", new { reasonCode = "typhoon" })).Status);
        await Eventually.That(async () => (await service.Published<NoticeRequested>()).Count(n => n.DonorId == any || n.DonorId == later) == 2);
        var told = (await service.Published<NoticeRequested>()).Where(n => n.References.DriveId == drive).ToDictionary(n => n.DonorId);
        Assert.All(told.Values, n => Assert.Equal("drive-cancelled", n.TemplateCode));
        Assert.Equal([near, far], told[any].References.AlternativeDriveIds!);
        Assert.Equal([far], told[later].References.AlternativeDriveIds!);
        Assert.DoesNotContain(elsewhere, told[any].References.AlternativeDriveIds!);
        Assert.DoesNotContain(much, told[any].References.AlternativeDriveIds!);
    }

    public static TheoryData<string, object?, int, string, string> BadPlans => new()
    {
        { "endsAt", EventService.Morning(7).AddHours(-1), 422, "invalid_value", "/endsAt" },
        { "endsAt", EventService.Morning(22), 422, "invalid_value", "/endsAt" },
        { "startsAt", EventService.Morning(-1), 422, "invalid_value", "/startsAt" },
        { "startsAt", "2026-13-45T00:00:00+08:00", 400, "malformed_request", "/startsAt" },
        { "startsAt", "2026-06-14T09:00:00", 400, "malformed_request", "/startsAt" },
        { "slotMinutes", 300, 422, "invalid_value", "/slotMinutes" },
        { "slotMinutes", 0, 422, "invalid_value", "/slotMinutes" },
        { "capacityPerSlot", 0, 422, "invalid_value", "/capacityPerSlot" },
        { "capacityPerSlot", "ten", 400, "malformed_request", "/capacityPerSlot" },
        { "kind", "party", 422, "invalid_value", "/kind" },
        { "visibility", "secret", 422, "invalid_value", "/visibility" },
        { "procedures", Array.Empty<string>(), 422, "invalid_value", "/procedures" },
        { "procedures", new[] { "whole-blood", "bone-marrow" }, 422, "invalid_value", "/procedures/1" },
        { "theme", new string('长', 81), 422, "invalid_value", "/theme" },
        { "venue", new { name = "x", address = "y", district = "4407" }, 422, "invalid_value", "/venue/district" },
        { "parties", new[] { new { organisationId = Guid.Empty, role = "owner" } }, 422, "invalid_value", "/parties/0/role" },
        { "hostOrganisationId", "018f0000-0000-7000-8000-000000000001", 404, "not_found", "" },
        { "stationId", "018f0000-0000-7000-8000-000000000002", 404, "not_found", "" },
    };

    [Theory, MemberData(nameof(BadPlans))]
    public async Task A_drive_that_cannot_be_is_refused_and_nothing_is_written(string field, object? value, int status, string code, string pointer)
    {
        var body = EventService.DriveBody(await events.Organisation(), EventService.Morning(7));
        body[field] = value;
        var before = await Rows();
        var answer = await events.Station(Some.Id()).Post("/v1/drives", body, Some.Key());
        Assert.Equal((status, code), Code(answer));
        if (pointer.Length > 0) Assert.Contains(pointer, answer["errors"].EnumerateArray().Select(e => e.GetProperty("pointer").GetString()));
        Assert.Equal(before, await Rows());
    }

    [Fact]
    public async Task Only_a_station_with_a_quality_person_records_a_drive_of_the_past()
    {
        var organisation = await events.Organisation();
        var past = EventService.DriveBody(organisation, new DateTimeOffset(2024, 3, 5, 9, 0, 0, TimeSpan.FromHours(8)), backfillReason: "paper list of the day");
        var station = Some.Id();
        var before = await Rows();
        Assert.Equal((403, "role_forbidden"), Code(await events.Organiser(organisation).Post("/v1/drives", past)));
        Assert.Equal((403, "staff_required"), Code(await events.Station(station).Post("/v1/drives", past)));
        Assert.Equal((403, "staff_function_required"), Code(await service.As(Roles.Station, station, "P1", "phlebotomist").Post("/v1/drives", past)));
        past["startsAt"] = EventService.Morning(3); past["endsAt"] = EventService.Morning(3).AddHours(2);
        Assert.Equal((422, "invalid_value"), Code(await events.Quality(station).Post("/v1/drives", past)));
        Assert.Equal(before, await Rows());
    }

    [Fact]
    public async Task A_drive_of_the_past_is_taken_through_its_steps_with_their_own_times_and_is_marked()
    {
        var day = new DateTimeOffset(2024, 3, 5, 9, 0, 0, TimeSpan.FromHours(8));
        var station = Some.Id();
        var drive = await events.Draft(station, day, backfillReason: "paper list of the day");
        var http = events.Quality(station);
        Assert.Equal((422, "at_required"), Code(await http.Post($"/v1/drives/{drive}/submit")));
        Assert.Equal((403, "staff_required"), Code(await events.Station(station).Post($"/v1/drives/{drive}/submit", new { at = day.AddDays(-20) })));
        await events.Steps(station, drive, day.AddDays(-20), "submit");
        await events.Steps(station, drive, day.AddDays(-15), "approve");
        await events.Steps(station, drive, day.AddDays(-14), "open");
        Assert.Equal((422, "invalid_value"), Code(await http.Post($"/v1/drives/{drive}/start", new { at = day.AddDays(-16) })));
        Assert.Equal((409, "too_early"), Code(await http.Post($"/v1/drives/{drive}/start", new { at = day.AddHours(-3) })));
        Assert.Equal((409, "drive_over"), Code(await http.Post($"/v1/drives/{drive}/start", new { at = day.AddHours(5) })));
        Assert.Equal((422, "invalid_value"), Code(await http.Post($"/v1/drives/{drive}/start", new { at = EventService.Now.AddDays(1) })));
        await events.Steps(station, drive, day.AddHours(-1), "start");
        await events.Steps(station, drive, day.AddHours(5), "close");

        var scheduled = Assert.Single(await service.Published<DriveScheduled>(), e => e.DriveId == drive);
        Assert.Equal((true, day.AddDays(-15)), (scheduled.Backfilled, scheduled.OccurredAt));
        Assert.Equal((true, day.AddHours(5)), (await service.Published<DriveClosed>()).Where(e => e.DriveId == drive).Select(e => (e.Backfilled, e.ClosedAt)).Single());
        Assert.Equal(6, await service.Database.Scalar<long>("select count(*) from event.audit where resource = @r and staff_id is not null", new { r = $"drive/{drive}" }));
    }

    [Fact]
    public async Task An_unlisted_drive_is_for_who_has_its_link_and_an_organisations_for_its_own_and_their_apps()
    {
        var (station, app, morning) = (Some.Id(), Some.Id(), EventService.Morning(413));
        var organisation = await events.Organisation();
        async Task<(Guid Drive, string Code)> Open(string visibility)
        {
            var body = EventService.DriveBody(organisation, morning);
            body["visibility"] = visibility;
            var drive = (await events.Quality(station).Post("/v1/drives", body)).Id;
            await events.Steps(station, drive, null, "submit", "approve", "open");
            await events.Station(station).GetAsync(new Uri($"/v1/drives/{drive}/qr.svg?channel=class", UriKind.Relative));
            return (drive, await service.Database.Scalar<string>("select code from event.code where drive_id = @drive", new { drive }));
        }
        var (everybody, link, own) = (await Open("public"), await Open("unlisted"), await Open("organisation"));
        var day = Shanghai.DateOf(morning).ToString("O");
        foreach (var list in new[] { service.Anonymous(), events.App(app), events.Organiser(await events.Organisation()) })
            Assert.Equal(everybody.Drive, Assert.Single((await list.Get($"/v1/drives?from={day}&to={day}&near=22.58,113.08"))["items"].EnumerateArray()).GetProperty("id").GetGuid());
        var feed = await service.Anonymous().GetStringAsync(new Uri($"/v1/drives.ics?from={day}&to={day}", UriKind.Relative));
        Assert.Equal((true, false, false), (feed.Contains(everybody.Drive.ToString(), StringComparison.Ordinal), feed.Contains(link.Drive.ToString(), StringComparison.Ordinal), feed.Contains(own.Drive.ToString(), StringComparison.Ordinal)));

        async Task<(int, int, int)> Reads(HttpClient http) => ((await http.Get($"/v1/drives/{everybody.Drive}")).Status, (await http.Get($"/v1/drives/{link.Drive}")).Status, (await http.Get($"/v1/drives/{own.Drive}")).Status);
        Assert.Equal((200, 200, 404), await Reads(service.Anonymous()));
        Assert.Equal((200, 200, 404), await Reads(events.Organiser(await events.Organisation()))); // another organisation's
        Assert.Equal((200, 200, 200), await Reads(events.App(app))); // its donors may be members: Event knows no memberships
        Assert.Equal((200, 200, 200), await Reads(events.Organiser(organisation)));
        // Whoever holds the printed code is meant, and books.
        foreach (var (drive, code) in new[] { everybody, link, own })
        {
            Assert.Equal(200, (await service.Anonymous().Get($"/v1/codes/{code}")).Status);
            Assert.Equal(201, (await events.App(app).Post("/v1/appointments", EventService.BookingBody(drive, morning, await events.Donor(app)))).Status);
        }
    }

    [Fact]
    public async Task A_living_drive_takes_no_times_of_its_own()
    {
        var station = Some.Id();
        Assert.Equal((422, "at_only_backfilled"), Code(await events.Quality(station).Post($"/v1/drives/{await events.Draft(station)}/submit", new { at = EventService.Now })));
    }

    [Fact]
    public async Task Without_token_scope_or_body_a_step_is_refused_or_done()
    {
        var station = Some.Id();
        var drive = await events.Draft(station);
        Assert.Equal((401, "token_required"), Code(await service.Anonymous().Post($"/v1/drives/{drive}/submit")));
        var narrow = service.As(Roles.Station, station);
        narrow.DefaultRequestHeaders.Authorization = new("Bearer", service.Tokens.Client(Roles.Station, station, scopes: "donors"));
        Assert.Equal((403, "scope_required"), Code(await narrow.Post($"/v1/drives/{drive}/submit")));
        var bare = await events.Station(station).PostAsync(new Uri($"/v1/drives/{drive}/submit", UriKind.Relative), null);
        Assert.Equal(200, (int)bare.StatusCode);
        Assert.Equal((404, "not_found"), Code(await events.Station(station).Post($"/v1/drives/{Some.OldId()}/submit")));
        Assert.Equal((409, "not_yet_visible"), Code(await events.Station(station).Post($"/v1/drives/{Some.Id()}/submit")));
    }

    private async Task<(long, long, long)> Rows() => (
        await service.Database.Scalar<long>("select count(*) from event.drive"), await service.Database.Scalar<long>("select count(*) from event.outbox where type like '%Drive%'"),
        await service.Database.Scalar<long>("select count(*) from event.idempotency where key not like 'org%'"));

    private static string[] Actions(Answer drive) => [.. drive["allowedActions"].EnumerateArray().Select(a => a.GetString()!)];

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);
}
