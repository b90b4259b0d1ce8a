using System.Globalization;
using System.Net;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Tests.Rules;
using Ical.Net;
using Ical.Net.CalendarComponents;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class DrivesCalendarTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    [Fact]
    public async Task Subscribers_see_public_drives_with_stable_ids_and_learn_what_was_cancelled()
    {
        var station = Some.Id();
        var organisation = await events.Organisation(name: "测试大学; 分校, 南区");
        var open = await events.OpenDrive(station, EventService.Morning(333), organisation: organisation);
        var cancelled = await events.OpenDrive(station, EventService.Morning(333), organisation: organisation);
        var hidden = new[] { await events.Draft(station, EventService.Morning(333)), await events.OpenDrive(station, EventService.Morning(333), kind: "organisation") };
        var neverApproved = await events.Draft(station, EventService.Morning(333));
        await events.Steps(station, neverApproved, null, "cancel");
        var day = Shanghai.DateOf(EventService.Morning(333)).ToString("O");
        var url = $"/v1/drives.ics?from={day}&to={day}&district=440700&near=22.58,113.08&procedure=whole-blood";
        var (before, _, tag) = await Read(url);
        Assert.Equal(HttpStatusCode.NotModified, (await Read(url, tag)).Status);

        await events.Steps(station, cancelled, null, "cancel");
        var (status, ics, changed) = await Read(url, tag);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK, true), (before, status, tag != changed));
        var found = IcsReader.Events(ics).ToDictionary(e => e["UID"]);
        Assert.Equal(new[] { open, cancelled }.Select(id => $"{id}@drives.blood-platform").Order(), found.Keys.Order());
        var (here, gone) = (found[$"{open}@drives.blood-platform"], found[$"{cancelled}@drives.blood-platform"]);
        Assert.Equal(("CONFIRMED", "4", "CANCELLED", "5"), (here["STATUS"], here["SEQUENCE"], gone["STATUS"], gone["SEQUENCE"]));
        Assert.Equal(EventService.Morning(333), DateTimeOffset.ParseExact(here["DTSTART"], "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));
        Assert.Equal(EventService.Morning(333).AddHours(4), DateTimeOffset.ParseExact(here["DTEND"], "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));
        Assert.Equal(("无偿献血 · 测试大学; 分校, 南区", "体育馆, 东成村22号", "22.580000;113.080000"), (here["SUMMARY"], here["LOCATION"], here["GEO"]));
        Assert.DoesNotContain(hidden, id => ics.Contains(id.ToString(), StringComparison.Ordinal));
        Assert.Empty(IcsReader.Events((await Read($"/v1/drives.ics?from={day}&to={day}&district=440783")).Body));
    }

    [Fact]
    public async Task A_drive_of_several_days_is_so_many_days_with_its_hours_to_whoever_books_and_to_a_stock_calendar()
    {
        var (station, morning) = (Some.Id(), EventService.Morning(345));
        var http = events.Station(station);
        var drive = await events.Draft(station, morning, capacity: 2, hours: 2 * 24 + 3); // three days, ten to one
        await events.Steps(station, drive, null, "submit", "approve", "open");
        DateTimeOffset[] slots = [.. Enumerable.Range(0, 3).SelectMany(day => Enumerable.Range(10, 3).Select(hour => Shanghai.StartOf(Shanghai.DateOf(morning).AddDays(day)).AddHours(hour)))];
        Assert.Equal(slots, (await http.Get($"/v1/drives/{drive}/slots"))["items"].EnumerateArray().Select(s => s.GetProperty("startsAt").GetDateTimeOffset()));
        var (second, last) = (await http.Post("/v1/appointments", EventService.BookingBody(drive, slots[4], await events.Donor())), await http.Post("/v1/appointments", EventService.BookingBody(drive, slots[8], await events.Donor())));
        Assert.Equal((201, 201), (second.Status, last.Status));
        Assert.Equal("slot_unknown", (await http.Post("/v1/appointments", EventService.BookingBody(drive, morning.AddHours(12), await events.Donor()))).Code); // at night

        foreach (var day in new[] { 0, 1, 2 }) // on each of its days it is there for whoever looks
        {
            var on = Shanghai.DateOf(morning).AddDays(day).ToString("O");
            Assert.Contains(drive, (await http.Get($"/v1/drives?from={on}&to={on}"))["items"].EnumerateArray().Select(d => d.GetProperty("id").GetGuid()));
        }
        var from = Shanghai.DateOf(morning).ToString("O");
        var entry = Assert.Single(Assert.Single(CalendarCollection.Load((await Read($"/v1/drives.ics?from={from}&near=22.58,113.08")).Body)).Events, e => e.Uid == $"{drive}@drives.blood-platform");
        Assert.Equal([(morning, morning.AddHours(3)), (morning.AddDays(1), morning.AddDays(1).AddHours(3)), (morning.AddDays(2), morning.AddDays(2).AddHours(3))],
            entry.GetOccurrences().Take(5).Select(o => (new DateTimeOffset(o.Period.StartTime.AsUtc), new DateTimeOffset(o.Period.EffectiveEndTime!.AsUtc))));

        // A shorter day takes the last hour of each: who was booked then is named, and nothing happened.
        var shorter = await http.Patch($"/v1/drives/{drive}", new { endsAt = morning.AddDays(2).AddHours(2), reason = "设备" }, "*");
        Assert.Equal((409, "capacity_below_bookings", $"appointments/{last.Id}"), (shorter.Status, shorter.Code, Assert.Single(shorter["errors"].EnumerateArray()).GetProperty("pointer").GetString()));
        var postponed = await http.Post($"/v1/drives/{drive}/postpone", new { startsAt = morning.AddDays(7) });
        Assert.Equal(morning.AddDays(9).AddHours(3), postponed["endsAt"].GetDateTimeOffset());
        Assert.Equal((slots[4].AddDays(7), slots[8].AddDays(7)), ((await http.Get($"/v1/appointments/{second.Id}"))["slotStartsAt"].GetDateTimeOffset(), (await http.Get($"/v1/appointments/{last.Id}"))["slotStartsAt"].GetDateTimeOffset()));
        Assert.Equal(9, await service.Database.Scalar<int>("select count(*)::int from event.slot where drive_id = @drive", new { drive }));
        Assert.Equal("too_long", (await http.Post("/v1/drives", EventService.DriveBody(await events.Organisation(), morning, hours: 14 * 24 + 3)))["errors"][0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_subscriber_sees_when_a_drive_was_last_changed()
    {
        var (station, day) = (Some.Id(), Shanghai.DateOf(EventService.Morning(412)).ToString("O"));
        var drive = await events.OpenDrive(station, EventService.Morning(412));
        await service.Database.Execute("update event.drive set approved_at = approved_at - interval '2 days', opened_at = opened_at - interval '2 days' where id = @drive", new { drive });
        async Task<(DateTimeOffset Stamp, DateTimeOffset Modified)> Times()
        {
            var entry = Assert.Single(Assert.Single(CalendarCollection.Load((await Read($"/v1/drives.ics?from={day}&to={day}")).Body)).Events, e => e.Uid == $"{drive}@drives.blood-platform");
            return (new(entry.DtStamp!.AsUtc), new(entry.LastModified!.AsUtc));
        }
        var now = TimeProvider.System.GetUtcNow();
        var opened = await Times();
        Assert.Equal((opened.Stamp, true), (opened.Modified, opened.Stamp < now.AddDays(-1)));
        Assert.Equal(200, (await events.Station(station).Patch($"/v1/drives/{drive}", new { theme = "热血青春", reason = "主题" }, "*")).Status);
        var changed = await Times();
        Assert.Equal((changed.Stamp, true), (changed.Modified, changed.Stamp >= now.AddSeconds(-1))); // iCalendar knows no parts of a second
    }

    [Fact]
    public async Task A_stock_calendar_program_reads_the_feed()
    {
        var (station, morning) = (Some.Id(), EventService.Morning(337));
        const string Name = "测试大学; 分校, 南区 \\ 东校区：医学院、护理学院、公共卫生学院与药学院（各年级）";
        var named = await events.OpenDrive(station, morning, organisation: await events.Organisation(name: Name));
        var themed = await events.Draft(station, morning.AddHours(5), organisation: await events.Organisation(name: "市一中"));
        await service.Database.Execute("update event.drive set theme = E'热血青春, 为爱\\n第二行; \\\\ 🩸' where id = @themed", new { themed });
        await events.Steps(station, themed, null, "submit", "approve", "open");
        var cancelled = await events.OpenDrive(station, morning.AddHours(1), organisation: await events.Organisation(name: "Second, university"));
        var day = Shanghai.DateOf(morning).ToString("O");
        var url = $"/v1/drives.ics?from={day}&to={day}&near=22.58,113.08";

        async Task<Dictionary<string, CalendarEvent>> Subscribe() => Assert.Single(CalendarCollection.Load((await Read(url)).Body)).Events.ToDictionary(e => e.Uid!);
        var first = await Subscribe();
        await events.Steps(station, cancelled, null, "cancel");
        var second = await Subscribe();

        string Uid(Guid drive) => $"{drive}@drives.blood-platform";
        var expected = new[] { (Uid(named), morning), (Uid(themed), morning.AddHours(5)), (Uid(cancelled), morning.AddHours(1)) };
        foreach (var feed in new[] { first, second })
        {
            Assert.Equal(expected.OrderBy(e => e.Item1, StringComparer.Ordinal), feed.Values.Select(e => (e.Uid!, new DateTimeOffset(e.DtStart!.AsUtc))).OrderBy(e => e.Item1, StringComparer.Ordinal));
            Assert.All(feed.Values, e => Assert.Equal((TimeSpan.FromHours(4), "TRANSPARENT", "22.58 113.08"), (e.DtEnd!.AsUtc - e.DtStart!.AsUtc, e.Transparency, FormattableString.Invariant($"{e.GeographicLocation!.Latitude} {e.GeographicLocation.Longitude}"))));
            Assert.All(feed.Values, e => Assert.Equal(("体育馆, 东成村22号", "whole-blood apheresis-platelets"), (e.Location, string.Join(' ', e.Categories))));
            Assert.Equal([$"无偿献血 · {Name}", "无偿献血 · 热血青春, 为爱\n第二行; \\ 🩸", "无偿献血 · Second, university"], expected.Select(e => feed[e.Item1].Summary));
            Assert.Equal($"主办：{Name}\n献血方式：全血、机采血小板", feed[Uid(named)].Description);
        }
        Assert.All(first.Values, e => Assert.Equal("CONFIRMED", e.Status));
        Assert.Equal(("CONFIRMED", "CONFIRMED", "CANCELLED"), (second[Uid(named)].Status, second[Uid(themed)].Status, second[Uid(cancelled)].Status));
        Assert.Equal((first[Uid(named)].Sequence, first[Uid(cancelled)].Sequence + 1), (second[Uid(named)].Sequence, second[Uid(cancelled)].Sequence));
        Assert.StartsWith("已取消\n主办：Second, university", second[Uid(cancelled)].Description);
    }

    private async Task<(HttpStatusCode Status, string Body, string Tag)> Read(string url, string? tag = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (tag is not null) request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        var response = await service.Anonymous().SendAsync(request);
        if (response.StatusCode == HttpStatusCode.OK) Assert.Equal("text/calendar", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(TimeSpan.FromMinutes(5), response.Headers.CacheControl!.MaxAge);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.ETag!.Tag);
    }

    [Fact]
    public async Task Commemorative_days_are_public_in_both_languages_with_their_source()
    {
        var year = await service.Anonymous().Get("/v1/commemorative-days?year=2027");
        Assert.Equal(9, year["items"].GetArrayLength());
        var spring = year["items"].EnumerateArray().Single(d => d.GetProperty("code").GetString() == "spring-festival");
        Assert.Equal(("2027-02-06", "春节", "Spring Festival", true), (spring.GetProperty("date").GetString(), spring.GetProperty("names").GetProperty("zh-CN").GetString(), spring.GetProperty("names").GetProperty("en").GetString(), spring.GetProperty("lunar").GetBoolean()));
        Assert.Equal(["world-aids-day", "volunteer-day", "new-year"], (await service.Anonymous().Get("/v1/commemorative-days?from=2026-12-01&to=2027-01-31"))["items"].EnumerateArray().Select(d => d.GetProperty("code").GetString()));
        foreach (var bad in new[] { "year=1900", "year=2101", "year=2027&from=2027-01-01", "from=2027-02-01&to=2027-01-01", "from=2000-01-01&to=2090-01-01" })
            Assert.Equal((422, "invalid_value"), ((int, string?))((await service.Anonymous().Get("/v1/commemorative-days?" + bad)) is var a ? (a.Status, a.Code) : default));
        Assert.Equal(200, (await service.Anonymous().Get("/v1/commemorative-days")).Status);
    }

    [Theory]
    [InlineData("0,0"), InlineData("22.5"), InlineData("22.5,"), InlineData("91,113"), InlineData("22.5,181"), InlineData("NaN,NaN"), InlineData("22.5,113,1")]
    public async Task A_point_that_is_none_is_refused(string near)
    {
        foreach (var path in new[] { "/v1/drives", "/v1/drives.ics" })
        {
            var answer = await service.Anonymous().Get($"{path}?near={near}");
            Assert.Equal((422, "invalid_value", "/near"), (answer.Status, answer.Code, answer["errors"][0].GetProperty("pointer").GetString()));
        }
    }

    [Fact]
    public async Task A_venue_with_half_a_point_or_0_0_is_refused_and_says_where()
    {
        var station = Some.Id();
        var organisation = await events.Organisation();
        foreach (var (latitude, longitude, pointer) in new (double?, double?, string)[] { (0, 0, "/venue/latitude"), (22.5, null, "/venue/longitude"), (null, 113, "/venue/latitude"), (113, 22.5, "/venue/latitude") })
        {
            var body = EventService.DriveBody(organisation, EventService.Morning(7));
            body["venue"] = new { name = "体育馆", address = "东成村22号", district = "440703", latitude, longitude };
            var answer = await events.Station(station).Post("/v1/drives", body);
            Assert.True(answer is { Status: 422, Code: "invalid_value" }, answer.ToString());
            Assert.Equal(pointer, answer["errors"][0].GetProperty("pointer").GetString());
        }
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.drive where station_id = @station", new { station }));
    }
}
