using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>A branch moves, the past stays where it was counted.</summary>
[Collection(EventCollection.Name)]
public sealed class OrganisationMoveTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;
    private static readonly DateTimeOffset Day = new(2024, 3, 5, 9, 0, 0, TimeSpan.FromHours(8));
    private static readonly DateOnly MoveDay = new(2024, 6, 1);

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);

    /// <summary>A closed drive of that day with so many donations of 300 ml.</summary>
    private async Task<Guid> Drive(Guid station, Guid organisation, DateTimeOffset day, int donors)
    {
        var drive = await events.PastDrive(station, day, organisation: organisation);
        for (var i = 0; i < donors; i++) await service.Deliver(EventService.Collected(EventService.Din(), await events.Donor(), drive, day, 300) with { OrganiserId = organisation });
        await events.Steps(station, drive, day.AddHours(4), "close");
        return drive;
    }

    private async Task<(int Drives, int Collected)> Results(Guid station, Guid organisation, string query = "")
    {
        var answer = await events.Station(station).Get($"/v1/organisations/{organisation}/results{query}");
        Assert.True(answer.Status == 200, answer.ToString());
        return (answer["drives"].GetInt32(), answer["collected"].GetInt32());
    }

    private async Task<Guid[]> Path(Guid organisation) => (await service.Database.Query<Guid>("select unnest(path) from event.organisation where id = @organisation", new { organisation })).ToArray();

    [Fact]
    public async Task What_a_branch_brought_before_it_moved_stays_counted_where_it_stood()
    {
        var station = await events.StationOf();
        var (old, @new) = (await events.Organisation(name: "旧大学"), await events.Organisation(name: "新大学"));
        var college = await events.Organisation("college", old, "学院");
        var @class = await events.Organisation("class", college, "一班");
        await Drive(station, @class, Day, 6);
        var moved = await events.Station(station).Post($"/v1/organisations/{college}/move", new { parentId = @new, from = MoveDay, reasonCode = "reorganised" });
        Assert.True(moved.Status == 200, moved.ToString());
        Assert.Equal((2, @new, old), (moved["moved"].GetInt32(), moved["toParentId"].GetGuid(), moved["fromParentId"].GetGuid()));
        await Drive(station, @class, Day.AddMonths(4), 5);

        Assert.Equal((1, 6), await Results(station, old));
        Assert.Equal((1, 5), await Results(station, @new));
        Assert.Equal((2, 11), await Results(station, college)); // its own story is whole
        Assert.Equal([@new, college, @class], await Path(@class));
        var seen = await events.Organiser(old).Get($"/v1/organisations/{old}/results?from=2024-01-01&to=2024-12-31");
        Assert.Equal("organiser-where-it-stood-on-the-day", seen.Text("countedBy"));
        var child = Assert.Single(seen["children"].EnumerateArray());
        Assert.Equal((college, 6, false), (child.GetProperty("organisationId").GetGuid(), child.GetProperty("collected").GetInt32(), child.GetProperty("present").GetBoolean()));
        var move = Assert.Single(seen["moves"].EnumerateArray());
        Assert.Equal((college, "2024-06-01", @new), (move.GetProperty("organisationId").GetGuid(), move.GetProperty("on").GetString(), move.GetProperty("toParentId").GetGuid()));
        Assert.Empty((await events.Station(station).Get($"/v1/organisations/{old}/results?from=2024-07-01"))["moves"].EnumerateArray());
        Assert.Equal(404, (await events.Organiser(old).Get($"/v1/organisations/{college}/results")).Status); // no longer its own
        Assert.Equal(200, (await events.Organiser(@new).Get($"/v1/organisations/{college}/results")).Status);

        // The year by organisation says the same.
        var year = (await events.Station(station).Get("/v1/statistics?by=organisation&year=2024"))["items"].EnumerateArray()
            .ToDictionary(i => i.GetProperty("subject").GetProperty("organisationId").GetGuid(), i => i.GetProperty("counted").GetProperty("donations").GetInt32());
        Assert.Equal((6, 5, 11), (year[old], year[@new], year[college]));

        var history = await events.Organiser(@new).Get($"/v1/organisations/{@class}/history");
        Assert.Equal([(JsonValueKind.Null, "2024-05-31"), (JsonValueKind.String, null)], history["places"].EnumerateArray().Select(p => (p.GetProperty("from").ValueKind, p.GetProperty("to").GetString())));
        Assert.Equal((college, "reorganised"), (history["places"][1].GetProperty("movedOrganisationId").GetGuid(), history["places"][1].GetProperty("reasonCode").GetString()));
    }

    [Fact]
    public async Task Every_organisation_of_a_moved_branch_is_announced_once_with_its_new_path()
    {
        var (root, other) = (await events.Organisation(), await events.Organisation());
        var college = await events.Organisation("college", root);
        var classes = new[] { await events.Organisation("class", college), await events.Organisation("class", college) };
        await events.Station(await events.StationOf()).Post($"/v1/organisations/{college}/move", new { parentId = other, from = "2024-06-01" });
        var said = (await service.Published<OrganisationChanged>()).Where(e => e.Path.Contains(other)).ToArray();
        Assert.Equal([.. new[] { college, classes[0], classes[1] }.Order()], said.Select(e => e.OrganisationId).Order());
        Assert.All(said, e => Assert.Equal((2L, MoveDay, e.OrganisationId), (e.Version, e.PlacedSince, e.Path[^1])));
        Assert.Equal([other, college], said.Single(e => e.OrganisationId == college).Path);
        Assert.Equal((other, college), (said.Single(e => e.OrganisationId == college).ParentId, said.Single(e => e.OrganisationId == classes[1]).ParentId));
        Assert.DoesNotContain(await service.Published<OrganisationChanged>(), e => e.OrganisationId == root || e.OrganisationId == other);
        // Any later change says where it stands, and since when.
        await events.Station(await events.StationOf()).Patch($"/v1/organisations/{classes[0]}", new { name = "新班" }, "\"2\"");
        Assert.Equal((MoveDay, 3), (await service.Published<OrganisationChanged>()).Where(e => e.OrganisationId == classes[0] && e.Version == 3).Select(e => (e.PlacedSince, e.Path.Length)).Single());
    }

    [Fact]
    public async Task Two_moves_of_one_day_leave_one_and_none_begins_before_another()
    {
        var (a, b, c) = (await events.Organisation(), await events.Organisation(), await events.Organisation());
        var branch = await events.Organisation("college", a);
        var station = events.Station(await events.StationOf());
        foreach (var parent in new[] { b, c }) Assert.Equal(200, (await station.Post($"/v1/organisations/{branch}/move", new { parentId = parent, from = "2024-06-01" })).Status);
        Assert.Equal(2, (await station.Get($"/v1/organisations/{branch}/history"))["places"].GetArrayLength());
        Assert.Equal((409, "moved_since"), Code(await station.Post($"/v1/organisations/{branch}/move", new { parentId = a, from = "2024-05-01" })));
        Assert.Equal((409, "already_there"), Code(await station.Post($"/v1/organisations/{branch}/move", new { parentId = c, from = "2024-07-01" })));
        // Whatever stood in the branch or takes it in counts too.
        var leaf = await events.Organisation("class", branch);
        await station.Post($"/v1/organisations/{leaf}/move", new { parentId = b, from = "2024-08-01" });
        Assert.Equal((409, "moved_since"), Code(await station.Post($"/v1/organisations/{branch}/move", new { parentId = a, from = "2024-07-01" })));
        Assert.Equal((409, "moved_since"), Code(await station.Post($"/v1/organisations/{b}/move", new { parentId = branch, from = "2024-05-31" })));
        var back = await station.Post($"/v1/organisations/{branch}/move", new { parentId = (Guid?)null, from = "2024-08-01" });
        Assert.Equal((200, JsonValueKind.Null), (back.Status, back["organisation"].GetProperty("parentId").ValueKind));
        Assert.Equal([branch], await Path(branch));
    }

    [Fact]
    public async Task A_move_that_makes_a_cycle_or_goes_nowhere_is_refused_and_nothing_is_written()
    {
        var (root, other) = (await events.Organisation(), await events.Organisation());
        var college = await events.Organisation("college", root);
        var @class = await events.Organisation("class", college);
        var station = events.Station(await events.StationOf());
        var tomorrow = Shanghai.DateOf(EventService.Now).AddDays(1);
        async Task<string> State() => await service.Database.Scalar<string>("""
            select md5(string_agg(x, '|' order by x)) from (select o::text as x from event.organisation o union all select p::text from event.organisation_placement p union all select m::text from event.organisation_move m) s
            """) ?? "";
        var before = await State();
        foreach (var parent in new[] { college, @class })
            Assert.Equal((422, "organisation_cycle"), Code(await station.Post($"/v1/organisations/{college}/move", new { parentId = parent })));
        Assert.Equal((422, "organisation_cycle"), Code(await station.Post($"/v1/organisations/{root}/move", new { parentId = @class })));
        Assert.Equal((422, "invalid_value"), Code(await station.Post($"/v1/organisations/{college}/move", new { parentId = other, from = tomorrow })));
        Assert.Equal((422, "invalid_value"), Code(await station.Post($"/v1/organisations/{college}/move", new { parentId = other, from = "1990-01-01" })));
        Assert.Equal((422, "invalid_value"), Code(await station.Post($"/v1/organisations/{college}/move", new { parentId = other, reasonCode = "So says Herr X" })));
        Assert.Equal(404, (await station.Post($"/v1/organisations/{college}/move", new { parentId = new Guid("00000000-0000-4000-8000-000000000001") })).Status);
        Assert.Equal(404, (await station.Post("/v1/organisations/00000000-0000-4000-8000-000000000001/move", new { parentId = other })).Status);
        // An organiser rearranges its own house only.
        Assert.Equal(404, (await events.Organiser(root).Post($"/v1/organisations/{college}/move", new { parentId = other })).Status);
        Assert.Equal(404, (await events.Organiser(other).Post($"/v1/organisations/{college}/move", new { parentId = other })).Status);
        Assert.Equal((403, "outside_own_subtree"), Code(await events.Organiser(root).Post($"/v1/organisations/{college}/move", new { parentId = (Guid?)null })));
        Assert.Equal(404, (await events.Organiser(college).Post($"/v1/organisations/{college}/move", new { parentId = root })).Status);
        Assert.Equal(404, (await events.Authority("440300").Post($"/v1/organisations/{college}/move", new { parentId = other })).Status); // another city
        Assert.Equal(before, await State());
        Assert.Equal(200, (await events.Organiser(root).Post($"/v1/organisations/{@class}/move", new { parentId = root })).Status);
    }

    [Fact]
    public async Task Of_moves_at_once_that_together_make_a_cycle_one_is_refused()
    {
        var station = events.Station(await events.StationOf());
        for (var round = 0; round < 5; round++)
        {
            var ring = new List<Guid>();
            for (var i = 0; i < 4; i++) ring.Add(await events.Organisation());
            var answers = await Task.WhenAll(ring.Select((id, i) => station.Post($"/v1/organisations/{id}/move", new { parentId = ring[(i + 1) % 4] })));
            Assert.Equal(3, answers.Count(a => a.Status == 200));
            Assert.Equal((422, "organisation_cycle"), Code(Assert.Single(answers, a => a.Status != 200)));
            var ids = ring.ToArray();
            var levels = await service.Database.Query<int>("select cardinality(path) from event.organisation where id = any(@ids) order by 1", new { ids });
            Assert.Equal([1, 2, 3, 4], levels);
            Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.organisation o left join event.organisation p on p.id = o.parent_id where o.id = any(@ids) and o.path <> coalesce(p.path, '{}') || o.id", new { ids }));
        }
    }

    [Fact]
    public async Task What_is_registered_below_a_branch_while_it_moves_stands_on_its_path()
    {
        var (root, other) = (await events.Organisation(), await events.Organisation());
        var college = await events.Organisation("college", root);
        var station = events.Station(await events.StationOf());
        var moving = Task.WhenAll(Enumerable.Range(0, 6).Select(i => station.Post($"/v1/organisations/{college}/move", new { parentId = i % 2 == 0 ? other : root })));
        var made = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => station.Post("/v1/organisations", new { name = "班", kind = "class", district = "440703", parentId = college })));
        Assert.All(await moving, a => Assert.True(a.Status == 200 || a.Code == "already_there", a.ToString()));
        Assert.All(made, a => Assert.Equal(201, a.Status));
        var path = await Path(college);
        foreach (var a in made)
        {
            var stands = await Path(a.Id);
            Assert.Equal([.. path, a.Id], stands);
        }
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.organisation o join event.organisation_placement p on p.organisation_id = o.id and p.valid_to = 'infinity' where o.parent_id = @college and p.path <> o.path", new { college }));
    }

    [Fact]
    public async Task A_tree_is_as_deep_as_offices_go_and_no_deeper()
    {
        var station = events.Station(await events.StationOf());
        var (chain, parent) = (new List<Guid>(), (Guid?)null);
        for (var i = 0; i < 32; i++) chain.Add((parent = await events.Organisation("village", parent)).Value);
        Assert.Equal((422, "tree_too_deep"), Code(await station.Post("/v1/organisations", new { name = "太深", kind = "village", district = "440703", parentId = parent })));
        var pair = await events.Organisation();
        await events.Organisation("class", pair);
        Assert.Equal((422, "tree_too_deep"), Code(await station.Post($"/v1/organisations/{pair}/move", new { parentId = chain[30] })));
        Assert.Equal(200, (await station.Post($"/v1/organisations/{pair}/move", new { parentId = chain[29] })).Status);
        var node = (await station.Get($"/v1/organisations/{chain[0]}/tree")).Body;
        for (var depth = 1; depth < 32; depth++) node = node.GetProperty("children")[0];
        Assert.Equal(0, node.GetProperty("children").GetArrayLength());
    }

    [Theory]
    [InlineData("999999"), InlineData("440003"), InlineData("000000")]
    public async Task A_district_that_is_none_is_refused_wherever_it_is_said(string district)
    {
        var station = events.Station(await events.StationOf());
        var organisation = await events.Organisation();
        var before = await service.Database.Scalar<long>("select count(*) from event.organisation");
        Assert.Equal((422, "invalid_value"), Code(await station.Post("/v1/organisations", new { name = "x", kind = "village", district })));
        Assert.Equal((422, "invalid_value"), Code(await station.Patch($"/v1/organisations/{organisation}", new { district }, "\"1\"")));
        var refused = await station.Put($"/v1/organisations/{organisation}/responsibilities", new { districts = new[] { "440700", district }, organisationIds = Array.Empty<Guid>() });
        Assert.Equal(((422, "invalid_value"), "/districts/1"), (Code(refused), refused["errors"][0].GetProperty("pointer").GetString()));
        Assert.Equal((before, 0L, "440703"), (await service.Database.Scalar<long>("select count(*) from event.organisation"),
            await service.Database.Scalar<long>("select count(*) from event.responsibility where body_id = @organisation", new { organisation }), (await station.Get($"/v1/organisations/{organisation}")).Text("district")));
    }

    [Fact]
    public async Task The_same_move_sent_again_with_its_key_is_one_move()
    {
        var (root, other) = (await events.Organisation(), await events.Organisation());
        var college = await events.Organisation("college", root);
        var station = events.Station(await events.StationOf());
        var first = await station.Post($"/v1/organisations/{college}/move", new { parentId = other }, $"move-{college}");
        var again = await station.Post($"/v1/organisations/{college}/move", new { parentId = other }, $"move-{college}");
        Assert.Equal((200, first.Body.ToString()), (again.Status, again.Body.ToString()));
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from event.organisation_move where organisation_id = @college", new { college }));
    }
}
