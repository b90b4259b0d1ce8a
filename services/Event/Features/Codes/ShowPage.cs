using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Features.Provisional;
using BloodPlatform.Drives.Rules;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Codes;

/// <summary>
/// GET /q/{code}: the page behind a printed code, for a telephone and without JavaScript: what, where, when, free places, what to bring, how to book.
/// POST /q/{code}: the same with the answer to "may I give that day?". What is filled in there is answered and kept nowhere; a form's body is in no log.
/// Its other form takes a place (<see cref="HoldPlace"/>).
/// </summary>
public static class ShowPage
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/q/{code}", (string code, HttpContext http, Database db, CancellationToken ct) => Handle(code, false, http, db, ct)).Public().ExcludeFromDescription();
        app.MapPost("/q/{code}", (string code, HttpContext http, Database db, CancellationToken ct) => Handle(code, true, http, db, ct)).Public().IgnoresIdempotencyKey().ExcludeFromDescription();
    }

    private static async Task<ContentHttpResult> Handle(string code, bool asked, HttpContext http, Database db, CancellationToken ct) =>
        await Page(code, http, db, asked && http.Request.HasFormContentType ? await http.Request.ReadFormAsync(ct) : FormCollection.Empty, asked, 200, null, ct);

    /// <summary>The page loads nothing but images of this platform, runs nothing, is kept nowhere and sends its forms home only.</summary>
    internal static void Restrict(HttpContext http)
    {
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        http.Response.Headers["Referrer-Policy"] = "no-referrer";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.CacheControl = "no-store";
    }

    /// <param name="asked">Whether the form is the self-check's.</param>
    /// <param name="refused">Why no place is held, where one was asked for.</param>
    internal static async Task<ContentHttpResult> Page(string code, HttpContext http, Database db, IFormCollection form, bool asked, int status, string? refused, CancellationToken ct)
    {
        Restrict(http);
        return await db.InTransaction(async tx =>
        {
            var (drive, organiser, slots, apps, mini, rules) = await tx.Read($"""
                select {DriveRow.Columns} from event.drive d join event.organisation o on o.id = d.organisation_id join event.code c on c.drive_id = d.id where c.code = @code;
                select o.name from event.code c join event.drive d on d.id = c.drive_id join event.organisation o on o.id = d.organisation_id where c.code = @code;
                select {BookingFacts.SlotColumns} from event.code c join event.slot s on s.drive_id = c.drive_id where c.code = @code order by s.starts_at;
                {BookingFacts.PlacesRules};
                select name, template from event.launch_template order by name, app_id;
                select code, app_id, name from event.mini_program_code where code = @code order by name, app_id;
                select valid_from, intervals::text as intervals from event.rule_set where kind = 'base'
                """, new { code }, async grid =>
            {
                var row = await grid.ReadSingleOrDefaultAsync<DriveRow>();
                var name = await grid.ReadSingleOrDefaultAsync<string>();
                var places = (await grid.ReadAsync<BookableSlot>()).AsList();
                var limits = (await grid.ReadAsync<PlacesRule>()).AsList();
                var launches = (await grid.ReadAsync<LaunchTemplateView>()).AsList();
                var images = (await grid.ReadAsync<MiniProgramCodeView>()).AsList();
                return (row, name, places.ConvertAll(s => s.Under(limits)), launches, images, (await grid.ReadAsync<BookingFacts.RulesRow>()).Select(r => r.Rules).ToList());
            });
            if (drive is null || !DriveCode.Shows(drive)) return Html(404, "二维码无效", "<p>此二维码无效或活动尚未发布。</p><p lang=\"en\">This code is not known, or its drive is not announced yet.</p>");
            var check = asked ? SelfCheckAnswer(form, drive, rules, tx.Now) : "";
            return Html(status, drive.Theme ?? "无偿献血", Body(code, drive, organiser!, slots, apps, mini, check, refused, form, tx.Now));
        }, ct);
    }

    private static string Body(string code, DriveRow drive, string organiser, List<BookableSlot> slots, List<LaunchTemplateView> apps, List<MiniProgramCodeView> mini, string check, string? refused, IFormCollection form, DateTimeOffset now)
    {
        var html = new StringBuilder();
        var open = drive.Status is "open" or "started" && drive.EndsAt > now;
        if (!open) html.Append($"<p class=\"note\" id=\"status\">{Notice(drive.Status, drive.EndsAt <= now)}</p>");
        if (refused is not null) html.Append($"<p class=\"note\" id=\"refused\">{E(refused)}</p>");
        html.Append($"""
            <dl><dt>时间 <span lang="en">When</span></dt><dd id="when">{string.Join("<br>", DriveTime.Lines(drive.StartsAt, drive.EndsAt).Select(E))}</dd>
            <dt>地点 <span lang="en">Where</span></dt><dd id="where">{E(drive.VenueName)}<br>{E(drive.VenueAddress)}</dd>
            <dt>主办 <span lang="en">Organiser</span></dt><dd>{E(organiser)}</dd>
            <dt>献血种类 <span lang="en">Procedures</span></dt><dd>{E(string.Join("、", drive.Procedures.Select(Procedure)))}</dd></dl>
            """);
        if (open)
        {
            html.Append("<h2>可预约时段 <span lang=\"en\">Free places</span></h2><div id=\"slots\">");
            foreach (var day in slots.Where(s => s.EndsAt > now).GroupBy(s => DriveTime.MonthDay(s.StartsAt)))
            {
                html.Append($"<h3>{day.Key}</h3><ul>");
                foreach (var slot in day) html.Append($"<li>{DriveTime.Hours(slot.StartsAt, slot.EndsAt)} <b>{(slot.HasRoomFor("booking") ? $"余 {slot.Places - slot.Booked - slot.Held} 位" : "已约满")}</b></li>");
                html.Append("</ul>");
            }
            html.Append("</div><h2>预约 <span lang=\"en\">Book</span></h2>");
            if (slots.FindAll(s => s.EndsAt > now && s.HasRoomFor("booking")) is { Count: > 0 } free)
                html.Append($"""
                    <p>填写姓名和手机号即可预留名额，到现场出示证件后正式生效。<span lang="en">Name and telephone hold a place; it is yours when you show your document at the desk.</span></p>
                    <form method="post" action="/q/{E(code)}/booking" id="booking"><p><label>时段 <select name="slot">{string.Concat(free.Select(s => Choice(s, form)))}</select></label></p>
                    <p><label>姓名 <input name="name" autocomplete="name" maxlength="40" required value="{E(form["name"].ToString())}"></label></p><p><label>手机号 <input type="tel" name="phone" autocomplete="tel" maxlength="20" required value="{E(form["phone"].ToString())}"></label></p>
                    <p>{HoldPlace.Keeping}</p><p><label><input type="checkbox" name="agree" value="yes" required> 我同意为预留名额保存我的姓名和手机号 <span lang="en">I agree</span></label></p><p><button>预留名额</button></p></form>
                    """);
            foreach (var app in apps) html.Append($"<p><a class=\"button\" rel=\"noreferrer\" href=\"{E(app.Template.Replace("{code}", code, StringComparison.Ordinal))}\">在「{E(app.Name)}」中预约</a></p>");
            foreach (var m in mini) html.Append($"<figure><img src=\"/v1/codes/{E(code)}/mini-program/{m.AppId}\" width=\"200\" height=\"200\" loading=\"lazy\" alt=\"「{E(m.Name)}」小程序码\"><figcaption>长按识别，在「{E(m.Name)}」中预约 <span lang=\"en\">Press and hold to open the mini-program</span></figcaption></figure>");
            html.Append($"<p>在您使用的献血小程序中输入预约码 <b id=\"code\">{E(code)}</b>，或当天直接到现场登记。<br><span lang=\"en\">Enter this code in your blood donation app, or just come.</span></p>");
        }
        // Whoever reads that there is no drive (any more) is not told what to bring to it.
        if (drive.Status is "cancelled" or "closed" || drive.EndsAt <= now) return html.ToString();
        html.Append($"""
            <h2>请携带 <span lang="en">Bring</span></h2><p>本人有效身份证件原件（居民身份证、港澳台居民居住证或来往内地通行证、护照）。<br><span lang="en">Your own identity document, not a copy.</span></p>
            <h2>我当天可以献血吗？ <span lang="en">May I give that day?</span></h2>
            <p>下面的回答不会被保存。<span lang="en">What you answer here is stored nowhere.</span></p>{check}
            <form method="post" action="/q/{E(code)}#check"><p><label>上次献血种类 <select name="last">{Option("", "没有献过血", form)}{Option("whole-blood", "全血", form)}{Option("apheresis-platelets", "单采血小板", form)}</select></label></p>
            <p><label>上次献血日期 <input type="date" name="on" max="{Shanghai.DateOf(now):yyyy-MM-dd}" value="{E(form["on"].ToString())}"></label></p><p><button>查看</button></p></form>
            <p>近期用药、手术、拔牙、文身、外出旅行、妊娠哺乳、发热或感觉不适，请先告诉现场工作人员；能否献血以现场健康征询和检测为准。<br><span lang="en">Tell the staff of medicines, operations, tattoos, travel, pregnancy, fever or feeling unwell: whether you may give is decided on site.</span></p>
            """);
        return html.ToString();
    }

    /// <summary>A form that can't be read gets no answer but the reason.</summary>
    private static string SelfCheckAnswer(IFormCollection form, DriveRow drive, List<IntervalRules> rules, DateTimeOffset now)
    {
        static string Said(string zh, string en) => $"<p class=\"note\" id=\"check\">{zh}<br><span lang=\"en\">{en}</span></p>";
        var day = Shanghai.DateOf(drive.StartsAt);
        (string, DateOnly)? last = null;
        var on = default(DateOnly);
        if (form["last"].ToString() is { Length: > 0 } procedure)
        {
            if (procedure is not ("whole-blood" or "apheresis-platelets") || !DateOnly.TryParseExact(form["on"].ToString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out on) || on > Shanghai.DateOf(now))
                return Said("请填写上次献血的日期（不晚于今天）。", "Give the date of your last donation, today at the latest.");
            last = (procedure, on);
        }
        else if (form["on"].ToString().Length > 0) return Said("请选择上次献血的种类。", "Choose what you gave last.");
        var answers = SelfCheck.Judge(last, drive.Procedures, day, rules);
        if (answers.Length == 0) return Said("暂时无法查询，请向现场工作人员咨询。", "This cannot be answered just now; please ask the staff.");
        var zh = string.Join("<br>", answers.Select(a => a.PossibleOn(day) ? $"{Procedure(a.Procedure)}：就间隔期而言，当天可以。" : $"{Procedure(a.Procedure)}：间隔期未满，{DriveTime.Chinese(a.From!.Value)}起可以。"));
        var en = string.Join("; ", answers.Select(a => a.PossibleOn(day) ? $"{a.Procedure}: yes, as far as the interval goes" : $"{a.Procedure}: from {a.From:yyyy-MM-dd}"));
        return Said(zh, en);
    }

    private static string Notice(string status, bool over) => status switch
    {
        "cancelled" => "活动已取消。 <span lang=\"en\">This drive is cancelled.</span>",
        "postponed" => "活动已延期，时间另行通知。 <span lang=\"en\">This drive is postponed.</span>",
        "approved" when !over => "尚未开放预约。 <span lang=\"en\">Booking has not opened yet.</span>",
        _ => "活动已结束。 <span lang=\"en\">This drive is over.</span>",
    };

    private static string Procedure(string code) => code switch { "whole-blood" => "全血", "apheresis-platelets" => "单采血小板", _ => code };

    private static string Option(string value, string text, IFormCollection form) => $"<option value=\"{value}\"{(form["last"].ToString() == value ? " selected" : "")}>{text}</option>";

    private static string Choice(BookableSlot slot, IFormCollection form) =>
        string.Create(CultureInfo.InvariantCulture, $"{slot.StartsAt.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}") is var at ? $"<option value=\"{at}\"{(form["slot"].ToString() == at ? " selected" : "")}>{DriveTime.Slot(slot.StartsAt, slot.EndsAt)}</option>" : "";

    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All); // Chinese stays readable in the source

    internal static string E(string text) => Encoder.Encode(text);

    internal static ContentHttpResult Html(int status, string title, string body) => TypedResults.Text($$"""
        <!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>{{E(title)}}</title>
        <style>body{font:17px/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:0 auto;max-width:36em;padding:0 1em 2em;color:#222;overflow-wrap:anywhere}h1{background:#b3122b;color:#fff;margin:0 calc(-1em/1.35);padding:.6em .7em;font-size:1.35em}h2{font-size:1.1em;border-bottom:2px solid #b3122b;margin-top:1.6em}h3{font-size:1em;margin:.8em 0 0}figure{margin:1em 0;text-align:center}dt{color:#666;font-size:.85em;margin-top:.6em}dd{margin:0;font-size:1.05em}ul{list-style:none;padding:0;margin:0}li{display:flex;justify-content:space-between;padding:.35em 0;border-bottom:1px solid #eee;white-space:nowrap}[lang=en]{color:#666;font-size:.8em}.note{background:#fff3d6;border-left:4px solid #d98e04;padding:.6em .8em}.button,button{display:block;box-sizing:border-box;width:100%;text-align:center;background:#b3122b;color:#fff;border:0;border-radius:.4em;padding:.6em 1.2em;font:inherit;text-decoration:none}label{display:block}select,input{display:block;box-sizing:border-box;width:100%;padding:.5em;border:1px solid #888;border-radius:.3em;background:#fff;color:#222;font:inherit}input[type=checkbox]{display:inline-block;width:1.4em;height:1.4em;margin:0 .3em 0 0;vertical-align:-.35em}.reference{font:bold 2em monospace;letter-spacing:.15em;text-align:center;border:2px solid #b3122b;padding:.3em}</style></head>
        <body><h1>{{E(title)}}</h1>{{body}}</body></html>
        """, "text/html; charset=utf-8", null, status);
}
