using System.Net;
using System.Text.RegularExpressions;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Provisional;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>Places that are taken on the page of a code with name and telephone and become bookings at the desk.</summary>
[Collection(EventCollection.Name)]
public sealed partial class ProvisionalTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;
    private readonly DateTimeOffset slot = EventService.Morning(9);
    private static int serial;

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);

    private static string Phone() => $"138{Interlocked.Increment(ref serial):D8}";

    private async Task<(Guid Station, Guid Drive, string Code)> Announced(int capacity = 10, DateTimeOffset? at = null)
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station, at ?? slot, capacity);
        Assert.Equal(HttpStatusCode.OK, (await events.Station(station).GetAsync($"/v1/drives/{drive}/qr.svg?channel=poster")).StatusCode);
        return (station, drive, await service.Database.Scalar<string>("select code from event.code where drive_id = @drive", new { drive }));
    }

    /// <summary>As a telephone sends the form, each from an address of its own unless one is given.</summary>
    private async Task<(int Status, string Html, string? Reference)> Hold(string code, DateTimeOffset? at, string? name, string? phone, string? agree = "yes", string? address = null)
    {
        using var http = service.Anonymous();
        http.DefaultRequestHeaders.Add("X-Real-IP", address ?? Some.Id().ToString());
        Dictionary<string, string?> form = new() { ["slot"] = at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"), ["name"] = name, ["phone"] = phone, ["agree"] = agree };
        using var answer = await http.PostAsync($"/q/{code}/booking", new FormUrlEncodedContent(form.Where(f => f.Value is not null).Select(f => KeyValuePair.Create(f.Key, f.Value!))));
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        var html = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, html, Reference().Match(html) is { Success: true } found ? found.Groups[1].Value : null);
    }

    private HttpClient Registrar(Guid station) => service.As(Roles.Station, station, "R1", "registrar");

    private async Task<Guid> Held(Guid station, Guid drive) => Assert.Single((await events.Station(station).Get($"/v1/drives/{drive}/provisional-bookings"))["items"].EnumerateArray()).GetProperty("id").GetGuid();

    private Task<string> Slot(Guid drive) => service.Database.Scalar<string>("select string_agg(booked || '/' || held, ' ' order by starts_at) from event.slot where drive_id = @drive", new { drive });

    private Task<long> Known(Guid drive) => service.Database.Scalar<long>("select count(*) from event.provisional_booking p left join event.subject_key k on k.subject_id = p.id where p.drive_id = @drive and (p.content is not null or p.phone_index is not null or k.subject_id is not null)", new { drive });

    [Fact]
    public async Task A_place_taken_with_name_and_telephone_becomes_a_booking_at_the_desk_and_who_it_was_is_forgotten()
    {
        var (station, drive, code) = await Announced();
        using (var http = service.Anonymous())
        {
            var page = await http.GetStringAsync($"/q/{code}");
            Assert.Contains($"action=\"/q/{code}/booking\"", page, StringComparison.Ordinal);
            Assert.Contains("登记为正式预约、时段结束或活动结束、取消时即删除", page, StringComparison.Ordinal);
        }
        var phone = Phone();
        var (status, html, reference) = await Hold(code, slot, "王小明", "+86 " + phone);
        Assert.True((status, reference?.Length) == (200, 5), html);
        Assert.Equal("0/1 0/0 0/0 0/0", await Slot(drive));
        Assert.Equal(reference, (await Hold(code, slot, "王小明", phone)).Reference); // a page without scripts is reloaded
        var stored = await service.Database.Scalar<string>("select p::text from event.provisional_booking p where drive_id = @drive", new { drive });
        Assert.DoesNotContain("王", stored, StringComparison.Ordinal);
        Assert.DoesNotContain(phone, stored, StringComparison.Ordinal);

        var list = await events.Station(station).Get($"/v1/drives/{drive}/provisional-bookings");
        var row = Assert.Single(list["items"].EnumerateArray());
        Assert.Equal((reference, "王**", "held"), (row.GetProperty("reference").GetString(), row.GetProperty("name").GetString(), row.GetProperty("status").GetString()));
        Assert.DoesNotContain(phone, list.ToString(), StringComparison.Ordinal);
        var id = row.GetProperty("id").GetGuid();
        Assert.Equal(404, (await events.Station(Some.Id()).Get($"/v1/drives/{drive}/provisional-bookings")).Status);

        // What forbids a booking forbids this, and leaves the place held.
        var deferred = Some.Id();
        await service.Deliver(EventService.Registered(deferred), EventService.Eligible(deferred, 2, new DateWindow(Shanghai.DateOf(slot).AddDays(1), null)));
        Assert.Equal((422, "not_eligible"), Code(await Registrar(station).Post($"/v1/provisional-bookings/{id}/confirm", new { donorId = deferred })));
        var donor = await events.Donor();
        var twice = await events.Donor();
        Assert.Equal(201, (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, slot, twice), Some.Key())).Status);
        Assert.Equal((409, "already_booked"), Code(await Registrar(station).Post($"/v1/provisional-bookings/{id}/confirm", new { donorId = twice })));
        Assert.Equal((403, "staff_required"), Code(await events.Station(station).Post($"/v1/provisional-bookings/{id}/confirm", new { donorId = donor })));
        Assert.Equal(404, (await Registrar(Some.Id()).Post($"/v1/provisional-bookings/{id}/confirm", new { donorId = donor })).Status);
        Assert.Equal("1/1 0/0 0/0 0/0", await Slot(drive));

        var confirmed = await Registrar(station).Post($"/v1/provisional-bookings/{id}/confirm", new { donorId = donor });
        Assert.Equal((200, "confirmed"), (confirmed.Status, confirmed.Text("status")));
        Assert.Equal("2/0 0/0 0/0 0/0", await Slot(drive));
        Assert.Equal(0, await Known(drive));
        var booked = Assert.Single(await service.Published<AppointmentBooked>(), e => e.DonorId == donor);
        Assert.Equal((confirmed["appointmentId"].GetGuid(), slot, "poster"), (booked.AppointmentId, booked.SlotStartsAt, booked.Channel));
        Assert.Equal((409, "provisional_settled"), Code(await Registrar(station).Post($"/v1/provisional-bookings/{id}/confirm", new { donorId = await events.Donor() })));
        Assert.Equal((409, "provisional_settled"), Code(await events.Station(station).Post($"/v1/provisional-bookings/{id}/decline")));
        Assert.Empty((await events.Station(station).Get($"/v1/drives/{drive}/provisional-bookings"))["items"].EnumerateArray());

        Assert.Equal(200, (await Hold(code, slot.AddHours(1), "李四", Phone())).Status);
        Assert.Equal("declined", (await events.Station(station).Post($"/v1/provisional-bookings/{await Held(station, drive)}/decline")).Text("status"));
        Assert.Equal(("2/0 0/0 0/0 0/0", 0), (await Slot(drive), await Known(drive)));
    }

    [Fact]
    public async Task Of_many_at_once_as_many_hold_a_place_as_are_free_beside_who_books()
    {
        var (station, drive, code) = await Announced(capacity: 3);
        var donors = new List<Guid>();
        for (var i = 0; i < 4; i++) donors.Add(await events.Donor());
        var holds = Enumerable.Range(0, 12).Select(i => Hold(code, slot, "测试", Phone())).ToArray();
        var bookings = donors.Select(d => events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, slot, d))).ToArray();
        var held = (await Task.WhenAll(holds)).GroupBy(h => h.Status).ToDictionary(g => g.Key, g => g.Count());
        var booked = (await Task.WhenAll(bookings)).Count(b => b.Status == 201);
        Assert.Equal(3, held.GetValueOrDefault(200) + booked);
        Assert.Equal(12, held.GetValueOrDefault(200) + held.GetValueOrDefault(409));
        Assert.Equal($"{booked}/{held.GetValueOrDefault(200)} 0/0 0/0 0/0", await Slot(drive));
        Assert.Equal(held.GetValueOrDefault(200), await Known(drive)); // whoever was refused is known to nobody
        Assert.Contains("该时段已约满", (await Hold(code, slot, "测试", Phone())).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_telephone_holds_one_place_at_a_drive_however_often_it_asks_at_once()
    {
        var (_, drive, code) = await Announced();
        var phone = Phone();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Hold(code, slot.AddHours(i % 2), "测试" + (char)('甲' + i), phone)));
        Assert.Equal((1, 9), (answers.Count(a => a.Status == 200), answers.Count(a => a.Status == 409 && a.Reference is null)));
        Assert.Contains("此手机号已预留过", answers.First(a => a.Status == 409).Html, StringComparison.Ordinal);
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from event.provisional_booking where drive_id = @drive", new { drive }));
        Assert.Equal(1, await service.Database.Scalar<long>("select sum(held) from event.slot where drive_id = @drive", new { drive }));
        var other = await Announced();
        Assert.Equal(200, (await Hold(other.Code, slot, "测试", phone)).Status);
    }

    [Fact]
    public async Task What_is_filled_in_wrongly_is_said_in_words_and_nothing_is_kept()
    {
        var (station, drive, code) = await Announced();
        foreach (var (at, name, phone, agree, status, said) in new (DateTimeOffset?, string?, string?, string?, int, string)[]
        {
            (slot, null, Phone(), "yes", 422, "请填写姓名"), (slot, "440703199001011234", Phone(), "yes", 422, "请勿填写证件号码"), (slot, "<b>x</b>", Phone(), "yes", 422, "姓名填写有误"),
            (slot, "王小明", null, "yes", 422, "请填写11位手机号码"), (slot, "王小明", "0750-1234567", "yes", 422, "请填写11位手机号码"), (slot, "王小明", "1380000000", "yes", 422, "请填写11位手机号码"),
            (slot, "王小明", Phone(), null, 422, "请先勾选同意"), (null, "王小明", Phone(), "yes", 422, "请选择时段"), (slot.AddMinutes(5), "王小明", Phone(), "yes", 422, "该时段不存在或已结束"),
        })
        {
            var answer = await Hold(code, at, name, phone, agree);
            Assert.Equal((status, null), (answer.Status, answer.Reference));
            Assert.Contains(said, answer.Html, StringComparison.Ordinal);
            Assert.DoesNotContain("<b>x", answer.Html, StringComparison.Ordinal);
        }
        Assert.Equal(404, (await Hold("nosuchcode", slot, "王小明", Phone())).Status);
        var address = Some.Id().ToString();
        for (var i = 0; i < 20; i++) Assert.Equal(422, (await Hold(code, slot, null, null, address: address)).Status);
        Assert.Equal(429, (await Hold(code, slot, "王小明", Phone(), address: address)).Status);
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/postpone", new { reasonCode = "weather" })).Status);
        Assert.Contains("活动当前不接受预约", (await Hold(code, slot, "王小明", Phone())).Html, StringComparison.Ordinal);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.provisional_booking where drive_id = @drive", new { drive }));
    }

    [Fact]
    public async Task A_place_ends_with_its_slot_its_drive_or_a_cut_and_moves_with_a_new_time()
    {
        var (station, drive, code) = await Announced();
        Assert.Equal(200, (await Hold(code, slot, "王小明", Phone())).Status);
        Assert.Equal(200, (await Hold(code, slot.AddHours(3), "李四", Phone())).Status);
        // An hour later and an hour shorter: the last slot is gone.
        var moved = await events.Station(station).Post($"/v1/drives/{drive}/postpone", new { startsAt = slot.AddHours(1), endsAt = slot.AddHours(4), reasonCode = "weather" });
        Assert.True(moved.Status == 200, moved.ToString());
        Assert.Equal(("0/1 0/0 0/0", 1), (await Slot(drive), await Known(drive)));
        await events.Steps(station, drive, null, "approve", "open");
        Assert.Equal(200, (await Hold(code, slot.AddHours(1), "赵六", Phone())).Status);
        var refused = await events.Station(station).Post($"/v1/drives/{drive}/capacity", new { capacity = 1, reason = "bed broken" });
        Assert.Equal((409, "capacity_below_bookings"), Code(refused));
        Assert.Contains("provisional-bookings/", refused.ToString(), StringComparison.Ordinal);
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/capacity", new { capacity = 1, reason = "bed broken", force = true })).Status);
        Assert.Equal(("0/1 0/0 0/0", 1), (await Slot(drive), await Known(drive)));

        await service.Database.Execute("update event.provisional_booking set held_until = now() - interval '1 second' where drive_id = @drive and status = 'held'", new { drive });
        await service.App.Services.GetServices<IHostedService>().OfType<LapseProvisional>().Single().LookNow(TestContext.Current.CancellationToken);
        await Eventually.That(async () => await Known(drive) == 0);
        Assert.Equal("0/0 0/0 0/0", await Slot(drive));

        Assert.Equal(200, (await Hold(code, slot.AddHours(1), "赵六", Phone())).Status);
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/cancel", new { reasonCode = "weather" })).Status);
        Assert.Equal(("0/0 0/0 0/0", 0), (await Slot(drive), await Known(drive)));
        Assert.Equal(["lapsed"], await service.Database.Query<string>("select distinct status from event.provisional_booking where drive_id = @drive", new { drive }));
    }

    [Fact]
    public async Task Declined_confirmed_and_lapsed_while_the_drive_moves_each_place_is_counted_once()
    {
        for (var round = 0; round < 4; round++)
        {
            var (station, drive, code) = await Announced(at: slot);
            for (var i = 0; i < 6; i++) Assert.Equal(200, (await Hold(code, slot.AddHours(i % 2 * 3), "测试", Phone())).Status);
            var held = (await events.Station(station).Get($"/v1/drives/{drive}/provisional-bookings"))["items"].EnumerateArray().Select(i => i.GetProperty("id").GetGuid()).ToArray();
            var donor = await events.Donor();
            // Two that are nearly over, as the sweep finds them.
            await service.Database.Execute("update event.provisional_booking set held_until = now() - interval '1 second' where id = any(@over)", new { over = held[..2] });
            var sweep = service.App.Services.GetServices<IHostedService>().OfType<LapseProvisional>().Single().LookNow(TestContext.Current.CancellationToken);
            // An hour later and an hour shorter: the last slot is gone.
            var moved = events.Station(station).Post($"/v1/drives/{drive}/postpone", new { startsAt = slot.AddHours(1), endsAt = slot.AddHours(4), reasonCode = "weather" });
            Task<Answer>[] settled = [.. held[2..5].Select(id => events.Station(station).Post($"/v1/provisional-bookings/{id}/decline")), Registrar(station).Post($"/v1/provisional-bookings/{held[5]}/confirm", new { donorId = donor })];
            await sweep;
            Assert.Equal(200, (await moved).Status);
            foreach (var answer in await Task.WhenAll(settled)) Assert.True(answer is { Status: 200 } or { Status: 409, Code: "provisional_settled" or "drive_not_open" } or { Status: 422, Code: "slot_unknown" }, answer.ToString());
            await Eventually.That(() => service.Database.Scalar<bool>("select not exists (select from event.provisional_booking where drive_id = @drive and status = 'held' and held_until <= now())", new { drive }));
            Assert.Equal(await service.Database.Scalar<string>("""
                select string_agg((select count(*) from event.appointment a where a.drive_id = s.drive_id and a.slot_starts_at = s.starts_at and a.status = 'booked') || '/' ||
                                  (select count(*) from event.provisional_booking p where p.drive_id = s.drive_id and p.slot_starts_at = s.starts_at and p.status = 'held'), ' ' order by s.starts_at) from event.slot s where s.drive_id = @drive
                """, new { drive }), await Slot(drive));
            Assert.Equal(await service.Database.Scalar<long>("select count(*) from event.provisional_booking where drive_id = @drive and status = 'held'", new { drive }), await Known(drive));
        }
    }

    [Fact]
    public async Task A_drive_that_closes_forgets_whom_places_were_held_for_whoever_settles_them_meanwhile()
    {
        var (station, drive, code) = await Announced();
        for (var i = 0; i < 3; i++) Assert.Equal(200, (await Hold(code, slot, "测试", Phone())).Status);
        var held = (await events.Station(station).Get($"/v1/drives/{drive}/provisional-bookings"))["items"].EnumerateArray().Select(i => i.GetProperty("id").GetGuid()).ToArray();
        await service.Database.Execute("update event.drive set status = 'started', started_at = now() where id = @drive", new { drive });
        var closing = events.Station(station).Post($"/v1/drives/{drive}/close");
        var declined = await Task.WhenAll(held.Select(id => events.Station(station).Post($"/v1/provisional-bookings/{id}/decline")));
        Assert.Equal(200, (await closing).Status);
        Assert.All(declined, a => Assert.True(a is { Status: 200 } or { Status: 409, Code: "provisional_settled" }, a.ToString()));
        Assert.Equal(("0/0 0/0 0/0 0/0", 0), (await Slot(drive), await Known(drive)));
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.provisional_booking where drive_id = @drive and status not in ('declined', 'lapsed')", new { drive }));
    }

    [GeneratedRegex("id=\"reference\">([0-9A-Z]+)<")]
    private static partial Regex Reference();
}
