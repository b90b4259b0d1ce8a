using System.Diagnostics;
using System.Net;
using BloodPlatform.Chassis;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>The page behind a code as a telephone shows it that runs no scripts.</summary>
[Collection(EventCollection.Name)]
public sealed class PageTests(EventService events, Telephone telephone) : IClassFixture<Telephone>
{
    private readonly ServiceUnderTest service = events.Service;
    private readonly DateTimeOffset slot = EventService.Morning(11);
    private static int serial;

    private static string Phone() => $"137{Interlocked.Increment(ref serial):D8}";

    private async Task<(Guid Station, Guid Drive, string Code)> Announced(int capacity = 10, int hours = 4, Dictionary<string, object?>? body = null)
    {
        var station = Some.Id();
        body ??= EventService.DriveBody(await events.Organisation(), slot, hours, capacity: capacity);
        var drive = (await events.Quality(station).Post("/v1/drives", body)).Id;
        await events.Steps(station, drive, null, "submit", "approve", "open");
        Assert.Equal(HttpStatusCode.OK, (await events.Station(station).GetAsync($"/v1/drives/{drive}/qr.svg?channel=poster")).StatusCode);
        return (station, drive, await service.Database.Scalar<string>("select code from event.code where drive_id = @drive", new { drive }));
    }

    private string Url(string code) => new Uri(service.Address, $"/q/{code}").ToString();

    private async Task<IPage> Opened(string code)
    {
        var page = await telephone.Pick();
        Assert.Equal(200, (await page.GotoAsync(Url(code)))!.Status);
        return page;
    }

    private Task<string> Slots(Guid drive) => service.Database.Scalar<string>("select string_agg(booked || '/' || held, ' ' order by starts_at) from event.slot where drive_id = @drive", new { drive });

    private Task<long> Places(Guid drive) => service.Database.Scalar<long>("select count(*) from event.provisional_booking where drive_id = @drive", new { drive });

    private static async Task Fill(IPage page, string name, string phone)
    {
        await page.GetByLabel("姓名", new() { Exact = true }).FillAsync(name);
        await page.GetByLabel("手机号", new() { Exact = true }).FillAsync(phone);
        await page.GetByLabel("我同意").CheckAsync();
    }

    private static Task Press(IPage page, string button) => page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync();

    [Fact]
    public async Task All_that_is_needed_to_come_can_be_read_in_one_request_and_the_telephone_keeps_nothing_of_it()
    {
        var app = events.App(Some.Id());
        Assert.Equal(200, (await app.Put("/v1/codes/launch-template", new { name = "手机献血", template = "https://phone.example/book?c={code}" })).Status);
        var body = EventService.DriveBody(await events.Organisation(name: "测试大学" + new string('学', 20)), slot, capacity: 7);
        body["theme"] = "世界献血者日：感谢您，捐献一份热血";
        body["venue"] = new { name = "大学生活动中心" + new string('W', 60), address = "东成村22号", district = "440703" };
        var (_, _, code) = await Announced(body: body);
        var page = await telephone.Pick();
        List<string> requests = [], complaints = [];
        page.Context.Request += (_, r) => requests.Add($"{r.Method} {r.Url}");
        page.Console += (_, m) => complaints.Add(m.Text);
        await page.GotoAsync(Url(code));

        await Expect(page.Locator("html")).ToHaveAttributeAsync("lang", "zh-CN");
        var day = Shanghai.DateOf(slot);
        foreach (var text in new[] { "世界献血者日：感谢您，捐献一份热血", $"{day.Year}年{day.Month}月{day.Day}日", "10:00–14:00", "大学生活动中心", "东成村22号", "测试大学", "全血、单采血小板", "本人有效身份证件原件", "在您使用的献血小程序中输入预约码", "下面的回答不会被保存" })
            await Expect(page.GetByText(text).First).ToBeVisibleAsync();
        await Expect(page.Locator("#code")).ToHaveTextAsync(code);
        await Expect(page.Locator("#slots li")).ToHaveCountAsync(4);
        await Expect(page.Locator("#slots li").First).ToContainTextAsync("余 7 位");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "在「手机献血」中预约" })).ToHaveAttributeAsync("href", $"https://phone.example/book?c={code}");
        Assert.Equal(["GET " + Url(code)], requests);
        Assert.Empty(complaints); // of something its policy forbids
        await Telephone.Fits(page, "open");
        Assert.Empty(await page.Context.CookiesAsync());
        Assert.Equal(0, await page.EvaluateAsync<int>("async () => localStorage.length + sessionStorage.length + (await indexedDB.databases()).length + (await caches.keys()).length"));
    }

    [Fact]
    public async Task A_place_is_held_by_filling_in_the_form_and_sending_it_again_holds_no_second()
    {
        var (_, drive, code) = await Announced(capacity: 1);
        var page = await Opened(code);
        var phone = Phone();
        await Expect(page.GetByLabel("时段").Locator("option")).ToHaveCountAsync(4);
        await Press(page, "预留名额"); // the telephone itself asks for what is missing
        Assert.Equal(0, await Places(drive));
        await Fill(page, "王小明", phone[..10]);
        await Press(page, "预留名额");
        await Expect(page.Locator("#refused")).ToHaveTextAsync("请填写11位手机号码。");
        await Expect(page.GetByLabel("姓名", new() { Exact = true })).ToHaveValueAsync("王小明"); // what was filled in is not lost
        Assert.True(await page.Locator("#refused").EvaluateAsync<bool>("e => e.getBoundingClientRect().top >= 0 && e.getBoundingClientRect().bottom <= innerHeight"));
        await Telephone.Fits(page, "refused");

        await Fill(page, "王小明", phone);
        await page.GetByLabel("时段").SelectOptionAsync(new SelectOptionValue { Index = 1 });
        await Press(page, "预留名额");
        var reference = await page.Locator("#reference").InnerTextAsync();
        Assert.Matches("^[0-9A-Z]{5}$", reference);
        foreach (var text in new[] { $"{slot.Month}月{slot.Day}日", "11:00–12:00", "体育馆", "东成村22号" }) // the picture that is kept of it says when and where
            await Expect(page.Locator("#slot")).ToContainTextAsync(text);
        await Telephone.Fits(page, "held");
        Assert.Equal(("0/0 0/1 0/0 0/0", 1), (await Slots(drive), await Places(drive)));

        await page.ReloadAsync();
        await Expect(page.Locator("#reference")).ToHaveTextAsync(reference);
        Assert.Equal(("0/0 0/1 0/0 0/0", 1), (await Slots(drive), await Places(drive)));

        await page.GetByRole(AriaRole.Link, new() { Name = "返回活动页面" }).ClickAsync();
        await Expect(page.Locator("#slots li").Nth(1)).ToContainTextAsync("已约满");
        await Expect(page.GetByLabel("时段").Locator("option")).ToHaveCountAsync(3); // what is full is not offered
        await Fill(page, "王小明", phone);
        await Press(page, "预留名额");
        await Expect(page.Locator("#refused")).ToContainTextAsync("此手机号已预留过本次活动的名额");
        Assert.Equal(("0/0 0/1 0/0 0/0", 1), (await Slots(drive), await Places(drive)));
    }

    [Fact]
    public async Task A_place_can_be_taken_by_keyboard_alone_and_who_goes_back_and_does_it_again_has_the_same()
    {
        var (_, drive, code) = await Announced();
        var page = await Opened(code);
        var phone = Phone();
        foreach (var key in new[] { "Tab", "ArrowDown", "Tab", "王小明", "Tab", phone, "Tab", "Space", "Tab", "Enter" })
            await (char.IsAsciiLetter(key[0]) ? page.Keyboard.PressAsync(key) : page.Keyboard.TypeAsync(key));
        var reference = await page.Locator("#reference").InnerTextAsync();
        await page.GoBackAsync();
        await Fill(page, "王小明", phone);
        await page.GetByLabel("时段").SelectOptionAsync(new SelectOptionValue { Index = 1 });
        await Press(page, "预留名额");
        await Expect(page.Locator("#reference")).ToHaveTextAsync(reference);
        Assert.Equal(("0/0 0/1 0/0 0/0", 1), (await Slots(drive), await Places(drive)));
    }

    [Fact]
    public async Task May_I_give_that_day_is_answered_where_it_was_asked_and_stored_nowhere()
    {
        var (_, _, code) = await Announced();
        const string rows = "select sum(n)::bigint from (select count(*) n from event.appointment union all select count(*) from event.provisional_booking union all select count(*) from event.code union all select count(*) from event.outbox union all select count(*) from event.audit union all select count(*) from event.donor union all select count(*) from event.subject_key) t";
        var before = await service.Database.Scalar<long>(rows);
        var page = await Opened(code);
        var last = Shanghai.DateOf(EventService.Now).AddDays(-30);
        await page.GetByLabel("上次献血种类").SelectOptionAsync("全血");
        await page.GetByLabel("上次献血日期").FillAsync(last.ToString("yyyy-MM-dd"));
        await Press(page, "查看");
        var from = last.AddMonths(6);
        await Expect(page.Locator("#check")).ToContainTextAsync($"全血：间隔期未满，{from.Year}年{from.Month}月{from.Day}日起可以");
        Assert.True(await page.Locator("#check").EvaluateAsync<bool>("e => e.getBoundingClientRect().top >= 0 && e.getBoundingClientRect().bottom <= innerHeight")); // without scrolling
        await Telephone.Fits(page, "self-check");
        await page.GetByLabel("上次献血日期").FillAsync(last.AddYears(-1).ToString("yyyy-MM-dd"));
        await Press(page, "查看");
        await Expect(page.Locator("#check")).ToContainTextAsync("全血：就间隔期而言，当天可以");
        await page.GetByLabel("上次献血日期").FillAsync("");
        await Press(page, "查看");
        await Expect(page.Locator("#check")).ToContainTextAsync("请填写上次献血的日期");
        Assert.DoesNotContain(last.ToString("yyyy-MM-dd"), page.Url, StringComparison.Ordinal);
        Assert.Empty(await page.Context.CookiesAsync());
        Assert.Equal(before, await service.Database.Scalar<long>(rows));
    }

    [Fact]
    public async Task A_drive_of_three_days_shows_its_days_and_one_that_is_cancelled_asks_nobody_to_come()
    {
        var (station, drive, code) = await Announced(hours: 2 * 24 + 3);
        var page = await Opened(code);
        var day = Shanghai.DateOf(slot);
        await Expect(page.Locator("#when")).ToContainTextAsync($"{day.Month}月{day.Day}日");
        await Expect(page.Locator("#when")).ToContainTextAsync($"{day.AddDays(2).Month}月{day.AddDays(2).Day}日");
        await Expect(page.Locator("#when")).ToContainTextAsync("每日 10:00–13:00");
        await Expect(page.Locator("#slots li")).ToHaveCountAsync(9);
        for (var i = 0; i < 3; i++) await Expect(page.Locator("#slots")).ToContainTextAsync($"{day.AddDays(i).Month}月{day.AddDays(i).Day}日（周");
        await Telephone.Fits(page, "three-days");

        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive}/cancel", new { reasonCode = "weather" })).Status);
        await page.ReloadAsync();
        await Expect(page.Locator("#status")).ToContainTextAsync("活动已取消");
        await Expect(page.Locator("#slots, #code, form, button, .button")).ToHaveCountAsync(0);
        await Expect(page.GetByText("请携带")).ToHaveCountAsync(0);
        await Telephone.Fits(page, "cancelled");
        await page.GotoAsync(Url("nosuchcode"));
        await Expect(page.GetByText("此二维码无效或活动尚未发布")).ToBeVisibleAsync();
        await Telephone.Fits(page, "unknown");
    }

    [Fact]
    public async Task A_printed_poster_is_read_by_a_camera()
    {
        var (station, drive, code) = await Announced();
        var page = await telephone.Hold(await events.Station(station).GetStringAsync($"/v1/drives/{drive}/poster.svg?channel=poster"), 794, 1123);
        Assert.Equal("794 1123", await page.Locator("img").EvaluateAsync<string>("e => `${e.naturalWidth} ${e.naturalHeight}`"));
        var picture = await Telephone.Photograph(page, "poster");
        Assert.EndsWith($"/q/{code}", Assert.Single(await Scan(picture)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_image_of_a_mini_program_is_read_from_the_page_and_beside_the_code_of_the_poster()
    {
        var (station, drive, code) = await Announced();
        var app = Some.Id();
        Assert.Equal(200, (await events.App(app).PutBytes($"/v1/codes/{code}/mini-program?name={Uri.EscapeDataString("手机献血")}", CodeTests.Png("mini-program/" + code), "image/png")).Status);
        var page = await Opened(code);
        await Expect(page.GetByAltText("「手机献血」小程序码")).ToBeVisibleAsync();
        await Expect(page.GetByAltText("「手机献血」小程序码")).ToHaveJSPropertyAsync("complete", true);
        await Telephone.Fits(page, "mini-program");
        Assert.Equal("mini-program/" + code, Assert.Single(await Scan(await Telephone.Photograph(page, "mini-program"))));

        var poster = await telephone.Hold(await events.Station(station).GetStringAsync($"/v1/drives/{drive}/poster.svg?channel=poster&appId={app}"), 794, 1123);
        Assert.Equal(2, (await Scan(await Telephone.Photograph(poster, "poster-mini-program"))).Count(r => r.EndsWith(code, StringComparison.Ordinal)));
    }

    /// <summary>What a camera reads in a picture.</summary>
    private static async Task<string[]> Scan(string picture)
    {
        using var reader = Process.Start(new ProcessStartInfo("zbarimg", ["--nodbus", "--quiet", "--raw", picture]) { RedirectStandardOutput = true })!;
        var read = await reader.StandardOutput.ReadToEndAsync();
        await reader.WaitForExitAsync();
        return read.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
