using System.Net;
using System.Xml.Linq;
using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>Codes on posters, and the page that is behind them.</summary>
[Collection(EventCollection.Name)]
public sealed class CodeTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    private Task<string> CodeOf(Guid drive, string channel = "poster") => service.Database.Scalar<string>("select code from event.code where drive_id = @drive and channel = @channel", new { drive, channel });

    private async Task<string> Code(Guid station, Guid drive, string channel = "poster")
    {
        var answer = await events.Station(station).GetAsync($"/v1/drives/{drive}/qr.svg?channel={channel}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await CodeOf(drive, channel);
    }

    private async Task<(HttpStatusCode Status, string Html)> Page(string code, params (string Name, string Value)[]? form)
    {
        using var http = service.Anonymous();
        using var answer = form is { Length: > 0 }
            ? await http.PostAsync($"/q/{code}", new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))))
            : await http.GetAsync($"/q/{code}");
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Each_channel_of_a_drive_has_one_code_however_often_and_at_once_it_is_asked_for()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station);
        var images = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => events.Station(station).GetStringAsync($"/v1/drives/{drive}/qr.svg?channel=class-3")));
        var image = Assert.Single(images.Distinct());
        Assert.Equal("svg", XDocument.Parse(image).Root!.Name.LocalName);
        Assert.Matches("^[0-9A-Za-z]{1,12}$", await CodeOf(drive, "class-3"));
        Assert.NotEqual(await Code(station, drive), await CodeOf(drive, "class-3"));
        Assert.Equal(2, await service.Database.Scalar<long>("select count(*) from event.code where drive_id = @drive", new { drive }));
    }

    [Fact]
    public async Task Only_who_runs_the_drive_gets_its_codes_and_a_channel_has_a_form()
    {
        var station = Some.Id();
        var organiser = await events.Organisation();
        var drive = await events.OpenDrive(station, organisation: organiser);
        foreach (var file in new[] { "qr.svg", "poster.svg" })
        {
            Assert.Equal(404, (await events.Station(Some.Id()).Get($"/v1/drives/{drive}/{file}?channel=poster")).Status);
            Assert.Equal(404, (await events.Organiser(await events.Organisation()).Get($"/v1/drives/{drive}/{file}?channel=poster")).Status);
            Assert.Equal(422, (await events.Station(station).Get($"/v1/drives/{drive}/{file}?channel=Poster!")).Status);
            Assert.Equal(400, (await events.Station(station).Get($"/v1/drives/{drive}/{file}")).Status);
        }
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.code where drive_id = @drive", new { drive }));
        Assert.Equal(HttpStatusCode.OK, (await events.Organiser(organiser).GetAsync($"/v1/drives/{drive}/poster.svg?channel=poster")).StatusCode);
    }

    [Fact]
    public async Task A_poster_says_what_where_and_when_and_what_is_markup_in_a_name_stays_text()
    {
        var station = Some.Id();
        var body = EventService.DriveBody(await events.Organisation(name: "测试<b>大学"), new DateTimeOffset(EventService.Now.Year + 1, 3, 5, 9, 0, 0, TimeSpan.FromHours(8)));
        body["theme"] = "<script>alert(1)</script>";
        var drive = (await events.Station(station).Post("/v1/drives", body)).Id;
        await events.Steps(station, drive, null, "submit", "approve", "open");
        var poster = XDocument.Parse(await events.Station(station).GetStringAsync($"/v1/drives/{drive}/poster.svg?channel=poster"));
        var texts = poster.Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value).ToList();
        Assert.Contains(texts, t => t.StartsWith($"{EventService.Now.Year + 1}年3月5日（周", StringComparison.Ordinal));
        Assert.Contains("09:00–13:00", texts); // a time is never broken in two
        Assert.Contains("体育馆", texts);
        Assert.Contains("主办：测试<b>大学", texts);
        Assert.DoesNotContain(poster.Descendants(), e => e.Name.LocalName is "script" or "b");
        Assert.Equal(("210mm", "297mm"), (poster.Root!.Attribute("width")!.Value, poster.Root.Attribute("height")!.Value));

        var (_, html) = await Page(await CodeOf(drive));
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_code_tells_an_app_the_drive_and_the_channel_to_book_with()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station);
        var code = await Code(station, drive, "friend");
        using var http = service.Anonymous();
        var found = await http.Get($"/v1/codes/{code}");
        Assert.Equal((200, drive, "friend", true), (found.Status, found["driveId"].GetGuid(), found.Text("channel"), found["bookable"].GetBoolean()));
        Assert.EndsWith($"/q/{code}", found.Text("url"), StringComparison.Ordinal);

        var app = Some.Id();
        var donor = await events.Donor(app);
        var booked = await events.App(app).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), donor, channel: found.Text("channel")!), Some.Key());
        Assert.Equal(201, booked.Status);
        Assert.Equal(404, (await http.Get("/v1/codes/Unknown123")).Status);
    }

    [Fact]
    public async Task The_page_shows_free_places_as_they_are_now_and_what_has_become_of_the_drive()
    {
        var station = Some.Id();
        var drive = await events.Draft(station, capacity: 1);
        var code = await Code(station, drive);
        Assert.Equal(HttpStatusCode.NotFound, (await Page(code)).Status); // nobody's business before it is approved
        Assert.Equal(404, (await service.Anonymous().Get($"/v1/codes/{code}")).Status);

        await events.Steps(station, drive, null, "submit", "approve");
        Assert.Contains("尚未开放预约", (await Page(code)).Html, StringComparison.Ordinal);
        await events.Steps(station, drive, null, "open");
        Assert.DoesNotContain("已约满", (await Page(code)).Html, StringComparison.Ordinal);
        Assert.Equal(201, (await events.Station(station).Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(7), await events.Donor()), Some.Key())).Status);
        var html = (await Page(code)).Html;
        Assert.Equal(3, html.Split("余 1 位").Length - 1);
        Assert.Equal(1, html.Split("已约满").Length - 1);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);

        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/cancel", new { reasonCode = "weather" })).Status);
        html = (await Page(code)).Html;
        Assert.Contains("活动已取消", html, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"slots\"", html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await Page("nosuchcode")).Status);
    }

    [Fact]
    public async Task The_self_check_answers_by_the_intervals_and_writes_nothing()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station); // in seven days
        var code = await Code(station, drive);
        const string writes = "select coalesce(sum(n), 0) from (select count(*) n from event.appointment union all select count(*) from event.code union all select count(*) from event.outbox union all select count(*) from event.audit union all select count(*) from event.donor) t";
        var before = await service.Database.Scalar<decimal>(writes);
        var today = Shanghai.DateOf(EventService.Now);

        Assert.Contains("全血：就间隔期而言，当天可以", (await Page(code, ("last", ""), ("on", ""))).Html, StringComparison.Ordinal);
        var recently = (await Page(code, ("last", "whole-blood"), ("on", today.AddDays(-30).ToString("yyyy-MM-dd")))).Html;
        var from = today.AddDays(-30).AddMonths(6);
        Assert.Contains($"全血：间隔期未满，{from.Year}年{from.Month}月{from.Day}日起可以", recently, StringComparison.Ordinal);
        Assert.Contains("单采血小板：间隔期未满", recently, StringComparison.Ordinal);
        Assert.Contains("单采血小板：就间隔期而言，当天可以", (await Page(code, ("last", "apheresis-platelets"), ("on", today.AddDays(-8).ToString("yyyy-MM-dd")))).Html, StringComparison.Ordinal);
        foreach (var (last, on) in new[] { ("whole-blood", ""), ("whole-blood", today.AddDays(1).ToString("yyyy-MM-dd")), ("whole-blood", "2026-02-30"), ("blood", "2026-01-01") })
            Assert.Contains("请填写上次献血的日期", (await Page(code, ("last", last), ("on", on))).Html, StringComparison.Ordinal);
        Assert.Equal(before, await service.Database.Scalar<decimal>(writes));
    }

    [Fact]
    public async Task An_app_says_how_the_page_opens_it_and_a_template_that_could_do_harm_is_refused()
    {
        var station = Some.Id();
        var code = await Code(station, await events.OpenDrive(station));
        var app = events.App(Some.Id());
        foreach (var template in new[] { "javascript:alert('{code}')", "https://app.example/", "http://app.example/{code}", "https://app.example/\"onclick=x{code}" })
            Assert.Equal(422, (await app.Put("/v1/codes/launch-template", new { name = "测试献血", template })).Status);
        Assert.Equal(200, (await app.Put("/v1/codes/launch-template", new { name = "测试献血", template = "https://app.example/book?c={code}" })).Status);
        Assert.Contains($"href=\"https://app.example/book?c={code}\"", (await Page(code)).Html, StringComparison.Ordinal);
        Assert.Equal(403, (await events.Station(station).Put("/v1/codes/launch-template", new { name = "x", template = "https://app.example/{code}" })).Status);
    }

    /// <summary>An image as a mini-program's platform draws one; the tests' own says its text to any camera.</summary>
    internal static byte[] Png(string text)
    {
        using var data = QRCoder.QRCodeGenerator.GenerateQrCode(text, QRCoder.QRCodeGenerator.ECCLevel.M);
        using var code = new QRCoder.PngByteQRCode(data);
        return code.GetGraphic(8);
    }

    private static Task<Answer> Store(HttpClient app, string code, byte[] image, string mediaType = "image/png", string name = "测试献血") =>
        app.PutBytes($"/v1/codes/{code}/mini-program?name={Uri.EscapeDataString(name)}", image, mediaType);

    [Fact]
    public async Task An_app_stores_the_image_that_opens_its_mini_program_at_each_channels_code()
    {
        var (station, one, other) = (Some.Id(), Some.Id(), Some.Id());
        var drive = await events.OpenDrive(station);
        var (poster, group) = (await Code(station, drive), await Code(station, drive, "class-3"));
        var listed = (await events.App(one).Get($"/v1/drives/{drive}/codes"))["items"].EnumerateArray().Select(c => (c.GetProperty("channel").GetString(), c.GetProperty("code").GetString()));
        Assert.Equal(new[] { ("class-3", group), ("poster", poster) }, listed.Select(c => (c.Item1!, c.Item2!)));

        Assert.Equal(200, (await Store(events.App(one), poster, Png("first"))).Status);
        Assert.Equal(200, (await Store(events.App(one), poster, Png("second"))).Status); // replaces it
        Assert.Equal(200, (await Store(events.App(other), poster, [0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3], "image/jpeg", "另一<b>个")).Status);
        using var http = service.Anonymous();
        using var answer = await http.GetAsync($"/v1/codes/{poster}/mini-program/{one}");
        Assert.Equal((HttpStatusCode.OK, "image/png", "nosniff"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType, answer.Headers.GetValues("X-Content-Type-Options").Single()));
        Assert.Equal(Png("second"), await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal("image/jpeg", (await http.GetAsync($"/v1/codes/{poster}/mini-program/{other}")).Content.Headers.ContentType!.MediaType);

        var html = (await Page(poster)).Html;
        Assert.Contains($"src=\"/v1/codes/{poster}/mini-program/{one}\"", html, StringComparison.Ordinal);
        Assert.Contains("在「另一&lt;b&gt;个」中预约", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", (await Page(group)).Html, StringComparison.Ordinal); // another channel, another image
        Assert.Equal([one, other], (await events.Station(station).Get($"/v1/drives/{drive}/codes"))["items"][1].GetProperty("miniPrograms").EnumerateArray().Select(m => m.GetGuid()).OrderBy(m => m == other));
    }

    [Fact]
    public async Task What_is_no_image_or_at_a_code_that_nobody_may_know_is_not_stored()
    {
        var station = Some.Id();
        var drive = await events.OpenDrive(station);
        var draft = await events.Draft(station, EventService.Morning(9));
        var (code, early) = (await Code(station, drive), await Code(station, draft));
        var app = events.App(Some.Id());
        Assert.Equal((422, "invalid_value"), await Store(app, code, "<svg onload='alert(1)'/>"u8.ToArray()) is var markup ? (markup.Status, markup.Code) : default);
        Assert.Equal(422, (await Store(app, code, [])).Status);
        Assert.Equal((413, "body_too_large"), await Store(app, code, [.. Png("x"), .. new byte[256 * 1024]]) is var large ? (large.Status, large.Code) : default);
        Assert.Equal(415, (await Store(app, code, Png("x"), "image/svg+xml")).Status);
        Assert.Equal(422, (await Store(app, code, Png("x"), name: new string('名', 21))).Status);
        foreach (var unknown in new[] { "nosuchcode", early }) Assert.Equal((404, "not_found"), await Store(app, unknown, Png("x")) is var none ? (none.Status, none.Code) : default);
        Assert.Equal(403, (await Store(events.Station(station), code, Png("x"))).Status);
        Assert.Equal(404, (await app.Get($"/v1/codes/{code}/mini-program/{Some.Id()}")).Status);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.mini_program_code m join event.code c using (code) where c.drive_id = any(@drives)", new { drives = new[] { drive, draft } }));

        Assert.Equal(404, (await app.Get($"/v1/drives/{draft}/codes")).Status);
        Assert.Equal(404, (await events.Station(Some.Id()).Get($"/v1/drives/{drive}/codes")).Status);
        Assert.Equal(422, (await events.Station(station).Get($"/v1/drives/{drive}/poster.svg?channel=poster&appId={Some.Id()}")).Status);
    }
}
