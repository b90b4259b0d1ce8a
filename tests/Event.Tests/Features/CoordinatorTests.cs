using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>Coordinators come and go; how many belong to an organisation changes.</summary>
[Collection(EventCollection.Name)]
public sealed class CoordinatorTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;

    private static (int, string?) Code(Answer answer) => (answer.Status, answer.Code);

    [Fact]
    public async Task A_handover_ends_one_time_where_the_next_begins_and_says_who_recorded_it()
    {
        var organisation = await events.Organisation();
        var http = events.Organiser(organisation);
        foreach (var (name, phone, from) in new[] { ("甲测试", "13900000001", "2023-09-01"), ("乙测试", "13900000002", "2025-03-01") })
        {
            var made = await http.Post($"/v1/organisations/{organisation}/coordinators", new { name, phone, from });
            Assert.True(made.Status == 201, made.ToString());
            Assert.Equal(name[..1] + "**", made.Text("name"));
        }
        var list = (await http.Get($"/v1/organisations/{organisation}/coordinators"))["items"].EnumerateArray().ToArray();
        Assert.Equal([("乙**", "2025-03-01", null), ("甲**", "2023-09-01", "2025-03-01")], list.Select(c => (c.GetProperty("name").GetString(), c.GetProperty("from").GetString()![..10], c.GetProperty("to").GetString()?[..10])));
        Assert.All(list, c => Assert.False(string.IsNullOrEmpty(c.GetProperty("recordedBy").GetProperty("clientId").GetString())));
        Assert.DoesNotContain("13900000001", JsonSerializer.Serialize(list), StringComparison.Ordinal);
        Assert.Equal(("乙**", "\"3\""), ((await http.Get($"/v1/organisations/{organisation}"))["coordinator"].GetProperty("name").GetString(), (await http.Get($"/v1/organisations/{organisation}")).Response.Headers.ETag!.Tag));
        // In full for those who telephone there, and the log knows it.
        var contact = await events.Station(await events.StationOf()).Post($"/v1/organisations/{organisation}/coordinators/full-reads", new { purpose = "arrange-drive" });
        Assert.Equal(("乙测试", "13900000002"), (contact.Text("name"), contact.Text("phone")));
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from event.audit where action = 'organisation.coordinator-full-read' and resource = @r and detail::text like '%arrange-drive%' and detail::text not like '%13900000002%'", new { r = $"organisation/{organisation}" }));
        // Nothing of it is readable where it lies, and each has a key of his own.
        Assert.Equal(2, await service.Database.Scalar<long>("select count(distinct k.wrapped_key) from event.coordinator c join event.subject_key k on k.subject_id = c.id where c.organisation_id = @organisation and position('测试'::bytea in c.name) = 0", new { organisation }));
    }

    [Fact]
    public async Task Whoever_does_not_manage_an_organisation_learns_nothing_of_its_coordinators()
    {
        var organisation = await events.Organisation();
        await events.Organiser(organisation).Post($"/v1/organisations/{organisation}/coordinators", new { name = "甲测试", phone = "13900000001" });
        var (stranger, app) = (events.Organiser(await events.Organisation()), events.App(Some.Id()));
        Assert.Equal(404, (await stranger.Get($"/v1/organisations/{organisation}/coordinators")).Status);
        Assert.Equal(404, (await stranger.Post($"/v1/organisations/{organisation}/coordinators/full-reads", new { purpose = "curious" })).Status);
        Assert.Equal(404, (await stranger.Post($"/v1/organisations/{organisation}/coordinators", new { name = "丙", phone = "13900000003" })).Status);
        Assert.Equal(404, (await events.Authority("440300").Get($"/v1/organisations/{organisation}/coordinators")).Status);
        Assert.Equal((403, "role_forbidden"), Code(await app.Get($"/v1/organisations/{organisation}/coordinators")));
        Assert.Equal(JsonValueKind.Null, (await events.Authority("440300").Get($"/v1/organisations/{organisation}"))["coordinator"].ValueKind);
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from event.coordinator where organisation_id = @organisation", new { organisation }));
    }

    [Fact]
    public async Task Who_coordinates_no_more_is_forgotten_on_his_wish_and_that_somebody_did_stays()
    {
        var organisation = await events.Organisation();
        var http = events.Organiser(organisation);
        foreach (var (name, phone, from) in new[] { ("甲测试", "13900000001", "2023-09-01"), ("乙测试", "13900000002", "2025-03-01") }) await http.Post($"/v1/organisations/{organisation}/coordinators", new { name, phone, from });
        var ids = (await http.Get($"/v1/organisations/{organisation}/coordinators"))["items"].EnumerateArray().Select(c => c.GetProperty("id").GetGuid()).ToArray();
        string Forget(Guid id) => $"/v1/organisations/{organisation}/coordinators/{id}/forget";
        Assert.Equal((409, "coordinator_present"), Code(await http.Post(Forget(ids[0]))));
        Assert.Equal(404, (await events.Organiser(await events.Organisation()).Post(Forget(ids[1]))).Status);
        Assert.Equal(404, (await http.Post(Forget(Some.OldId()))).Status);
        Assert.Equal(2, await service.Database.Scalar<long>("select count(*) from event.coordinator c join event.subject_key k on k.subject_id = c.id where c.organisation_id = @organisation and c.name is not null", new { organisation }));

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => http.Post(Forget(ids[1]))));
        Assert.All(answers, a => Assert.True(a.Status == 200, a.ToString()));
        var list = (await http.Get($"/v1/organisations/{organisation}/coordinators"))["items"].EnumerateArray().ToArray();
        Assert.Equal([("乙**", "2025-03-01", null), (null, "2023-09-01", "2025-03-01")], list.Select(c => (c.GetProperty("name").GetString(), c.GetProperty("from").GetString()![..10], c.GetProperty("to").GetString()?[..10])));
        Assert.Equal(JsonValueKind.Null, list[1].GetProperty("phone").ValueKind);
        Assert.Equal(0, await service.Database.Scalar<long>("select count(*) from event.coordinator c left join event.subject_key k on k.subject_id = c.id where c.id = @id and (c.name is not null or c.phone is not null or k.subject_id is not null)", new { id = ids[1] }));
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from event.audit where action = 'organisation.coordinator-forget' and resource = @r", new { r = $"organisation/{organisation}" }));
    }

    [Fact]
    public async Task A_handover_before_the_present_coordinator_or_in_the_future_is_refused()
    {
        var organisation = await events.Organisation();
        var http = events.Organiser(organisation);
        await http.Post($"/v1/organisations/{organisation}/coordinators", new { name = "甲测试", phone = "13900000001", from = "2024-09-01" });
        foreach (var from in new[] { "2024-09-01", "2024-08-31", "1990-01-01", Shanghai.DateOf(EventService.Now).AddDays(1).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture) })
            Assert.Equal((422, "invalid_value"), Code(await http.Post($"/v1/organisations/{organisation}/coordinators", new { name = "乙测试", phone = "13900000002", from })));
        Assert.Equal("甲**", Assert.Single((await http.Get($"/v1/organisations/{organisation}/coordinators"))["items"].EnumerateArray()).GetProperty("name").GetString());
    }

    [Fact]
    public async Task Of_handovers_at_once_each_follows_another_and_one_is_present()
    {
        var organisation = await events.Organisation();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => events.Organiser(organisation).Post($"/v1/organisations/{organisation}/coordinators", new { name = $"{i}测试", phone = $"1390000000{i}" })));
        Assert.All(answers, a => Assert.True(a.Status == 201, a.ToString()));
        Assert.Equal((8L, 1L, 0L), (await service.Database.Scalar<long>("select count(*) from event.coordinator where organisation_id = @organisation", new { organisation }),
            await service.Database.Scalar<long>("select count(*) from event.coordinator where organisation_id = @organisation and ends_at is null", new { organisation }),
            await service.Database.Scalar<long>("select count(*) from event.coordinator a join event.coordinator b on b.organisation_id = a.organisation_id and b.id <> a.id and b.starts_at >= a.starts_at and b.starts_at < coalesce(a.ends_at, 'infinity') where a.organisation_id = @organisation", new { organisation })));
    }

    [Fact]
    public async Task A_count_of_members_is_of_a_day_and_an_older_one_is_history()
    {
        var organisation = await events.Organisation();
        var http = events.Organiser(organisation);
        var today = Shanghai.DateOf(EventService.Now);
        Assert.Equal(12000, (await http.Patch($"/v1/organisations/{organisation}", new { members = 12000, membersAsOf = "2025-09-01" }, "\"1\""))["members"].GetInt32());
        Assert.Equal(12000, (await http.Patch($"/v1/organisations/{organisation}", new { members = 9000, membersAsOf = "2020-09-01" }, "\"2\""))["members"].GetInt32());
        Assert.Equal(13000, (await http.Patch($"/v1/organisations/{organisation}", new { members = 13000 }, "\"3\""))["members"].GetInt32());
        Assert.Equal((422, "invalid_value"), Code(await http.Patch($"/v1/organisations/{organisation}", new { members = 1, membersAsOf = today.AddDays(1) }, "\"4\"")));
        Assert.Equal((422, "invalid_value"), Code(await http.Patch($"/v1/organisations/{organisation}", new { membersAsOf = "2021-09-01" }, "\"4\"")));
        var counts = (await http.Get($"/v1/organisations/{organisation}/history"))["members"].EnumerateArray().Select(m => (m.GetProperty("asOf").GetString(), m.GetProperty("members").GetInt32())).ToArray();
        Assert.Equal([("2020-09-01", 9000), ("2025-09-01", 12000), (today.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), 13000)], counts);
    }
}
