using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>Targets and responsibilities.</summary>
[Collection(EventCollection.Name)]
public sealed class OrganisationTargetTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);

    private static object Target(int donations, long ml = 0, int year = 2026) => new { from = $"{year}-01-01", to = $"{year}-12-31", donations, volumeMl = ml };

    private async Task<(long, long)> Total(Guid organisation, int year = 2026)
    {
        var list = await events.Station(await events.StationOf()).Get($"/v1/organisations/{organisation}/targets");
        return list["items"].EnumerateArray().Where(t => t.GetProperty("from").GetString() == $"{year}-01-01")
            .Select(t => (t.GetProperty("total").GetProperty("donations").GetInt64(), t.GetProperty("total").GetProperty("volumeMl").GetInt64())).SingleOrDefault();
    }

    [Fact]
    public async Task Targets_of_one_seven_and_n_add_up_at_every_level_and_stand_beside_the_results()
    {
        var league = await events.Organisation("university", name: "校团委");
        var colleges = new List<Guid>();
        for (var i = 0; i < 7; i++) colleges.Add(await events.Organisation("college", league, $"学院{i}"));
        var branches = new[] { await events.Organisation("class", colleges[0], "一班"), await events.Organisation("class", colleges[0], "二班") };
        var http = events.Organiser(league);
        await http.Put($"/v1/organisations/{league}/targets", Target(10, 3000));
        foreach (var college in colleges) await http.Put($"/v1/organisations/{college}/targets", Target(20, 6000));
        foreach (var branch in branches) await http.Put($"/v1/organisations/{branch}/targets", Target(30));
        var changed = await http.Put($"/v1/organisations/{branches[1]}/targets", Target(5));
        Assert.Equal((200, 5L), (changed.Status, changed["total"].GetProperty("donations").GetInt64()));

        Assert.Equal((10 + 140 + 35, 3000 + 42000), await Total(league));
        Assert.Equal((20 + 35, 6000), await Total(colleges[0]));
        var results = await http.Get($"/v1/organisations/{league}/results?from=2026-01-01&to=2026-12-31");
        Assert.Equal(185, results["target"].GetProperty("donations").GetInt64());
        Assert.Equal([55, 20, 20, 20, 20, 20, 20], results["children"].EnumerateArray().Select(c => c.GetProperty("target").GetProperty("donations").GetInt32()).OrderDescending());
        Assert.Equal(JsonValueKind.Null, (await http.Get($"/v1/organisations/{league}/results?from=2026-01-01&to=2026-06-30"))["target"].ValueKind); // of another period
        await http.Put($"/v1/organisations/{branches[0]}/targets", Target(0));
        Assert.Equal((155, 45000), await Total(league));
    }

    [Fact]
    public async Task A_move_takes_the_targets_of_coming_periods_along_and_leaves_those_that_began()
    {
        var (old, @new) = (await events.Organisation(), await events.Organisation());
        var college = await events.Organisation("college", old);
        var @class = await events.Organisation("class", college);
        var station = events.Station(await events.StationOf());
        foreach (var year in new[] { 2024, 2025 })
            foreach (var (organisation, donations) in new[] { (old, 1), (college, 10), (@class, 100) }) await station.Put($"/v1/organisations/{organisation}/targets", Target(donations, donations * 300, year));
        Assert.Equal(200, (await station.Post($"/v1/organisations/{college}/move", new { parentId = @new, from = "2024-06-01" })).Status);
        Assert.Equal(((111, 33300), (1, 300)), (await Total(old, 2024), await Total(old, 2025)));
        Assert.Equal(((0, 0), (110, 33000)), (await Total(@new, 2024), await Total(@new, 2025)));
        // A target said later of a period that began before the move goes where it stood then.
        await station.Put($"/v1/organisations/{@class}/targets", Target(50, 0, 2024));
        Assert.Equal(((61, 3300), (0, 0)), (await Total(old, 2024), await Total(@new, 2024)));
        // Within one tree what is above both places keeps its sum.
        var root = await events.Organisation();
        foreach (var branch in new[] { old, @new }) await station.Post($"/v1/organisations/{branch}/move", new { parentId = root, from = "2024-06-01" });
        Assert.Equal((111, 33300), await Total(root, 2025));
        await station.Post($"/v1/organisations/{college}/move", new { parentId = old, from = "2024-07-01" });
        Assert.Equal(((111, 33300), (111, 33300), (0, 0)), (await Total(root, 2025), await Total(old, 2025), await Total(@new, 2025)));
    }

    [Fact]
    public async Task Targets_set_at_once_lose_none()
    {
        var root = await events.Organisation();
        var colleges = new List<Guid>();
        for (var i = 0; i < 8; i++) colleges.Add(await events.Organisation("college", root));
        var answers = await Task.WhenAll(colleges.SelectMany(c => new[] { 3, 7 }.Select(n => events.Organiser(root).Put($"/v1/organisations/{c}/targets", Target(n)))));
        Assert.All(answers, a => Assert.True(a.Status == 200, a.ToString()));
        var own = await service.Database.Scalar<long>("select sum(donations)::bigint from event.target where organisation_id = any(@ids)", new { ids = colleges.ToArray() });
        Assert.InRange(own, 24, 56);
        Assert.Equal((own, 0L), await Total(root));
    }

    [Fact]
    public async Task A_target_that_makes_no_sense_is_refused()
    {
        var organisation = await events.Organisation();
        var http = events.Organiser(organisation);
        foreach (var body in new object[]
        {
            new { from = "2026-12-31", to = "2026-01-01", donations = 5 }, new { from = "2026-01-01", to = "2099-01-01", donations = 5 }, new { from = "1980-01-01", to = "1980-12-31", donations = 5 }, new { from = "2026-01-01", to = "2026-12-31", donations = -5 },
        })
            Assert.Equal((422, "invalid_value"), Code(await http.Put($"/v1/organisations/{organisation}/targets", body)));
        Assert.Equal(404, (await events.Organiser(await events.Organisation()).Put($"/v1/organisations/{organisation}/targets", Target(5))).Status);
        Assert.Equal(404, (await events.Authority("440300").Put($"/v1/organisations/{organisation}/targets", Target(5))).Status);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.target_total where organisation_id = @organisation", new { organisation }));
    }

    [Fact]
    public async Task A_body_sees_the_figures_of_what_it_is_responsible_for_each_drive_once_and_manages_nothing_there()
    {
        var (station, day) = (Some.Id(), new DateTimeOffset(2022, 6, 14, 9, 0, 0, TimeSpan.FromHours(8)));
        var district = "460323"; // no other test counts there
        var body = await events.Organisation("government", name: "领导小组");
        var street = await events.Organisation("street-office", name: "街道");
        var village = await events.Organisation("village", street);
        var school = (await service.As(Roles.Admin).Post("/v1/organisations", new { name = "学校", kind = "school", district })).Id;
        foreach (var (organisation, at, donors) in new[] { (body, "440703", 5), (village, district, 6), (school, district, 7), (school, "440703", 8) })
        {
            var made = EventService.DriveBody(organisation, day, backfillReason: "paper");
            made["venue"] = new { name = "v", address = "a", district = at };
            var drive = (await events.Quality(station).Post("/v1/drives", made)).Id;
            await events.Steps(station, drive, day, "submit", "approve", "open", "start");
            for (var i = 0; i < donors; i++) await service.Deliver(EventService.Collected(EventService.Din(), await events.Donor(), drive, day, 300));
            await events.Steps(station, drive, day.AddHours(4), "close");
        }
        var reader = events.Organiser(body);
        Assert.Equal(404, (await reader.Get($"/v1/organisations/{village}/results")).Status);
        // Nobody makes himself responsible.
        Assert.Equal((403, "role_forbidden"), Code(await reader.Put($"/v1/organisations/{body}/responsibilities", new { districts = new[] { district }, organisationIds = new[] { street } })));
        var assigned = await service.As(Roles.Admin).Put($"/v1/organisations/{body}/responsibilities", new { districts = new[] { district }, organisationIds = new[] { street } });
        Assert.Equal((200, district, street), (assigned.Status, assigned["districts"][0].GetString(), assigned["organisationIds"][0].GetGuid()));

        var area = await reader.Get($"/v1/organisations/{body}/results?area=true");
        Assert.Equal((3, 18), (area["drives"].GetInt32(), area["collected"].GetInt32())); // the village's once, though by street and by district; the school's elsewhere not
        Assert.Equal(5, (await reader.Get($"/v1/organisations/{body}/results"))["collected"].GetInt32());
        foreach (var seen in new[] { village, street, school }) Assert.Equal(200, (await reader.Get($"/v1/organisations/{seen}/results")).Status);
        Assert.Equal(200, (await reader.Get($"/v1/organisations/{village}/targets")).Status);
        Assert.Equal(404, (await reader.Get($"/v1/organisations/{village}/results?area=true")).Status);
        Assert.Equal(404, (await reader.Patch($"/v1/organisations/{village}", new { name = "x" }, "\"1\"")).Status);
        Assert.Equal(404, (await reader.Put($"/v1/organisations/{village}/targets", Target(5))).Status);
        Assert.Equal(404, (await reader.Get($"/v1/organisations/{village}/coordinators")).Status);

        foreach (var (organisation, donations) in new[] { (body, 1), (street, 10), (village, 100), (school, 1000) }) await service.As(Roles.Admin).Put($"/v1/organisations/{organisation}/targets", Target(donations, 0, 2022));
        Assert.Equal(1111, (await reader.Get($"/v1/organisations/{body}/results?area=true&from=2022-01-01&to=2022-12-31"))["target"].GetProperty("donations").GetInt32());

        await service.As(Roles.Admin).Put($"/v1/organisations/{body}/responsibilities", new { districts = Array.Empty<string>(), organisationIds = new[] { street } });
        Assert.Equal(404, (await reader.Get($"/v1/organisations/{school}/results")).Status);
        Assert.Equal(11, (await reader.Get($"/v1/organisations/{body}/results?area=true"))["collected"].GetInt32());
        var history = (await reader.Get($"/v1/organisations/{body}/responsibilities"))["history"].EnumerateArray().ToArray();
        Assert.Equal((2, 1), (history.Length, history.Count(h => h.GetProperty("to").ValueKind == JsonValueKind.Null)));
    }

    [Fact]
    public async Task A_responsibility_for_what_is_not_the_assigners_or_below_anyhow_is_refused()
    {
        var body = await events.Organisation("government");
        var below = await events.Organisation("community", body);
        var authority = events.Authority("440700");
        async Task<(int, string?)> Put(string[] districts, params Guid[] organisations) => Code(await authority.Put($"/v1/organisations/{body}/responsibilities", new { districts, organisationIds = organisations }));
        Assert.Equal((403, "outside_own_area"), await Put(["440300"]));
        Assert.Equal((422, "invalid_value"), await Put([], below));
        Assert.Equal((422, "invalid_value"), await Put([], body));
        Assert.Equal(404, (await Put([], new Guid("00000000-0000-4000-8000-000000000001"))).Item1);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.responsibility where body_id = @body", new { body }));
        Assert.Equal((200, null), await Put(["440703", "440700"]));
    }
}
