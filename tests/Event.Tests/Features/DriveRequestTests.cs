using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class DriveRequestTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    private static Dictionary<string, object?> Body(Guid organisation, Guid? station = null) => new()
    {
        ["organisationId"] = organisation, ["stationId"] = station, ["venue"] = new { name = "图书馆前广场", address = "东成村22号", district = "440703" },
        ["wishes"] = new[] { new { from = Shanghai.DateOf(EventService.Morning(10)), to = Shanghai.DateOf(EventService.Morning(20)) } }, ["expectedDonors"] = 120, ["theme"] = "雷锋月", ["note"] = "最好是周三",
    };

    private static object Offer(int days, int hours = 3) => new { startsAt = EventService.Morning(days), endsAt = EventService.Morning(days).AddHours(hours), slotMinutes = 30, capacityPerSlot = 20, procedures = new[] { "whole-blood" } };

    private static object Offers(params int[] days) => new { offers = days.Select(d => Offer(d)), until = EventService.Now.AddDays(2) };

    private async Task<Guid> Asked(HttpClient organiser, Guid organisation, Guid? station = null)
    {
        var asked = await organiser.Post("/v1/drive-requests", Body(organisation, station), Some.Key());
        Assert.True(asked.Status == 201, asked.ToString());
        return asked.Id;
    }

    [Fact]
    public async Task An_organiser_asks_the_station_offers_dates_and_the_one_taken_is_an_approved_drive()
    {
        var (university, station) = (await events.Organisation(), await events.Organisation("blood-station", name: "测试血站"));
        var organiser = events.Organiser(university);
        var id = await Asked(organiser, university, station);
        var seen = await events.Station(station).Get($"/v1/drive-requests/{id}");
        Assert.Equal(("asked", 120, "最好是周三"), (seen.Text("status"), seen["expectedDonors"].GetInt32(), seen.Text("note")));
        Assert.Equal((409, "nothing_offered"), Code(await organiser.Post($"/v1/drive-requests/{id}/take", new { number = 1 })));

        var offered = await events.Station(station).Post($"/v1/drive-requests/{id}/offer", Offers(11, 13));
        Assert.Equal((200, "offered"), (offered.Status, offered.Text("status")));
        Assert.Equal((422, "offer_unknown"), Code(await organiser.Post($"/v1/drive-requests/{id}/take", new { number = 3 })));
        var taken = await organiser.Post($"/v1/drive-requests/{id}/take", new { number = 2 });
        Assert.Equal((200, "taken"), (taken.Status, taken.Text("status")));

        var drive = await organiser.Get($"/v1/drives/{taken["driveId"].GetGuid()}");
        Assert.Equal(("approved", EventService.Morning(13), station, "雷锋月", "organisation"), (drive.Text("status"), drive["startsAt"].GetDateTimeOffset(), drive["stationId"].GetGuid(), drive.Text("theme"), drive.Text("visibility")));
        Assert.Equal(6, (await organiser.Get($"/v1/drives/{drive.Id}/slots"))["items"].GetArrayLength());
        Assert.Equal(drive.Id, Assert.Single(await service.Published<DriveScheduled>(), e => e.OrganiserId == university).DriveId);
        Assert.Equal(200, (await events.Station(station).Post($"/v1/drives/{drive.Id}/open")).Status);
        Assert.Equal((409, "request_settled"), Code(await organiser.Post($"/v1/drive-requests/{id}/take", new { number = 1 })));
        Assert.Equal((409, "request_settled"), Code(await events.Station(station).Post($"/v1/drive-requests/{id}/offer", Offers(14))));
        Assert.Equal((409, "request_settled"), Code(await organiser.Post($"/v1/drive-requests/{id}/decline")));
    }

    [Fact]
    public async Task Of_many_who_take_at_once_one_makes_the_drive()
    {
        var (university, station) = (await events.Organisation(), await events.Organisation("blood-station", name: "测试血站"));
        var organiser = events.Organiser(university);
        var id = await Asked(organiser, university, station);
        await events.Station(station).Post($"/v1/drive-requests/{id}/offer", Offers(11, 12));
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => organiser.Post($"/v1/drive-requests/{id}/take", new { number = i % 2 + 1 })));
        Assert.Equal(1, answers.Count(a => a.Status == 200));
        Assert.Equal(11, answers.Count(a => a.Code == "request_settled"));
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from event.drive where request_id = @id", new { id }));
    }

    [Fact]
    public async Task A_request_to_whichever_station_is_seen_by_those_of_the_district_until_one_takes_it_on()
    {
        var university = await events.Organisation();
        var (near, also) = (await events.Organisation("blood-station", name: "测试血站"), await events.Organisation("blood-station", name: "测试血站二"));
        var far = Some.Id();
        await service.Database.Execute("insert into event.organisation (id, version, name, kind, district, path, status, created_at) values (@far, 1, '别市血站', 'blood-station', '440100', array[@far], 'active', now())", new { far });
        var id = await Asked(events.Organiser(university), university);
        Assert.True(await Lists(events.Station(near), id));
        Assert.True(await Lists(events.Station(also), id));
        Assert.False(await Lists(events.Station(far), id));
        Assert.Equal(404, (await events.Station(far).Post($"/v1/drive-requests/{id}/offer", Offers(11))).Status);
        Assert.Equal(200, (await events.Station(near).Post($"/v1/drive-requests/{id}/offer", Offers(11))).Status);
        Assert.Equal(404, (await events.Station(also).Get($"/v1/drive-requests/{id}")).Status);

        Assert.Equal("asked", (await events.Station(near).Post($"/v1/drive-requests/{id}/decline", new { reasonCode = "no-vehicle" })).Text("status")); // who offered steps back
        Assert.Equal(200, (await events.Station(also).Get($"/v1/drive-requests/{id}")).Status);
        Assert.Equal(200, (await events.Station(also).Post($"/v1/drive-requests/{id}/offer", Offers(11))).Status);

        var stranger = events.Organiser(await events.Organisation("enterprise", name: "测试公司"));
        Assert.Equal(404, (await stranger.Get($"/v1/drive-requests/{id}")).Status);
        Assert.Equal(404, (await stranger.Post($"/v1/drive-requests/{id}/take", new { number = 1 })).Status);
        Assert.Equal(404, (await stranger.Post($"/v1/drive-requests/{id}/decline")).Status);
        Assert.False(await Lists(stranger, id));
        Assert.Equal((403, "role_forbidden"), Code(await events.App(Some.Id()).Get("/v1/drive-requests")));

        async Task<bool> Lists(HttpClient http, Guid request) => (await http.Get("/v1/drive-requests?status=asked&limit=1000"))["items"].EnumerateArray().Any(r => r.GetProperty("id").GetGuid() == request);
    }

    [Fact]
    public async Task A_request_to_whichever_station_ends_when_none_of_the_city_is_left_and_not_before()
    {
        var (one, other, province, far) = (await events.StationOf("460402"), await events.StationOf("460400"), await events.StationOf("460000"), await events.StationOf("460500"));
        var university = (await service.As(Roles.Admin).Post("/v1/organisations", new { name = "测试大学", kind = "university", district = "460404" })).Id;
        var organiser = events.Organiser(university);
        async Task<Guid> Asked(string district)
        {
            var body = Body(university);
            body["venue"] = new { name = "广场", address = "一号路1号", district };
            var made = await organiser.Post("/v1/drive-requests", body);
            Assert.True(made.Status == 201, made.ToString());
            return made.Id;
        }
        var id = await Asked("460404");
        Assert.Equal(404, (await events.Station(far).Get($"/v1/drive-requests/{id}")).Status);
        var declined = await events.Station(one).Post($"/v1/drive-requests/{id}/decline", new { reasonCode = "no-vehicle" });
        Assert.Equal((200, "asked", "offer"), (declined.Status, declined.Text("status"), Assert.Single(declined["allowedActions"].EnumerateArray()).GetString()));
        Assert.Equal((409, "request_settled"), Code(await events.Station(one).Post($"/v1/drive-requests/{id}/decline")));
        Assert.Equal("asked", (await organiser.Get($"/v1/drive-requests/{id}")).Text("status"));
        // Those that are left decline at once: one of them is the last.
        var last = await Task.WhenAll(new[] { other, province }.Select(s => events.Station(s).Post($"/v1/drive-requests/{id}/decline", new { reasonCode = "no-staff" })));
        Assert.Equal(["asked", "declined"], last.Select(a => a.Text("status")).Order());
        var ended = await organiser.Get($"/v1/drive-requests/{id}");
        Assert.Equal(("declined", "station", "no-staff"), (ended.Text("status"), ended.Text("declinedBy"), ended.Text("reasonCode")));

        // Who had declined may still come, and who asked may take it or end it.
        var second = await Asked("460404");
        Assert.Equal(200, (await events.Station(one).Post($"/v1/drive-requests/{second}/decline")).Status);
        Assert.Equal("offered", (await events.Station(one).Post($"/v1/drive-requests/{second}/offer", Offers(11))).Text("status"));
        Assert.Equal("declined", (await organiser.Post($"/v1/drive-requests/{second}/decline")).Text("status"));
    }

    [Fact]
    public async Task Offers_and_wishes_expire_with_their_reason_and_a_station_may_offer_anew()
    {
        var (university, station) = (await events.Organisation(), await events.Organisation("blood-station", name: "测试血站"));
        var organiser = events.Organiser(university);
        var (lapsed, passed, declined) = (await Asked(organiser, university, station), await Asked(organiser, university, station), await Asked(organiser, university, station));
        await events.Station(station).Post($"/v1/drive-requests/{lapsed}/offer", Offers(11));
        await service.Database.Execute("update event.drive_request set offered_until = now() - interval '1 second' where id = @lapsed", new { lapsed });
        await service.Database.Execute("update event.drive_request set last_wish = current_date - 2 where id = @passed", new { passed });

        var expired = await organiser.Get($"/v1/drive-requests/{lapsed}");
        Assert.Equal(("expired", "offer-expired"), (expired.Text("status"), expired.Text("reasonCode")));
        Assert.Equal((409, "offer_expired"), Code(await organiser.Post($"/v1/drive-requests/{lapsed}/take", new { number = 1 })));
        Assert.Equal(["offer"], (await events.Station(station).Get($"/v1/drive-requests/{lapsed}"))["allowedActions"].EnumerateArray().Select(a => a.GetString()));
        Assert.Equal("wishes-passed", (await organiser.Get($"/v1/drive-requests/{passed}")).Text("reasonCode"));
        Assert.Equal((409, "request_settled"), Code(await events.Station(station).Post($"/v1/drive-requests/{passed}/offer", Offers(11))));
        Assert.Equal(2, (await organiser.Get("/v1/drive-requests?status=expired"))["items"].GetArrayLength());
        Assert.Equal("offered", (await events.Station(station).Post($"/v1/drive-requests/{lapsed}/offer", Offers(12))).Text("status"));
        Assert.Equal("taken", (await organiser.Post($"/v1/drive-requests/{lapsed}/take", new { number = 1 })).Text("status"));

        var no = await events.Station(station).Post($"/v1/drive-requests/{declined}/decline", new { reasonCode = "no-vehicle" });
        Assert.Equal(("declined", "station", "no-vehicle"), (no.Text("status"), no.Text("declinedBy"), no.Text("reasonCode")));
    }

    [Fact]
    public async Task What_cannot_be_asked_or_offered_is_refused()
    {
        var (university, station) = (await events.Organisation(), await events.Organisation("blood-station", name: "测试血站"));
        var organiser = events.Organiser(university);
        foreach (var (change, code) in new (Action<Dictionary<string, object?>>, (int, string?))[]
        {
            (b => b["wishes"] = Array.Empty<object>(), (422, "invalid_value")),
            (b => b["wishes"] = new[] { new { from = "2020-01-01", to = "2020-01-02" } }, (422, "invalid_value")),
            (b => b["expectedDonors"] = 0, (422, "invalid_value")),
            (b => b["organisationId"] = station, (404, "not_found")),
            (b => b["stationId"] = university, (404, "not_found")),
            (b => b["venue"] = new { name = "广场", address = "东成村22号", district = "440703", latitude = 0.0, longitude = 0.0 }, (422, "invalid_value")),
        })
        {
            var body = Body(university, station);
            change(body);
            Assert.Equal(code, Code(await organiser.Post("/v1/drive-requests", body)));
        }
        Assert.Empty((await organiser.Get("/v1/drive-requests"))["items"].EnumerateArray());

        var id = await Asked(organiser, university, station);
        foreach (var bad in new object[] { Offers(), Offers(-1), new { offers = new[] { Offer(11) }, until = EventService.Morning(12) }, new { offers = new[] { Offer(11) }, until = EventService.Now.AddMinutes(-1) }, new { offers = new[] { Offer(11, hours: 15 * 24) }, until = EventService.Now.AddDays(1) } })
            Assert.Equal((422, "invalid_value"), Code(await events.Station(station).Post($"/v1/drive-requests/{id}/offer", bad)));
        Assert.Equal("asked", (await organiser.Get($"/v1/drive-requests/{id}")).Text("status"));
    }

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);
}
