using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class SiteTests(EventService events)
{
    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);

    private static Dictionary<string, object?> Body(string kind = "visited", int beds = 4, int qualifiedForDays = 100) => new()
    {
        ["kind"] = kind, ["venue"] = new { name = "体育馆", address = "东成村22号", district = "440703" }, ["beds"] = beds, ["qualificationNumber"] = "粤采点-01",
        ["qualifiedUntil"] = Shanghai.DateOf(EventService.Morning(qualifiedForDays)),
    };

    private static async Task<Guid> Submitted(HttpClient http, Guid organisation, int day, Guid? site = null, Guid? vehicle = null, int capacity = 10, int? staff = null)
    {
        var body = EventService.DriveBody(organisation, EventService.Morning(day), capacity: capacity);
        (body["siteId"], body["vehicleId"], body["staff"]) = (site, vehicle, staff);
        var made = await http.Post("/v1/drives", body);
        Assert.True(made.Status == 201, made.ToString());
        Assert.Equal(200, (await http.Post($"/v1/drives/{made.Id}/submit")).Status);
        return made.Id;
    }

    [Fact]
    public async Task A_drive_is_approved_only_where_the_site_is_qualified_on_its_day_and_for_as_many_as_beds_and_staff_take()
    {
        var (http, organisation) = (events.Station(Some.Id()), await events.Organisation());
        var made = await http.Post("/v1/sites", Body(qualifiedForDays: 20), Some.Key());
        Assert.Equal((201, $"/v1/sites/{made.Id}", true), (made.Status, made.Response.Headers.Location!.ToString(), made["indoor"].GetBoolean()));
        Assert.Equal(12, (await http.Get($"/v1/sites/{made.Id}/capacity?slotMinutes=60"))["capacity"].GetInt32());
        Assert.Equal(6, (await http.Get($"/v1/sites/{made.Id}/capacity?slotMinutes=60&staff=1"))["capacity"].GetInt32());

        var late = await Submitted(http, organisation, 21, made.Id);
        var refused = await http.Post($"/v1/drives/{late}/approve");
        Assert.Equal((409, "site_not_qualified", "/siteId"), (refused.Status, refused.Code, refused["errors"][0].GetProperty("pointer").GetString()));
        var onTime = await Submitted(http, organisation, 20, made.Id, staff: 1);
        Assert.Equal((409, "capacity_above_site"), Code(await http.Post($"/v1/drives/{onTime}/approve")));
        Assert.Equal(200, (await http.Post($"/v1/drives/{onTime}/approve", new { capacityReason = "另有支援护士" })).Status);
        Assert.Equal((409, "site_not_qualified"), Code(await http.Patch($"/v1/drives/{onTime}", new { startsAt = EventService.Morning(22), reason = "改期" }, "\"3\"")));

        // A qualification doesn't end under a drive that stands on it; a longer one lets the other be.
        var shorter = await http.Put($"/v1/sites/{made.Id}", Body(qualifiedForDays: 19), "\"1\"");
        Assert.Equal((409, "site_in_use", $"drives/{onTime}"), (shorter.Status, shorter.Code, shorter["errors"][0].GetProperty("pointer").GetString()));
        Assert.Equal(200, (await http.Put($"/v1/sites/{made.Id}", Body(qualifiedForDays: 40, beds: 3), "\"1\"")).Status);
        Assert.Equal((412, "version_mismatch"), Code(await http.Put($"/v1/sites/{made.Id}", Body(), "\"1\"")));
        Assert.Equal((409, "capacity_above_site"), Code(await http.Post($"/v1/drives/{late}/approve"))); // nine
        Assert.Equal(200, (await http.Patch($"/v1/drives/{onTime}", new { startsAt = EventService.Morning(22), reason = "改期" }, "\"3\"")).Status);
        Assert.Equal(200, (await events.Organiser(organisation).Get($"/v1/sites/{made.Id}")).Status);
    }

    [Fact]
    public async Task A_vehicle_is_at_one_drive_at_a_time_whoever_asks_at_once()
    {
        var (http, organisation) = (events.Station(Some.Id()), await events.Organisation());
        var bus = (await http.Post("/v1/sites", Body("vehicle"))).Id;
        var drives = new[] { await Submitted(http, organisation, 31, vehicle: bus), await Submitted(http, organisation, 31, vehicle: bus), await Submitted(http, organisation, 32, vehicle: bus) };
        var answers = await Task.WhenAll(drives.Select(d => http.Post($"/v1/drives/{d}/approve")));
        Assert.Equal(200, answers[2].Status);
        Assert.Equal(["", "vehicle_taken"], answers.Take(2).Select(a => a.Code ?? "").Order());
        var (won, lost) = answers[0].Status == 200 ? (drives[0], drives[1]) : (drives[1], drives[0]);
        Assert.Equal((409, "vehicle_taken"), Code(await http.Patch($"/v1/drives/{won}", new { startsAt = EventService.Morning(32), reason = "改期" }, "\"3\"")));
        Assert.Equal(200, (await http.Post($"/v1/drives/{won}/cancel")).Status);
        Assert.Equal(200, (await http.Post($"/v1/drives/{lost}/approve")).Status);
    }

    [Fact]
    public async Task A_fixed_site_is_a_series_that_plans_a_drive_each_open_day()
    {
        var (http, organisation) = (events.Station(Some.Id()), await events.Organisation());
        var room = (await http.Post("/v1/sites", Body("fixed", beds: 8))).Id;
        var body = EventService.DriveBody(organisation, EventService.Morning(1));
        body.Remove("backfillReason");
        (body["rrule"], body["make"], body["siteId"], body["staff"], body["excludedDates"]) = ("FREQ=DAILY;COUNT=7", "submitted", room, 3, new[] { Shanghai.DateOf(EventService.Morning(4)) });
        var series = await http.Post("/v1/drive-series", body);
        Assert.True(series.Status == 201, series.ToString());
        var drives = series["planned"].EnumerateArray().Where(p => p.GetProperty("outcome").GetString() == "made").Select(p => p.GetProperty("driveId").GetGuid()).ToArray();
        Assert.Equal(6, drives.Length);
        // The room is renovated: its drives move to another one, but for the one that is approved.
        Assert.Equal(200, (await http.Post($"/v1/drives/{drives[1]}/approve")).Status);
        var other = (await http.Post("/v1/sites", Body("fixed", beds: 4))).Id;
        var moved = await http.Patch($"/v1/drive-series/{series.Id}", new { siteId = other, staff = 2 }, "\"1\"");
        Assert.True(moved.Status == 200, moved.ToString());
        Assert.Equal((other, 2), (moved["drive"].GetProperty("siteId").GetGuid(), moved["drive"].GetProperty("staff").GetInt32()));
        foreach (var (drive, n) in drives.Select((d, n) => (d, n)))
        {
            var now = await http.Get($"/v1/drives/{drive}");
            Assert.Equal(n == 1 ? (room, 3) : (other, 2), (now["siteId"].GetGuid(), now["staff"].GetInt32()));
        }
        Assert.Equal((422, "site_unknown"), Code(await http.Patch($"/v1/drive-series/{series.Id}", new { siteId = Some.OldId() }, "\"2\"")));
        var first = await http.Post($"/v1/drives/{drives[0]}/approve");
        Assert.Equal((200, other, 2), (first.Status, first["siteId"].GetGuid(), first["staff"].GetInt32()));
    }

    [Fact]
    public async Task A_site_that_cannot_be_is_refused()
    {
        var (http, organisation) = (events.Station(Some.Id()), await events.Organisation());
        foreach (var (field, value) in new (string, object?)[] { ("kind", "tent"), ("beds", -1), ("qualificationNumber", null), ("qualifiedUntil", null), ("venue", new { name = "x", address = "y", district = "440703", latitude = 0, longitude = 0 }) })
        {
            var body = Body();
            body[field] = value;
            Assert.Equal((422, "invalid_value"), Code(await http.Post("/v1/sites", body)));
        }
        Assert.Equal((403, "role_forbidden"), Code(await events.Organiser(organisation).Post("/v1/sites", Body())));
        var theirs = (await events.Station(Some.Id()).Post("/v1/sites", Body())).Id;
        Assert.Equal((404, "not_found"), Code(await http.Put($"/v1/sites/{theirs}", Body(), "\"1\"")));
        Assert.Equal((422, "site_unknown"), Code(await http.Post($"/v1/drives/{await Submitted(http, organisation, 33, theirs)}/approve")));
        var drive = EventService.DriveBody(organisation, EventService.Morning(33));
        drive["siteId"] = Some.OldId();
        Assert.Equal((422, "site_unknown"), Code(await http.Post("/v1/drives", drive)));
    }
}
