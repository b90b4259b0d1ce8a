using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Waitlist;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class WaitlistTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;
    private readonly DateTimeOffset slot = EventService.Morning(7);

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);

    private Task Offer() => service.App.Services.GetServices<IHostedService>().OfType<OfferPlaces>().Single().LookNow(TestContext.Current.CancellationToken);

    private Task<Answer> Wait(HttpClient http, Guid drive, Guid donor, DateTimeOffset? at = null) => http.Post($"/v1/drives/{drive}/waitlist", new { donorId = donor, channel = "wechat", slotStartsAt = at });

    private Task<Answer> Book(HttpClient http, Guid drive, Guid donor) => http.Post("/v1/appointments", EventService.BookingBody(drive, slot, donor));

    /// <summary>A drive with one place, which is taken.</summary>
    private async Task<(HttpClient Http, Guid Drive, Guid Booking)> Full()
    {
        var station = Some.Id();
        var drive = await events.Draft(station, slot, capacity: 1, hours: 1);
        await events.Steps(station, drive, null, "submit", "approve", "open");
        var http = events.Station(station);
        return (http, drive, (await Book(http, drive, await events.Donor())).Id);
    }

    [Fact]
    public async Task However_many_wait_for_another_slot_a_freed_place_is_offered_to_who_waits_for_it()
    {
        var station = Some.Id();
        var drive = await events.Draft(station, slot, capacity: 1, hours: 2);
        await events.Steps(station, drive, null, "submit", "approve", "open");
        var http = events.Station(station);
        foreach (var at in new[] { slot, slot.AddHours(1) }) Assert.Equal(201, (await http.Post("/v1/appointments", EventService.BookingBody(drive, at, await events.Donor()))).Status);
        var model = await Wait(http, drive, await events.Donor(), slot);
        Assert.Equal(201, model.Status);
        await service.Database.Execute("insert into event.waiting (id, version, drive_id, slot_starts_at, donor_id, procedure, channel, status, joined_at) select gen_random_uuid(), 1, drive_id, slot_starts_at, gen_random_uuid(), procedure, channel, status, joined_at from event.waiting, generate_series(1, 120) where id = @id", new { model.Id });
        var last = await Wait(http, drive, await events.Donor(), slot.AddHours(1));
        var booking = await service.Database.Scalar<Guid>("select id from event.appointment where drive_id = @drive and slot_starts_at = @at", new { drive, at = slot.AddHours(1) });
        Assert.Equal(200, (await http.Post($"/v1/appointments/{booking}/cancel")).Status);
        await Offer();
        await Eventually.That(async () => await Status(http, last) == "offered");
    }

    private static async Task<string?> Status(HttpClient http, Answer entry) => (await http.Get($"/v1/waitlist/{entry.Id}")).Text("status");

    [Fact]
    public async Task A_freed_place_is_held_for_the_first_who_waits_and_becomes_his_on_a_call()
    {
        var (http, drive, booking) = await Full();
        var (first, second) = (await events.Donor(), await events.Donor());
        var entry = await Wait(http, drive, first, slot);
        Assert.Equal((201, "waiting"), (entry.Status, entry.Text("status")));
        var next = await Wait(http, drive, second);
        Assert.Equal((409, "offer_over"), Code(await http.Post($"/v1/waitlist/{entry.Id}/accept")));
        Assert.Equal(200, (await http.Post($"/v1/appointments/{booking}/cancel")).Status);
        Assert.Equal((409, "slot_full"), Code(await Book(http, drive, await events.Donor()))); // nobody overtakes, before and after it is offered
        await Offer();
        await Eventually.That(async () => await Status(http, entry) == "offered");
        Assert.Equal((409, "slot_full"), Code(await Book(http, drive, await events.Donor())));
        Assert.Equal("waiting", await Status(http, next));
        var notice = Assert.Single(await service.Published<NoticeRequested>(), e => e.DonorId == first);
        Assert.Equal(("waitlist", "place-offered", entry.Id, slot), (notice.Purpose, notice.TemplateCode, notice.References.WaitlistId, notice.References.SlotStartsAt));
        var accepted = await http.Post($"/v1/waitlist/{entry.Id}/accept");
        Assert.Equal((200, "accepted"), (accepted.Status, accepted.Text("status")));
        Assert.Equal((409, "offer_over"), Code(await http.Post($"/v1/waitlist/{entry.Id}/accept")));
        Assert.Equal(accepted["appointmentId"].GetGuid(), Assert.Single(await service.Published<AppointmentBooked>(), e => e.DonorId == first).AppointmentId);
        Assert.Equal("1/0", await service.Database.Scalar<string>("select booked || '/' || held from event.slot where drive_id = @drive", new { drive }));
        Assert.Equal(1, await service.Database.Scalar<int>("select count(*)::int from event.booking_block where person_id = @first and side = 'on'", new { first }));
    }

    [Fact]
    public async Task An_offer_that_runs_out_or_is_declined_goes_to_the_next_and_who_may_not_give_any_more_is_passed_over()
    {
        var (http, drive, booking) = await Full();
        var donors = new[] { await events.Donor(), await events.Donor(), await events.Donor(), await events.Donor() };
        var entries = new List<Answer>();
        foreach (var donor in donors) entries.Add(await Wait(http, drive, donor));
        await service.Deliver(EventService.Eligible(donors[1], 3, new DateWindow(Shanghai.DateOf(slot).AddDays(1), null)));
        await http.Post($"/v1/appointments/{booking}/cancel");
        await Offer();
        await Eventually.That(async () => await Status(http, entries[0]) == "offered");
        await service.Database.Execute("update event.waiting set expires_at = now() - interval '1 second' where id = @id", new { id = entries[0].Id });
        Assert.Equal((409, "offer_over"), Code(await http.Post($"/v1/waitlist/{entries[0].Id}/accept")));
        await Offer();
        await Eventually.That(async () => await Status(http, entries[2]) == "offered");
        Assert.Equal(["expired", "ended", "offered", "waiting"], (await Task.WhenAll(entries.Select(e => Status(http, e)))).Select(s => s!));
        Assert.Equal(["offer-expired", "waitlist-ended"], (await service.Published<NoticeRequested>()).Where(n => (n.DonorId == donors[0] || n.DonorId == donors[1]) && n.TemplateCode != "place-offered").Select(n => n.TemplateCode));
        Assert.Equal("left", (await http.Post($"/v1/waitlist/{entries[2].Id}/leave")).Text("status"));
        await Offer();
        await Eventually.That(async () => await Status(http, entries[3]) == "offered");
        Assert.Equal("left", (await http.Post($"/v1/waitlist/{entries[3].Id}/leave")).Text("status"));
        Assert.Equal(201, (await Book(http, drive, await events.Donor())).Status);
    }

    [Fact]
    public async Task At_a_drive_of_several_days_who_may_not_give_on_the_day_that_has_a_place_waits_on_for_another()
    {
        var station = Some.Id();
        var drive = await events.Draft(station, slot, capacity: 1, hours: 25); // one slot on each of two days
        await events.Steps(station, drive, null, "submit", "approve", "open");
        var http = events.Station(station);
        var days = new[] { slot, slot.AddDays(1) };
        var booked = new List<Guid>();
        foreach (var day in days) booked.Add((await http.Post("/v1/appointments", EventService.BookingBody(drive, day, await events.Donor()))).Id);
        var firstDayOnly = Some.Id();
        await service.Deliver(EventService.Registered(firstDayOnly), EventService.Eligible(firstDayOnly, 2, new DateWindow(new(2008, 1, 1), Shanghai.DateOf(slot))));
        var (first, second) = (await Wait(http, drive, firstDayOnly), await Wait(http, drive, await events.Donor()));

        // The second day's place is not for the first in line: it goes to the next, and after him to whoever books.
        Assert.Equal(200, (await http.Post($"/v1/appointments/{booked[1]}/cancel")).Status);
        await Offer();
        await Eventually.That(async () => await Status(http, second) == "offered");
        Assert.Equal(days[1], (await http.Get($"/v1/waitlist/{second.Id}"))["offer"].GetProperty("slotStartsAt").GetDateTimeOffset());
        Assert.Equal("waiting", await Status(http, first));
        Assert.DoesNotContain(await service.Published<NoticeRequested>(), n => n.DonorId == firstDayOnly);
        Assert.Equal("left", (await http.Post($"/v1/waitlist/{second.Id}/leave")).Text("status"));
        Assert.Equal(201, (await http.Post("/v1/appointments", EventService.BookingBody(drive, days[1], await events.Donor()))).Status);

        Assert.Equal(200, (await http.Post($"/v1/appointments/{booked[0]}/cancel")).Status);
        Assert.Equal((409, "slot_full"), Code(await Book(http, drive, await events.Donor())));
        await Offer();
        await Eventually.That(async () => await Status(http, first) == "offered");
        Assert.Equal(days[0], (await http.Get($"/v1/waitlist/{first.Id}"))["offer"].GetProperty("slotStartsAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task Who_waits_for_any_day_is_offered_the_first_free_one_that_he_may_take()
    {
        var station = Some.Id();
        var drive = await events.Draft(station, slot, capacity: 1, hours: 25);
        await events.Steps(station, drive, null, "submit", "approve", "open");
        var http = events.Station(station);
        var booked = new List<Guid>();
        foreach (var day in new[] { slot, slot.AddDays(1) }) booked.Add((await http.Post("/v1/appointments", EventService.BookingBody(drive, day, await events.Donor()))).Id);
        var donor = Some.Id();
        await service.Deliver(EventService.Registered(donor), EventService.Eligible(donor, 2, new DateWindow(Shanghai.DateOf(slot).AddDays(1), null)));
        var entry = await Wait(http, drive, donor);
        await service.Database.Execute("update event.slot set capacity = 2 where drive_id = @drive", new { drive });
        await Offer();
        await Eventually.That(async () => await Status(http, entry) == "offered");
        Assert.Equal(slot.AddDays(1), (await http.Get($"/v1/waitlist/{entry.Id}"))["offer"].GetProperty("slotStartsAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task One_waits_once_only_where_nothing_is_free_and_only_for_what_he_could_book()
    {
        var (http, drive, _) = await Full();
        var (donor, app) = (await events.Donor(), Some.Id());
        Assert.Equal(201, (await Wait(http, drive, donor)).Status);
        Assert.Equal((409, "already_waiting"), Code(await Wait(http, drive, donor)));
        Assert.Equal((409, "places_left"), Code(await Wait(events.Station(await StationOf(await events.OpenDrive(Some.Id()))), await OpenDrive(), donor)));
        Assert.Equal((422, "slot_unknown"), Code(await Wait(http, drive, await events.Donor(), slot.AddMinutes(1))));
        var never = Some.Id();
        await service.Deliver(EventService.Registered(never), EventService.Eligible(never, 2, new DateWindow(new(2008, 1, 1), new(2009, 1, 1))));
        Assert.Equal((422, "not_eligible"), Code(await Wait(http, drive, never)));
        Assert.Equal((404, "not_found"), Code(await Wait(events.Station(Some.Id()), drive, await events.Donor())));
        Assert.Equal((404, "not_found"), Code(await Wait(http, Some.OldId(), await events.Donor())));
        Assert.Equal((422, "invalid_value"), Code(await http.Post($"/v1/drives/{drive}/waitlist", new { donorId = donor, channel = "We Chat" })));
        var theirs = await Wait(events.App(app), drive, await events.Donor(app));
        Assert.Equal(201, theirs.Status);
        Assert.Equal((404, "not_found"), Code(await events.App(Some.Id()).Get($"/v1/waitlist/{theirs.Id}")));
        Assert.Equal((404, "not_found"), Code(await events.App(Some.Id()).Post($"/v1/waitlist/{theirs.Id}/leave")));
        Assert.Single((await events.App(app).Get($"/v1/drives/{drive}/waitlist"))["items"].EnumerateArray());
        Assert.Equal(2, (await http.Get($"/v1/drives/{drive}/waitlist"))["items"].GetArrayLength());
    }

    [Fact]
    public async Task Who_waits_is_listed_at_ones_own_drives_and_a_drive_that_one_may_not_see_has_no_list()
    {
        var (http, drive, _) = await Full();
        Assert.Equal((200, 0), await http.Get($"/v1/drives/{drive}/waitlist") is var own ? (own.Status, own["items"].GetArrayLength()) : default);
        Assert.Equal(200, (await events.App(Some.Id()).Get($"/v1/drives/{drive}/waitlist")).Status);
        var draft = await events.Draft(Some.Id(), EventService.Morning(411));
        foreach (var (reader, of) in new[] { (events.Station(Some.Id()), drive), (events.App(Some.Id()), draft), (http, draft), (http, Some.OldId()) })
            Assert.Equal((404, "not_found"), Code(await reader.Get($"/v1/drives/{of}/waitlist")));
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("postpone")]
    public async Task Who_waits_or_holds_an_offer_at_a_drive_that_is_off_or_moves_is_told_that_he_waits_no_longer(string step)
    {
        var (http, drive, booking) = await Full();
        var donors = new[] { await events.Donor(), await events.Donor() };
        var entries = new[] { await Wait(http, drive, donors[0]), await Wait(http, drive, donors[1], slot) };
        Assert.Equal(200, (await http.Post($"/v1/appointments/{booking}/cancel")).Status);
        await Offer();
        await Eventually.That(async () => await Status(http, entries[0]) == "offered");
        Assert.Equal(200, (await http.Post($"/v1/drives/{drive}/{step}", new { reasonCode = "typhoon" })).Status);
        Assert.Equal(["ended", "ended"], (await Task.WhenAll(entries.Select(e => Status(http, e)))).Select(s => s!));
        List<NoticeRequested> told = [];
        await Eventually.That(async () => (told = (await service.Published<NoticeRequested>()).FindAll(n => n.TemplateCode == "waitlist-ended" && n.References.DriveId == drive)).Count == 2);
        Assert.Equal(donors.Order(), told.Select(n => n.DonorId).Order());
        Assert.Equal(entries.Select(e => e.Id).Order(), told.Select(n => n.References.WaitlistId!.Value).Order());
        Assert.Equal(0, await service.Database.Scalar<int>("select sum(booked + held)::int from event.slot where drive_id = @drive", new { drive }));
    }

    [Fact]
    public async Task Who_waits_waits_on_when_a_drive_only_ends_otherwise_and_is_told_when_his_slot_is_gone()
    {
        var station = Some.Id();
        var drive = await events.Draft(station, slot, capacity: 1, hours: 2);
        await events.Steps(station, drive, null, "submit", "approve", "open");
        var http = events.Station(station);
        var booked = new List<Guid>();
        foreach (var at in new[] { slot, slot.AddHours(1) }) booked.Add((await http.Post("/v1/appointments", EventService.BookingBody(drive, at, await events.Donor()))).Id);
        var donors = new List<Guid>();
        async Task<Answer> Waits(DateTimeOffset? at)
        {
            donors.Add(await events.Donor());
            return await Wait(http, drive, donors[^1], at);
        }
        var (any, first, second) = (await Waits(null), await Waits(slot), await Waits(slot.AddHours(1)));
        Assert.Equal(200, (await http.Post($"/v1/appointments/{booked[1]}/cancel")).Status);
        await Offer();
        await Eventually.That(async () => await Status(http, any) == "offered");
        async Task Statuses(params string[] expected)
        {
            var now = new List<string?>();
            foreach (var entry in new[] { any, first, second }) now.Add(await Status(http, entry));
            Assert.Equal(expected, now);
        }
        Task<string> Places() => service.Database.Scalar<string>("select string_agg(booked || '/' || held, ' ' order by starts_at) from event.slot where drive_id = @drive", new { drive });

        Assert.Equal(200, (await http.Patch($"/v1/drives/{drive}", new { endsAt = slot.AddHours(2).AddMinutes(30), reason = "场地多给半小时" }, "*")).Status);
        await Statuses("offered", "waiting", "waiting");
        Assert.Equal("1/0 0/1", await Places());

        Assert.Equal(200, (await http.Patch($"/v1/drives/{drive}", new { endsAt = slot.AddHours(1), reason = "场地只到十一点" }, "*")).Status);
        await Statuses("waiting", "waiting", "ended");
        Assert.Equal("1/0", await Places());
        List<NoticeRequested> told = [];
        await Eventually.That(async () => (told = (await service.Published<NoticeRequested>()).FindAll(n => donors.Contains(n.DonorId) && n.TemplateCode != "place-offered")).Count == 2);
        Assert.Equal(new[] { (donors[0], "offer-withdrawn"), (donors[2], "waitlist-ended") }.Order(), told.Select(n => (n.DonorId, n.TemplateCode)).Order());
    }

    private Guid? openStation;

    private async Task<Guid> StationOf(Guid drive) => (openStation = await service.Database.Scalar<Guid>("select station_id from event.drive where id = @drive", new { drive })).Value;

    private async Task<Guid> OpenDrive() => await service.Database.Scalar<Guid>("select id from event.drive where station_id = @openStation", new { openStation });

    [Fact]
    public async Task Erasure_and_the_drives_end_leave_nothing_held()
    {
        var (http, drive, booking) = await Full();
        var (erased, other) = (await events.Donor(), await events.Donor());
        var (one, two) = (await Wait(http, drive, erased), await Wait(http, drive, other));
        await http.Post($"/v1/appointments/{booking}/cancel");
        await Offer();
        await Eventually.That(async () => await Status(http, one) == "offered");
        await service.Deliver(new DonorErased { Key = erased.ToString(), Version = 8, OccurredAt = EventService.Now, ErasureId = Some.Id(), DonorId = erased });
        await Offer();
        await Eventually.That(async () => await Status(http, two) == "offered");
        Assert.Equal("left", await Status(http, one));
        Assert.Equal(200, (await http.Post($"/v1/drives/{drive}/cancel", new { reasonCode = "typhoon" })).Status);
        Assert.Equal("ended", await Status(http, two));
        Assert.Equal(0, await service.Database.Scalar<int>("select sum(booked + held)::int from event.slot where drive_id = @drive", new { drive }));
    }

    [Fact]
    public async Task Acceptance_and_expiry_at_once_have_one_winner_and_two_replicas_offer_a_place_once()
    {
        var (http, drive, booking) = await Full();
        var entries = new List<Answer>();
        for (var i = 0; i < 6; i++) entries.Add(await Wait(http, drive, await events.Donor()));
        await http.Post($"/v1/appointments/{booking}/cancel");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Offer()));
        Assert.Equal((1, 5), (await Count(drive, "offered"), await Count(drive, "waiting")));
        Assert.Equal("offered", await Status(http, entries[0]));
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => http.Post($"/v1/waitlist/{entries[0].Id}/accept")).Append(http.Post($"/v1/waitlist/{entries[0].Id}/leave")));
        Assert.Equal(1, answers.Count(a => a.Status == 200));
        Assert.Equal(4, answers.Count(a => a is { Status: 409, Code: "offer_over" }));
    }

    private Task<int> Count(Guid drive, string status) => service.Database.Scalar<int>("select count(*)::int from event.waiting where drive_id = @drive and status = @status", new { drive, status });
}
