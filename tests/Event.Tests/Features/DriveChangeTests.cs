using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class DriveChangeTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);

    private static IEnumerable<string?> Pointers(Answer answer) => answer["errors"].EnumerateArray().Select(e => e.GetProperty("pointer").GetString());

    private Task<Guid[]> Told(Guid drive, string template) => Task.Run(async () => (await service.Published<NoticeRequested>()).Where(n => n.References.DriveId == drive && n.TemplateCode == template).Select(n => n.DonorId).ToArray());

    [Fact]
    public async Task An_organiser_corrects_the_words_and_only_the_station_moves_what_donors_stand_on_with_a_reason()
    {
        var (organisation, station) = (await events.Organisation(), Some.Id());
        var (organiser, http) = (events.Organiser(organisation), events.Station(station));
        var drive = await events.OpenDrive(station, EventService.Morning(7), organisation: organisation);
        var path = $"/v1/drives/{drive}";

        var words = await organiser.Patch(path, new { theme = "青春热血", description = "请带身份证", meetingPoint = "北门" }, "\"4\"");
        Assert.Equal((200, "青春热血", "北门"), (words.Status, words.Text("theme"), words.Text("meetingPoint")));
        Assert.Contains("change", words["allowedActions"].EnumerateArray().Select(a => a.GetString()));
        object[] locked = [new { startsAt = EventService.Morning(8) }, new { capacityPerSlot = 12 }, new { walkInPerSlot = 2 }, new { visibility = "unlisted" }, new { stationId = organisation }, new { venue = new { name = "体育馆", address = "西门", district = "440703" } }];
        string[][] fields = [["/startsAt", "/endsAt"], ["/capacityPerSlot"], ["/walkInPerSlot"], ["/visibility"], ["/stationId"], ["/venue/address", "/venue/position"]];
        foreach (var (body, pointers) in locked.Zip(fields))
        {
            var refused = await organiser.Patch(path, body, "\"5\"");
            Assert.Equal((409, "field_locked"), Code(refused));
            Assert.Equal(pointers, Pointers(refused));
        }
        foreach (var body in new object[] { new { slotMinutes = 30 }, new { procedures = new[] { "whole-blood" } } })
            Assert.Equal((409, "field_locked"), Code(await http.Patch(path, body, "\"5\"")));
        Assert.Equal((422, "invalid_value"), Code(await http.Patch(path, new { visibility = "unlisted" }, "\"5\"")));
        Assert.Equal((422, "invalid_value"), Code(await http.Patch(path, new { startsAt = EventService.Morning(-1), reason = "x" }, "\"5\"")));
        Assert.Equal((422, "invalid_value"), Code(await http.Patch(path, new { startsAt = EventService.Morning(8), capacityPerSlot = 3, reason = "x" }, "\"5\"")));
        Assert.Equal((404, "not_found"), Code(await http.Patch(path, new { stationId = organisation, reason = "x" }, "\"5\""))); // no blood station
        Assert.Equal((412, "version_mismatch"), Code(await http.Patch(path, new { theme = "x" }, "\"4\"")));

        Assert.Equal(200, (await http.Patch(path, new { visibility = "unlisted", walkInPerSlot = 2, capacityPerSlot = 12, reason = "场地要求" }, "\"5\"")).Status);
        var log = (await organiser.Get($"{path}/changes"))["items"].EnumerateArray().Select(c => $"{c.GetProperty("by").GetProperty("role")} {c.GetProperty("field")} {c.GetProperty("from")}>{c.GetProperty("to")} {c.GetProperty("reason")}".TrimEnd()).ToArray();
        Assert.Equal(["organiser theme >青春热血", "organiser description >请带身份证", "organiser meetingPoint >北门", "station capacityPerSlot 10>12 场地要求", "station walkInPerSlot 0>2 场地要求", "station visibility public>unlisted 场地要求"], log);
        var slot = (await http.Get($"{path}/slots"))["items"][3];
        Assert.Equal((12, 2), (slot.GetProperty("capacity").GetInt32(), slot.GetProperty("walkIn").GetInt32()));
        Assert.Equal(["open", "open", "open"], (await service.Published<DriveChanged>()).Where(e => e.DriveId == drive).Select(e => e.Status));

        // Handed over: the other station's from now on.
        var other = await events.Organisation("blood-station", name: "测试血站");
        Assert.Equal(200, (await http.Patch(path, new { stationId = other, reason = "换车" }, "\"6\"")).Status);
        Assert.Equal((404, 200), ((await http.Patch(path, new { theme = "x" }, "\"7\"")).Status, (await events.Station(other).Patch(path, new { theme = "接手" }, "\"7\"")).Status));
    }

    [Fact]
    public async Task Another_time_or_place_moves_the_bookings_and_tells_each_donor_once()
    {
        var (station, nine) = (Some.Id(), EventService.Morning(7));
        var http = events.Station(station);
        var drive = await events.OpenDrive(station, nine, capacity: 5);
        var path = $"/v1/drives/{drive}";
        var (stays, late, goes) = (await events.Donor(), await events.Donor(), Some.Id());
        await service.Deliver(EventService.Registered(goes), EventService.Eligible(goes, 2, new DateWindow(new(2008, 1, 1), Shanghai.DateOf(EventService.Morning(8)))));
        foreach (var (donor, hour) in new[] { (stays, 1), (late, 3), (goes, 0) }) Assert.Equal(201, (await http.Post("/v1/appointments", EventService.BookingBody(drive, nine.AddHours(hour), donor))).Status);
        Assert.Equal(200, (await http.Post($"{path}/capacity", new { capacity = 7, slotStartsAt = nine.AddHours(2), reason = "加床" })).Status);

        // Ten metres further is no other place; across the town is.
        var venue = new { name = "体育馆", address = "东成村22号", district = "440703", latitude = 22.58005, longitude = 113.08 };
        Assert.Equal(200, (await http.Patch(path, new { venue, reason = "定位更正" }, "\"5\"")).Status);
        Assert.Equal(200, (await http.Patch(path, new { venue = venue with { address = "西门一号楼" }, reason = "场地维修" }, "\"6\"")).Status);
        await Eventually.That(async () => (await Told(drive, "drive-changed")).Length == 3);

        var shorter = await http.Patch(path, new { endsAt = nine.AddHours(3), reason = "车辆另有任务" }, "\"7\"");
        Assert.Equal((409, "capacity_below_bookings"), Code(shorter));
        Assert.Single(Pointers(shorter), p => p!.StartsWith("appointments/", StringComparison.Ordinal));
        Assert.Equal(200, (await http.Patch(path, new { endsAt = nine.AddHours(3), reason = "车辆另有任务", force = true }, "\"7\"")).Status);
        await Eventually.That(async () => (await Told(drive, "capacity-cut")).SequenceEqual([late]));

        var moved = await http.Patch(path, new { startsAt = EventService.Morning(9), reason = "台风" }, "\"8\"");
        Assert.Equal((200, EventService.Morning(9).AddHours(3), "open"), (moved.Status, moved["endsAt"].GetDateTimeOffset(), moved.Text("status")));
        await Eventually.That(async () => (await Told(drive, "drive-changed")).Length == 4 && (await Told(drive, "no-longer-bookable")).SequenceEqual([goes]));
        Assert.Equal(2, (await Told(drive, "drive-changed")).Count(d => d == stays));
        Assert.Equal(EventService.Morning(9).AddHours(1), Assert.Single(await service.Published<AppointmentMoved>(), e => e.DonorId == stays).SlotStartsAt);
        Assert.Equal(["5/0", "5/1", "7/0"], await service.Database.Query<string>("select capacity || '/' || booked from event.slot where drive_id = @drive order by starts_at", new { drive }));
        Assert.Equal(201, (await http.Post("/v1/appointments", EventService.BookingBody(drive, EventService.Morning(9), await events.Donor()))).Status);
        Assert.Equal(["venue.position", "venue.address", "endsAt", "startsAt", "endsAt"], (await http.Get($"{path}/changes"))["items"].EnumerateArray().Select(c => c.GetProperty("field").GetString()).Skip(1));
    }

    [Fact]
    public async Task What_has_begun_keeps_its_time_and_what_is_over_changes_no_more()
    {
        var station = Some.Id();
        var http = events.Station(station);
        var drive = await events.OpenDrive(station, EventService.Now.AddHours(1));
        await events.Steps(station, drive, null, "start");
        Assert.Equal((409, "field_locked"), Code(await http.Patch($"/v1/drives/{drive}", new { endsAt = EventService.Now.AddHours(9), reason = "x" }, "\"5\"")));
        Assert.Equal(200, (await http.Patch($"/v1/drives/{drive}", new { meetingPoint = "二楼" }, "\"5\"")).Status);
        await events.Steps(station, drive, null, "close");
        Assert.Equal((409, "not_a_draft"), Code(await http.Patch($"/v1/drives/{drive}", new { theme = "x" }, "\"7\"")));
        var arrived = await events.OpenDrive(station, EventService.Morning(7));
        var donor = await events.Donor();
        var booking = (await http.Post("/v1/appointments", EventService.BookingBody(arrived, EventService.Morning(7), donor))).Id;
        await service.Deliver(EventService.VisitOpened(Some.Id(), donor, arrived, booking));
        var refused = await http.Patch($"/v1/drives/{arrived}", new { startsAt = EventService.Morning(8), reason = "x" }, "\"4\"");
        Assert.Equal((409, "field_locked", "donors_have_come"), (refused.Status, refused.Code, refused["errors"][0].GetProperty("code").GetString()));
        Assert.Empty((await http.Get($"/v1/drives/{arrived}/changes"))["items"].EnumerateArray());
    }
}
