using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Drives.Features.Series;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class SeriesTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    private static DateOnly Day(int days) => Shanghai.DateOf(EventService.Morning(days));

    private static string Text(DateOnly day) => day.ToString("O");

    private static Dictionary<string, object?> Body(Guid organisation, string rrule = "FREQ=WEEKLY;COUNT=6", int startInDays = 7, int horizonDays = 60, Guid[]? calendars = null)
    {
        var body = EventService.DriveBody(organisation, EventService.Morning(startInDays), kind: "organisation");
        body.Remove("backfillReason");
        (body["rrule"], body["horizonDays"], body["exclusionCalendarIds"]) = (rrule, horizonDays, calendars ?? []);
        return body;
    }

    private static object Calendar(Guid organisation, params (string Name, DateOnly From, DateOnly To)[] entries) =>
        new { organisationId = organisation, name = "2027 校历", entries = entries.Select(e => new { name = e.Name, from = e.From, to = e.To, source = "测试大学校历" }) };

    private async Task<string[]> Occurrences(HttpClient http, Guid series) =>
        [.. (await http.Get($"/v1/drive-series/{series}/occurrences"))["items"].EnumerateArray().Select(o => $"{o.GetProperty("day")} {o.GetProperty("outcome")} {(o.GetProperty("excludedBy").ValueKind == System.Text.Json.JsonValueKind.Null ? "" : o.GetProperty("excludedBy").GetProperty("entry").GetString())}".TrimEnd())];

    private Task<long> Drives(Guid series, string status = "draft") => service.Database.Scalar<long>("select count(*) from event.drive where series_id = @series and status = @status", new { series, status });

    [Fact]
    public async Task A_university_gives_every_week_but_in_its_vacations_and_each_left_out_day_says_which_calendar_and_entry()
    {
        var university = await events.Organisation();
        var college = await events.Organisation("college", university, "测试学院");
        var organiser = events.Organiser(university);
        var calendar = await organiser.Post("/v1/exclusion-calendars", Calendar(university, ("寒假", Day(13), Day(22)), ("期末考试", Day(34), Day(36))));
        Assert.True(calendar.Status == 201, calendar.ToString());

        var body = Body(college, calendars: [calendar.Id]);
        (body["excludedDates"], body["make"]) = (new[] { Day(42) }, "submitted");
        var series = await organiser.Post("/v1/drive-series", body, Some.Key());
        Assert.True(series.Status == 201, series.ToString());
        Assert.Equal(($"/v1/drive-series/{series.Id}", "active", Text(Day(42))), (series.Response.Headers.Location!.ToString(), series.Text("status"), series.Text("lastDay")));
        string[] expected = [$"{Text(Day(7))} made", $"{Text(Day(14))} skipped 寒假", $"{Text(Day(21))} skipped 寒假", $"{Text(Day(28))} made", $"{Text(Day(35))} skipped 期末考试", $"{Text(Day(42))} skipped excluded-date"];
        Assert.Equal(expected, await Occurrences(organiser, series.Id));
        Assert.Equal(expected.Select(e => e.Split(' ')[1]), series["planned"].EnumerateArray().Select(p => p.GetProperty("outcome").GetString()));
        Assert.Equal(calendar.Id, series["planned"][1].GetProperty("excludedBy").GetProperty("calendarId").GetGuid());

        var drive = await organiser.Get($"/v1/drives/{series["planned"][0].GetProperty("driveId").GetGuid()}");
        Assert.Equal(("submitted", EventService.Morning(7), EventService.Morning(7).AddHours(4), series.Id), (drive.Text("status"), drive["startsAt"].GetDateTimeOffset(), drive["endsAt"].GetDateTimeOffset(), drive["seriesId"].GetGuid()));
        Assert.Equal(2, await Drives(series.Id, "submitted"));
        Assert.Equal(200, (await events.Station(await events.StationOf()).Post($"/v1/drives/{drive.Id}/approve")).Status); // like any other drive
    }

    [Fact]
    public async Task A_stations_own_room_is_open_day_by_day_without_anybodys_signature_while_it_is_qualified()
    {
        var station = Some.Id();
        var http = events.Quality(station);
        async Task<Guid> Site(string kind, int qualifiedFor) =>
            (await http.Post("/v1/sites", new { kind, venue = new { name = "中心血站", address = "一号路1号", district = "440703" }, beds = 6, qualificationNumber = "Q-1", qualifiedUntil = Day(qualifiedFor) })).Id;
        Task Look() => service.App.Services.GetServices<IHostedService>().OfType<OpenStanding>().Single().LookNow(TestContext.Current.CancellationToken);
        async Task<string[]> Statuses(Guid series) => (await service.Database.Scalar<string>("select string_agg(status, ' ' order by starts_at) from event.drive where series_id = @series", new { series })).Split(' ');
        var (room, bus, university) = (await Site("fixed", 3), await Site("vehicle", 90), await events.Organisation());
        Dictionary<string, object?> Standing(string rrule, Guid? site = null, Guid? vehicle = null, int? ahead = 4, int capacity = 10)
        {
            var body = Body(university, rrule, startInDays: 1, horizonDays: 10);
            (body["siteId"], body["vehicleId"], body["openDaysAhead"], body["capacityPerSlot"]) = (site, vehicle, ahead, capacity);
            return body;
        }

        var series = await http.Post("/v1/drive-series", Standing("FREQ=DAILY;COUNT=6", site: room));
        Assert.Equal((201, "submitted", 4), (series.Status, series.Text("make"), series["openDaysAhead"].GetInt32()));
        await Task.WhenAll(Look(), Look());
        await Look();
        Assert.Equal(["open", "open", "open", "submitted", "submitted", "submitted"], await Statuses(series.Id)); // the fourth day is not qualified for, the others are further than four days
        var first = (await http.Get($"/v1/drive-series/{series.Id}/occurrences"))["items"][0].GetProperty("driveId").GetGuid();
        Assert.Equal(4, (await http.Get($"/v1/drives/{first}/slots"))["items"].GetArrayLength());
        Assert.Equal("open", Assert.Single(await service.Published<DriveScheduled>(), e => e.DriveId == first).Status);
        Assert.Equal(201, (await http.Post("/v1/appointments", EventService.BookingBody(first, EventService.Morning(1), await events.Donor()))).Status);

        // Renewed, the fourth opens; a bus that is elsewhere that day does not go there, too.
        await service.Database.Execute("update event.site set qualified_until = qualified_until + 60 where id = @room", new { room });
        var elsewhere = EventService.DriveBody(university, EventService.Morning(2));
        elsewhere["vehicleId"] = bus;
        await events.Steps(station, (await http.Post("/v1/drives", elsewhere)).Id, null, "submit", "approve");
        var tour = await http.Post("/v1/drive-series", Standing("FREQ=DAILY;COUNT=3", vehicle: bus));
        Assert.True(tour.Status == 201, tour.ToString());
        await Look();
        Assert.Equal(["open", "open", "open", "open", "submitted", "submitted"], await Statuses(series.Id));
        Assert.Equal(["open", "submitted", "open"], await Statuses(tour.Id));

        // By hand again, and by an organiser's change.
        Assert.Equal(JsonValueKind.Null, (await http.Patch($"/v1/drive-series/{series.Id}", new { openDaysAhead = 0 }, "*"))["openDaysAhead"].ValueKind);
        Assert.Equal(4, (await http.Patch($"/v1/drive-series/{series.Id}", new { openDaysAhead = 4 }, "*"))["openDaysAhead"].GetInt32());
        Assert.Equal(JsonValueKind.Null, (await events.Organiser(university).Patch($"/v1/drive-series/{series.Id}", new { theme = "热血" }, "*"))["openDaysAhead"].ValueKind);
        await Look();
        Assert.Equal(2, (await Statuses(series.Id)).Count(s => s == "submitted"));

        foreach (var (by, body, code, field) in new[]
        {
            (events.Organiser(university), Standing("FREQ=DAILY;COUNT=2", site: room), "not_standing", "/openDaysAhead"), (http, Standing("FREQ=DAILY;COUNT=2"), "not_standing", "/openDaysAhead"),
            (http, Standing("FREQ=DAILY;COUNT=2", site: room, ahead: 11), "beyond_horizon", "/openDaysAhead"), (http, Standing("FREQ=DAILY;COUNT=2", site: bus), "unknown", "/siteId"), (http, Standing("FREQ=DAILY;COUNT=2", site: room, capacity: 19), "above_site", "/capacityPerSlot"),
        })
        {
            var refused = await by.Post("/v1/drive-series", body);
            Assert.Equal((code, field), (refused["errors"][0].GetProperty("code").GetString(), refused["errors"][0].GetProperty("pointer").GetString()));
        }
        Assert.Equal(2, await service.Database.Scalar<long>("select count(*) from event.drive_series where organisation_id = @university", new { university }));
    }

    [Fact]
    public async Task Drives_are_made_as_far_as_the_horizon_and_follow_once_whoever_plans_again()
    {
        var station = Some.Id();
        var http = events.Station(station);
        var series = await http.Post("/v1/drive-series", Body(await events.Organisation(), "FREQ=DAILY;COUNT=90", startInDays: 1, horizonDays: 10));
        Assert.True(series.Status == 201, series.ToString());
        Assert.Equal((10, Text(Day(10))), (series["planned"].GetArrayLength(), series.Text("plannedThrough")));

        await service.Database.Execute("update event.drive_series set horizon_days = 30 where id = @Id", new { series.Id }); // as if twenty days had gone by
        await Eventually.That(async () => await Drives(series.Id) == 30);
        // As after a restore: what was planned is planned again, and nothing is made twice.
        await service.Database.Execute("update event.drive_series set planned_through = planned_through - 25, replan = true where id = @Id", new { series.Id });
        await Eventually.That(async () => !await service.Database.Scalar<bool>("select replan from event.drive_series where id = @Id", new { series.Id }));
        Assert.Equal(30, await Drives(series.Id));
        Assert.Equal(30, await service.Database.Scalar<long>("select count(distinct series_day) from event.drive where series_id = @Id", new { series.Id }));
    }

    [Fact]
    public async Task A_change_reaches_the_drives_that_nobody_changed_and_only_those()
    {
        var organisation = await events.Organisation();
        var organiser = events.Organiser(organisation);
        var series = await organiser.Post("/v1/drive-series", Body(organisation));
        Assert.True(series.Status == 201, series.ToString());
        var drives = series["planned"].EnumerateArray().Select(p => p.GetProperty("driveId").GetGuid()).ToArray();
        Assert.Equal(200, (await organiser.Patch($"/v1/drives/{drives[0]}", new { theme = "本周特别" }, "\"1\"")).Status);
        Assert.Equal(200, (await organiser.Post($"/v1/drives/{drives[1]}/cancel", new { reasonCode = "typhoon" })).Status);
        Assert.Equal(200, (await organiser.Post($"/v1/drives/{drives[5]}/submit")).Status);

        Assert.Equal((428, "if_match_required"), Code(await organiser.Patch($"/v1/drive-series/{series.Id}", new { theme = "每周" })));
        var changed = await organiser.Patch($"/v1/drive-series/{series.Id}", new { theme = "每周", capacityPerSlot = 7, rrule = "FREQ=WEEKLY;COUNT=4" }, "\"1\"");
        Assert.True(changed.Status == 200, changed.ToString());
        Assert.Equal([$"{Text(Day(21))} updated", $"{Text(Day(28))} updated", $"{Text(Day(35))} dropped", $"{Text(Day(42))} kept"], changed["planned"].EnumerateArray().Select(p => $"{p.GetProperty("day")} {p.GetProperty("outcome")}"));
        var rows = await service.Database.Query<string>("select series_day || ' ' || coalesce(theme, '-') || ' ' || capacity_per_slot || ' ' || status from event.drive where series_id = @Id order by series_day", new { series.Id });
        Assert.Equal([$"{Text(Day(7))} 本周特别 10 draft", $"{Text(Day(14))} - 10 cancelled", $"{Text(Day(21))} 每周 7 draft", $"{Text(Day(28))} 每周 7 draft", $"{Text(Day(35))} - 10 cancelled", $"{Text(Day(42))} - 10 submitted"], rows);

        var ended = await organiser.Post($"/v1/drive-series/{series.Id}/end", new { reasonCode = "no-venue" });
        Assert.Equal((200, "ended", "no-venue"), (ended.Status, ended.Text("status"), ended.Text("reasonCode")));
        Assert.Equal(["kept", "kept", "dropped", "dropped", "kept"], ended["planned"].EnumerateArray().Select(p => p.GetProperty("outcome").GetString()));
        Assert.Equal(1, await Drives(series.Id));
        Assert.Equal((409, "series_ended"), Code(await organiser.Post($"/v1/drive-series/{series.Id}/end")));
        Assert.Equal((409, "series_ended"), Code(await organiser.Patch($"/v1/drive-series/{series.Id}", new { theme = "x" }, "\"3\"")));
    }

    [Fact]
    public async Task A_calendar_that_changes_moves_its_series_and_what_was_changed_by_hand_is_kept_and_said()
    {
        var organisation = await events.Organisation();
        var organiser = events.Organiser(organisation);
        var calendar = await organiser.Post("/v1/exclusion-calendars", Calendar(organisation, ("军训", Day(8), Day(15))));
        var series = await organiser.Post("/v1/drive-series", Body(organisation, calendars: [calendar.Id]));
        Assert.True(series.Status == 201, series.ToString());
        var byHand = series["planned"][3].GetProperty("driveId").GetGuid();
        Assert.Equal(200, (await organiser.Patch($"/v1/drives/{byHand}", new { theme = "已联系嘉宾" }, "\"1\"")).Status);

        var replaced = await organiser.Put($"/v1/exclusion-calendars/{calendar.Id}", new { name = "校历（修订）", entries = new[] { new { name = "考试周", from = Day(20), to = Day(30) } } }, "\"1\"");
        Assert.True(replaced.Status == 200, replaced.ToString());
        await Eventually.That(async () => !await service.Database.Scalar<bool>("select replan from event.drive_series where id = @Id", new { series.Id }));
        Assert.Equal([$"{Text(Day(7))} made", $"{Text(Day(14))} made", $"{Text(Day(21))} dropped 考试周", $"{Text(Day(28))} kept 考试周", $"{Text(Day(35))} made", $"{Text(Day(42))} made"], await Occurrences(organiser, series.Id));
        Assert.Equal("draft", (await organiser.Get($"/v1/drives/{byHand}")).Text("status"));
        Assert.Equal("excluded-day", (await organiser.Get($"/v1/drives/{series["planned"][2].GetProperty("driveId").GetGuid()}")).Text("reasonCode"));
    }

    [Fact]
    public async Task What_cannot_recur_is_refused_and_nothing_is_written()
    {
        var organisation = await events.Organisation();
        var organiser = events.Organiser(organisation);
        var all = await organiser.Post("/v1/exclusion-calendars", Calendar(organisation, ("停课", Day(0), Day(300))));
        foreach (var (change, code) in new (Action<Dictionary<string, object?>>, (int, string?))[]
        {
            (b => b["rrule"] = "FREQ=MONTHLY", (422, "rrule_never_ends")),
            (b => b["rrule"] = "FREQ=MINUTELY;COUNT=4", (422, "rrule_invalid")),
            (b => b["rrule"] = "FREQ=DAILY;COUNT=100000", (422, "rrule_too_many")),
            (b => b["rrule"] = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=1", (422, "rrule_yields_nothing")),
            (b => b["exclusionCalendarIds"] = new[] { all.Id }, (422, "all_days_excluded")),
            (b => b["exclusionCalendarIds"] = new[] { Some.OldId() }, (404, "not_found")),
            (b => b["startsAt"] = EventService.Morning(-3), (422, "invalid_value")),
            (b => b["horizonDays"] = 5000, (422, "invalid_value")),
            (b => b["venue"] = new { name = "体育馆", address = "东成村22号", district = "440703", latitude = 0, longitude = 0 }, (422, "invalid_value")),
            (b => b["venue"] = new { name = "体育馆", address = "东成村22号", district = "440703", latitude = 22.5 }, (422, "invalid_value")),
        })
        {
            var body = Body(organisation);
            change(body);
            Assert.Equal(code, Code(await organiser.Post("/v1/drive-series", body)));
        }
        Assert.Equal(0, await service.Database.Scalar<long>("select (select count(*) from event.drive_series where organisation_id = @organisation) + (select count(*) from event.drive where organisation_id = @organisation)", new { organisation }));
        Assert.Equal((422, "invalid_value"), Code(await organiser.Post("/v1/exclusion-calendars", Calendar(organisation, ("倒着", Day(5), Day(4))))));
        Assert.Equal((422, "invalid_value"), Code(await organiser.Post("/v1/exclusion-calendars", Calendar(organisation))));
    }

    [Fact]
    public async Task Series_and_calendars_of_others_are_not_there()
    {
        var (mine, theirs) = (await events.Organisation(), await events.Organisation("enterprise", name: "测试公司"));
        var (organiser, stranger) = (events.Organiser(mine), events.Organiser(theirs));
        var calendar = await stranger.Post("/v1/exclusion-calendars", Calendar(theirs, ("年会", Day(1), Day(2))));
        Assert.Equal(404, (await organiser.Post("/v1/drive-series", Body(mine, calendars: [calendar.Id]))).Status);
        Assert.Equal(404, (await organiser.Post("/v1/drive-series", Body(theirs))).Status);
        Assert.Equal(404, (await organiser.Post("/v1/exclusion-calendars", Calendar(theirs, ("年会", Day(1), Day(2))))).Status);
        // A station keeps its own, and nobody else's.
        Assert.Equal(404, (await events.Station(Some.Id()).Post("/v1/exclusion-calendars", Calendar(theirs, ("年会", Day(1), Day(2))))).Status);
        Assert.Equal(404, (await events.Station(Some.Id()).Put($"/v1/exclusion-calendars/{calendar.Id}", new { name = "x", entries = new[] { new { name = "x", from = Day(1), to = Day(2) } } }, "\"1\"")).Status);
        Assert.Equal(201, (await events.Station(theirs).Post("/v1/exclusion-calendars", Calendar(theirs, ("年会", Day(1), Day(2))))).Status);
        Assert.Equal(404, (await organiser.Put($"/v1/exclusion-calendars/{calendar.Id}", new { name = "x", entries = new[] { new { name = "x", from = Day(1), to = Day(2) } } }, "\"1\"")).Status);
        var series = await organiser.Post("/v1/drive-series", Body(mine));
        Assert.Equal(404, (await stranger.Get($"/v1/drive-series/{series.Id}")).Status);
        Assert.Equal(404, (await stranger.Get($"/v1/drive-series/{series.Id}/occurrences")).Status);
        Assert.Equal(404, (await stranger.Patch($"/v1/drive-series/{series.Id}", new { theme = "x" }, "\"1\"")).Status);
        Assert.Equal(404, (await stranger.Post($"/v1/drive-series/{series.Id}/end")).Status);
        Assert.DoesNotContain(series.Id, (await stranger.Get("/v1/drive-series"))["items"].EnumerateArray().Select(s => s.GetProperty("id").GetGuid()));
        Assert.Equal([series.Id], (await organiser.Get("/v1/drive-series"))["items"].EnumerateArray().Select(s => s.GetProperty("id").GetGuid()));
        Assert.Equal(200, (await events.Authority("440700").Get($"/v1/drive-series/{series.Id}")).Status);
        Assert.Contains(calendar.Id, (await organiser.Get($"/v1/exclusion-calendars?organisationId={theirs}"))["items"].EnumerateArray().Select(s => s.GetProperty("id").GetGuid()));
    }

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);
}
