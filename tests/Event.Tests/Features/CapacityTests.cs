using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Waitlist;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class CapacityTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);

    private async Task<Guid> Book(HttpClient http, Guid drive, DateTimeOffset slot, Guid? donor = null) => (await http.Post("/v1/appointments", EventService.BookingBody(drive, slot, donor ?? await events.Donor()))).Id;

    private static async Task<string> Status(HttpClient http, Guid booking) => (await http.Get($"/v1/appointments/{booking}")) is var a ? $"{a.Text("status")} {a.Text("reasonCode")}".TrimEnd() : "";

    private Task<string> Slots(Guid drive) => service.Database.Scalar<string>("select string_agg(booked || '/' || held || '/' || capacity, ' ' order by starts_at) from event.slot where drive_id = @drive", new { drive });

    [Fact]
    public async Task A_cut_below_the_bookings_is_refused_with_them_or_forced_and_the_youngest_are_told_of_alternatives()
    {
        var (station, slot) = (Some.Id(), EventService.Morning(331));
        var http = events.Station(station);
        var drive = await events.OpenDrive(station, slot, capacity: 3);
        var donors = new[] { await events.Donor(), await events.Donor(), await events.Donor() };
        var bookings = new List<Guid>();
        foreach (var donor in donors) bookings.Add(await Book(http, drive, slot, donor));

        var refused = await http.Post($"/v1/drives/{drive}/capacity", new { capacity = 1, reason = "采血床损坏" });
        Assert.Equal((409, "capacity_below_bookings"), Code(refused));
        Assert.Equal([$"appointments/{bookings[2]}", $"appointments/{bookings[1]}"], refused["errors"].EnumerateArray().Select(e => e.GetProperty("pointer").GetString()));
        Assert.Equal("3/0/3 0/0/3 0/0/3 0/0/3", await Slots(drive));

        var forced = await http.Post($"/v1/drives/{drive}/capacity", new { capacity = 1, reason = "采血床损坏", force = true }, "cut-1");
        Assert.Equal((200, 1), (forced.Status, forced["capacityPerSlot"].GetInt32()));
        Assert.Equal("true", (await http.Post($"/v1/drives/{drive}/capacity", new { capacity = 1, reason = "采血床损坏", force = true }, "cut-1")).Response.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal("1/0/1 0/0/1 0/0/1 0/0/1", await Slots(drive));
        Assert.Equal(["booked", "cancelled capacity-cut", "cancelled capacity-cut"], await Task.WhenAll(bookings.Select(b => Status(http, b))));
        Assert.Equal(["capacity-cut", "capacity-cut"], (await service.Published<AppointmentCancelled>()).Where(e => e.DriveId == drive).Select(e => e.ReasonCode));
        Assert.Equal(1, (await service.Published<DriveChanged>()).Last(e => e.DriveId == drive).CapacityPerSlot);
        await Eventually.That(async () => (await service.Published<NoticeRequested>()).Count(n => n.References.DriveId == drive) == 2);

        // A second cut tells whom it takes, and nobody of the first again; the drive's other slots are the nearest alternative.
        var other = await Book(http, drive, slot.AddHours(1));
        Assert.Equal(200, (await http.Post($"/v1/drives/{drive}/capacity", new { capacity = 0, slotStartsAt = slot.AddHours(1), reason = "停电", force = true })).Status);
        await Eventually.That(async () => (await service.Published<NoticeRequested>()).Any(n => n.References.AppointmentId == other));
        var told = (await service.Published<NoticeRequested>()).FindAll(n => n.References.DriveId == drive);
        Assert.Equal(bookings.Skip(1).Append(other).Order(), told.Select(n => n.References.AppointmentId!.Value).Order());
        Assert.All(told, n => Assert.Equal(("booking", "capacity-cut", drive), (n.Purpose, n.TemplateCode, n.References.AlternativeDriveIds![0])));
        Assert.Equal((409, "slot_full"), Code(await http.Post("/v1/appointments", EventService.BookingBody(drive, slot.AddHours(1), await events.Donor()))));

        var changes = (await http.Get($"/v1/drives/{drive}/changes"))["items"].EnumerateArray().ToArray();
        Assert.Equal(["capacityPerSlot 3 1 采血床损坏", "capacityPerSlot 1 0 停电"], changes.Select(c => $"{c.GetProperty("field")} {c.GetProperty("from")} {c.GetProperty("to")} {c.GetProperty("reason")}"));
        Assert.Equal((station, slot.AddHours(1)), (changes[1].GetProperty("by").GetProperty("organisationId").GetGuid(), changes[1].GetProperty("slotStartsAt").GetDateTimeOffset()));
        var seen = (await service.Anonymous().Get($"/v1/drives/{drive}/changes"))["items"][0];
        Assert.Equal((System.Text.Json.JsonValueKind.Null, System.Text.Json.JsonValueKind.Null), (seen.GetProperty("reason").ValueKind, seen.GetProperty("by").ValueKind));
    }

    [Fact]
    public async Task Offers_are_withdrawn_before_any_booking_and_who_has_come_stays()
    {
        var (station, slot) = (Some.Id(), EventService.Morning(7));
        var http = events.Station(station);
        var drive = await events.OpenDrive(station, slot, capacity: 2);
        foreach (var hour in new[] { 1, 2, 3 }) for (var i = 0; i < 2; i++) await Book(http, drive, slot.AddHours(hour));
        var (came, leaves) = (await events.Donor(), await Book(http, drive, slot));
        var arrived = await Book(http, drive, slot, came);
        var waits = await events.Donor();
        var entry = await http.Post($"/v1/drives/{drive}/waitlist", new { donorId = waits, channel = "wechat", slotStartsAt = slot });
        Assert.Equal(200, (await http.Post($"/v1/appointments/{leaves}/cancel")).Status);
        await service.App.Services.GetServices<IHostedService>().OfType<OfferPlaces>().Single().LookNow(TestContext.Current.CancellationToken);
        await Eventually.That(async () => (await http.Get($"/v1/waitlist/{entry.Id}")).Text("status") == "offered");
        await service.Deliver(EventService.VisitOpened(Some.Id(), came, drive, arrived));

        var refused = await http.Post($"/v1/drives/{drive}/capacity", new { capacity = 1, slotStartsAt = slot, reason = "护士生病" });
        Assert.Equal((409, $"waitlist/{entry.Id}"), (refused.Status, Assert.Single(refused["errors"].EnumerateArray()).GetProperty("pointer").GetString()));
        Assert.Equal(200, (await http.Post($"/v1/drives/{drive}/capacity", new { capacity = 1, slotStartsAt = slot, reason = "护士生病", force = true })).Status);
        Assert.Equal("1/0/1 2/0/2 2/0/2 2/0/2", await Slots(drive));
        var back = await http.Get($"/v1/waitlist/{entry.Id}");
        Assert.Equal(("waiting", System.Text.Json.JsonValueKind.Null), (back.Text("status"), back["offer"].ValueKind));
        Assert.Equal(["place-offered", "offer-withdrawn"], (await service.Published<NoticeRequested>()).Where(n => n.DonorId == waits).Select(n => n.TemplateCode));
        Assert.Equal((409, "offer_over"), Code(await http.Post($"/v1/waitlist/{entry.Id}/accept")));

        var kept = await http.Post($"/v1/drives/{drive}/capacity", new { capacity = 0, slotStartsAt = slot, reason = "护士生病", force = true });
        Assert.Equal((409, "capacity_below_bookings", "donors_have_come"), (kept.Status, kept.Code, kept["errors"][0].GetProperty("code").GetString()));
        Assert.Equal("arrived", await Status(http, arrived));
    }

    [Fact]
    public async Task Bookings_and_cuts_at_once_leave_no_slot_over_its_capacity()
    {
        var (station, slot) = (Some.Id(), EventService.Morning(7));
        var http = events.Station(station);
        var drive = await events.OpenDrive(station, slot, capacity: 20);
        var donors = new List<Guid>();
        for (var i = 0; i < 40; i++) donors.Add(await events.Donor());
        var acts = donors.Select(d => http.Post("/v1/appointments", EventService.BookingBody(drive, slot, d))).ToList();
        foreach (var capacity in new[] { 9, 5, 7 }) acts.Add(http.Post($"/v1/drives/{drive}/capacity", new { capacity, slotStartsAt = slot, reason = "演练", force = true }));
        var answers = await Task.WhenAll(acts);
        Assert.All(answers.Skip(40), a => Assert.Equal(200, a.Status));
        Assert.All(answers.Take(40), a => Assert.True(a.Status == 201 || (a.Status, a.Code) == (409, "slot_full"), a.ToString()));
        var (booked, capacityNow) = (await service.Database.Scalar<int>("select count(*)::int from event.appointment where drive_id = @drive and status = 'booked'", new { drive }),
            await service.Database.Scalar<int>("select capacity from event.slot where drive_id = @drive and starts_at = @slot", new { drive, slot }));
        Assert.InRange(booked, 0, capacityNow);
        Assert.Equal($"{booked}/0/{capacityNow}", (await Slots(drive)).Split(' ')[0]);
        var cancelled = (await service.Published<AppointmentCancelled>()).Where(e => e.DriveId == drive).Select(e => e.AppointmentId).ToList();
        Assert.Equal(answers.Take(40).Count(a => a.Status == 201), booked + cancelled.Distinct().Count());
        Assert.Equal(cancelled.Count, cancelled.Distinct().Count());
        await Eventually.That(async () => (await service.Published<NoticeRequested>()).Count(n => n.References.DriveId == drive) == cancelled.Count); // each once
    }

    [Fact]
    public async Task A_drive_that_gets_its_date_when_the_old_one_is_past_keeps_the_capacity_of_each_slot()
    {
        var (station, start) = (Some.Id(), EventService.Morning(12));
        var drive = await events.OpenDrive(station, start, capacity: 1);
        var http = events.Station(station);
        foreach (var (slot, capacity) in new[] { (0, 3), (2, 0) }) Assert.Equal(200, (await http.Post($"/v1/drives/{drive}/capacity", new { capacity, slotStartsAt = start.AddHours(slot), reason = "两张床借来" })).Status);
        for (var i = 0; i < 3; i++) Assert.Equal(201, (await http.Post("/v1/appointments", EventService.BookingBody(drive, start, await events.Donor()))).Status);
        Assert.Equal(200, (await http.Post($"/v1/drives/{drive}/postpone", new { reasonCode = "typhoon" })).Status);
        await service.Database.Execute("""
            update event.drive set starts_at = starts_at - interval '30 days', ends_at = ends_at - interval '30 days' where id = @drive;
            update event.slot set starts_at = starts_at - interval '30 days', ends_at = ends_at - interval '30 days' where drive_id = @drive;
            update event.appointment set slot_starts_at = slot_starts_at - interval '30 days' where drive_id = @drive
            """, new { drive });
        var version = (await http.Get($"/v1/drives/{drive}")).Response.Headers.ETag!.Tag;
        var dated = await http.Patch($"/v1/drives/{drive}", new { startsAt = start.AddDays(20), endsAt = start.AddDays(20).AddHours(4), reason = "新日期" }, version);
        Assert.True(dated.Status == 200, dated.ToString());
        Assert.Equal("3/3 1/0 0/0 1/0", await service.Database.Scalar<string>("select string_agg(capacity || '/' || booked, ' ' order by starts_at) from event.slot where drive_id = @drive and starts_at >= @at", new { drive, at = start.AddDays(20) }));
    }

    [Fact]
    public async Task A_capacity_that_cannot_be_changed_is_refused_and_nothing_is_written()
    {
        var (station, slot) = (Some.Id(), EventService.Morning(7));
        var (http, drive, draft) = (events.Station(station), await events.OpenDrive(station, slot, capacity: 2), await events.Draft(station));
        var path = $"/v1/drives/{drive}/capacity";
        Assert.Equal((422, "invalid_value"), Code(await http.Post(path, new { capacity = 0, reason = "x" })));
        Assert.Equal((422, "invalid_value"), Code(await http.Post(path, new { capacity = -1, reason = "x" })));
        Assert.Equal((422, "invalid_value"), Code(await http.Post(path, new { capacity = 1, reason = "" })));
        Assert.Equal((400, "malformed_request"), Code(await http.Post(path, new { capacity = 1 })));
        Assert.Equal((422, "slot_unknown"), Code(await http.Post(path, new { capacity = 1, reason = "x", slotStartsAt = slot.AddMinutes(1) })));
        Assert.Equal((409, "step_out_of_order"), Code(await http.Post($"/v1/drives/{draft}/capacity", new { capacity = 1, reason = "x" })));
        Assert.Equal((404, "not_found"), Code(await events.Station(Some.Id()).Post(path, new { capacity = 1, reason = "x" })));
        Assert.Equal((403, "role_forbidden"), Code(await events.Organiser(Some.Id()).Post(path, new { capacity = 1, reason = "x" })));
        Assert.Equal((404, "not_found"), Code(await events.Station(Some.Id()).Get($"/v1/drives/{draft}/changes")));
        Assert.Empty((await http.Get($"/v1/drives/{drive}/changes"))["items"].EnumerateArray());
        Assert.Equal("0/0/2 0/0/2 0/0/2 0/0/2", await Slots(drive));
        Assert.Equal(200, (await http.Post(path, new { capacity = 5, reason = "加一张床" })).Status);
        Assert.Equal("0/0/5 0/0/5 0/0/5 0/0/5", await Slots(drive));
    }
}
