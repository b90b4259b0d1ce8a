using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class OrganisationTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    [Fact]
    public async Task A_tree_shows_three_levels_and_results_roll_up()
    {
        var league = await events.Organisation("university", name: "校团委");
        var (east, west) = (await events.Organisation("college", league, "东学院"), await events.Organisation("college", league, "西学院"));
        var branch = await events.Organisation("class", east, "一班");
        var tree = await events.Organiser(league).Get($"/v1/organisations/{league}/tree");
        Assert.Equal(["东学院", "西学院"], tree["children"].EnumerateArray().Select(c => c.GetProperty("name").GetString()));
        Assert.Equal(branch, tree["children"][0].GetProperty("children")[0].GetProperty("id").GetGuid());

        var (station, day) = (Some.Id(), new DateTimeOffset(2023, 12, 5, 9, 0, 0, TimeSpan.FromHours(8)));
        foreach (var (organisation, donors) in new[] { (branch, 6), (west, 5) })
        {
            var drive = await events.PastDrive(station, day, organisation: organisation);
            for (var i = 0; i < donors; i++) await service.Deliver(EventService.Collected(EventService.Din(), await events.Donor(), drive, day, 300));
            await events.Steps(station, drive, day.AddHours(4), "close");
        }
        foreach (var reader in new[] { events.Organiser(league), events.Station(station), events.Authority("440700") })
        {
            var results = await reader.Get($"/v1/organisations/{league}/results?from=2023-12-05&to=2023-12-05");
            Assert.Equal((2, 11, 3300), (results["drives"].GetInt32(), results["collected"].GetInt32(), results["volumeMl"].GetInt32()));
            Assert.Equal([6, 5], results["children"].EnumerateArray().Select(c => c.GetProperty("collected").GetInt32()).OrderDescending());
        }
        Assert.Equal(0, (await events.Station(station).Get($"/v1/organisations/{league}/results?from=2023-12-06"))["drives"].GetInt32());
        Assert.Equal(0, (await events.Station(Some.Id()).Get($"/v1/organisations/{league}/results"))["drives"].GetInt32());
        Assert.Equal(0, (await events.Authority("440300").Get($"/v1/organisations/{league}/results"))["drives"].GetInt32());
        Assert.Equal(404, (await events.Organiser(west).Get($"/v1/organisations/{east}/results")).Status); // not below it
    }

    [Fact]
    public async Task A_station_looks_after_the_organisations_of_its_city_and_says_nothing_of_anothers()
    {
        var (mine, far, university) = (await events.StationOf("440705"), await events.StationOf("440100"), await events.Organisation());
        var (here, there) = (events.Station(mine), events.Station(far));
        var person = new { name = "甲测试", phone = "13900000001" };
        Assert.Equal(200, (await here.Patch($"/v1/organisations/{university}", new { coordinator = person }, "*")).Status);
        Assert.Equal("甲**", (await here.Get($"/v1/organisations/{university}"))["coordinator"].GetProperty("name").GetString());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, (await there.Get($"/v1/organisations/{university}"))["coordinator"].ValueKind);
        foreach (var refused in new[]
        {
            await there.Patch($"/v1/organisations/{university}", new { name = "别人的" }, "*"),
            await there.Post($"/v1/organisations/{university}/move", new { parentId = (Guid?)null }),
            await there.Post($"/v1/organisations/{university}/coordinators/full-reads", new { purpose = "arrange-drive" }),
            await there.Put($"/v1/organisations/{university}/targets", new { from = "2030-01-01", to = "2030-12-31", donations = 1, volumeMl = 300 }),
            await there.Put($"/v1/organisations/{university}/responsibilities", new { districts = new[] { "440103" }, organisationIds = Array.Empty<Guid>() }),
            await there.Post("/v1/organisations", new { name = "x", kind = "class", district = "440103", parentId = university }),
            await there.Post("/v1/campaigns", new { organisationId = university, name = "40天", from = "2030-01-01", to = "2030-02-01", targets = new[] { new { organisationId = university, donations = 1 } } }),
            await there.Post("/v1/activities", new { organisationId = university, kind = "letter", heldOn = "2026-01-01", title = "信", reach = 1 }),
            await there.Get($"/v1/activities?organisationId={university}"),
            await there.Get($"/v1/organisations/{university}/history"),
        })
            Assert.True(refused.Status == 404, refused.ToString());

        // Which city is a station's own is not its own to say, nor may anybody else make one.
        foreach (var refused in new[]
        {
            await here.Post("/v1/organisations", new { name = "x", kind = "village", district = "440103" }),
            await here.Patch($"/v1/organisations/{university}", new { district = "440103" }, "*"),
            await here.Patch($"/v1/organisations/{mine}", new { district = "440000" }, "*"),
            await here.Post("/v1/organisations", new { name = "x", kind = "blood-station", district = "440705" }),
            await here.Put($"/v1/organisations/{university}/responsibilities", new { districts = new[] { "440103" }, organisationIds = Array.Empty<Guid>() }),
            await events.Organiser(university).Post("/v1/organisations", new { name = "x", kind = "blood-station", district = "440705", parentId = university }),
            await events.Authority("440100").Post("/v1/organisations", new { name = "x", kind = "blood-station", district = "440705" }),
        })
            Assert.True((403, "outside_own_area") == (refused.Status, refused.Code), refused.ToString());
        Assert.Equal(201, (await events.Authority("440700").Post("/v1/organisations", new { name = "二站", kind = "blood-station", district = "440705" })).Status);
        Assert.Equal(("测试大学", "440703"), (await here.Get($"/v1/organisations/{university}")) is var now ? (now.Text("name"), now.Text("district")) : default);
    }

    [Fact]
    public async Task An_operator_registers_organisations_too()
    {
        var made = await service.As(Roles.Admin).Post("/v1/organisations", new { name = "测试血站", kind = "blood-station", district = "440703" });
        Assert.Equal(201, made.Status);
        Assert.Equal(made.Body.ToString(), (await service.As(Roles.Admin).Get($"/v1/organisations/{made.Id}")).Body.ToString());
    }

    [Fact]
    public async Task A_change_needs_the_version_and_tells_the_others_without_the_coordinator()
    {
        var organisation = await events.Organisation();
        var http = events.Organiser(organisation);
        Assert.Equal(428, (await http.Patch($"/v1/organisations/{organisation}", new { name = "新名" })).Status);
        var changed = await http.Patch($"/v1/organisations/{organisation}", new { name = "新名", coordinator = new { name = "乙测试", phone = "13900000009" } }, "\"1\"");
        Assert.Equal((200, "新名", "乙**"), (changed.Status, changed.Text("name"), changed["coordinator"].GetProperty("name").GetString()));
        Assert.Equal("乙**", (await http.Get($"/v1/organisations/{organisation}"))["coordinator"].GetProperty("name").GetString());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, (await events.App(Some.Id()).Get($"/v1/organisations/{organisation}"))["coordinator"].ValueKind);
        Assert.Equal((2L, "新名"), (await service.Published<OrganisationChanged>()).Where(e => e.OrganisationId == organisation).Select(e => (e.Version, e.Name)).Single());
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.outbox where payload::text like '%13900000009%' or payload::text like '%乙测试%'"));
    }

    [Fact]
    public async Task The_service_describes_its_calls()
    {
        var description = await service.Anonymous().Get("/openapi/event.json");
        Assert.Equal(200, description.Status);
        Assert.True(description["paths"].TryGetProperty("/v1/appointments", out _));
    }

    [Fact]
    public async Task A_list_filters_and_pages()
    {
        var parent = await events.Organisation();
        for (var i = 0; i < 3; i++) await events.Organisation("college", parent, $"学院{i}");
        var first = await events.Organiser(parent).Get($"/v1/organisations?parentId={parent}&limit=2");
        var second = await events.Organiser(parent).Get($"/v1/organisations?parentId={parent}&limit=2&cursor={first.Text("next")}");
        Assert.Equal((2, 1), (first["items"].GetArrayLength(), second["items"].GetArrayLength()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, second["next"].ValueKind);
    }
}
