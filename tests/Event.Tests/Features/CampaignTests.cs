using System.Text.Json;
using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>"40 days": targets by organisation, progress, and where it will end.</summary>
[Collection(EventCollection.Name)]
public sealed class CampaignTests(EventService events)
{
    private static readonly DateOnly Today = Shanghai.DateOf(EventService.Now);

    private async Task Collect(Guid station, Guid organiser, int daysAgo, int donations, bool close = false)
    {
        var starts = daysAgo == 0 ? Shanghai.StartOf(Today) : EventService.Morning(-daysAgo); // today's has begun at any hour
        var drive = await events.PastDrive(station, starts, organisation: organiser);
        for (var i = 0; i < donations; i++) await events.Service.Deliver(EventService.Collected(EventService.Din(), await events.Donor(), drive, starts.AddMinutes(i), 400, station: station));
        if (close) await events.Steps(station, drive, starts.AddHours(4), "close");
    }

    private static JsonElement Target(Answer progress, Guid organisation) => progress["targets"].EnumerateArray().Single(t => t.GetProperty("organisationId").GetGuid() == organisation);

    [Fact]
    public async Task Progress_is_counted_for_each_target_with_all_below_it_and_a_forecast_has_a_range()
    {
        var station = await events.StationOf();
        var district = await events.Organisation("government");
        var (east, west) = (await events.Organisation("street-office", district, "测试东街道"), await events.Organisation("street-office", district, "测试西街道"));
        var village = await events.Organisation("village", east, "测试村");
        var made = await events.Station(station).Post("/v1/campaigns", new
        {
            organisationId = district, name = "40天无偿献血攻坚战", from = Today.AddDays(-4), to = Today.AddDays(35),
            targets = new object[] { new { organisationId = district, donations = 100 }, new { organisationId = east, donations = 40 }, new { organisationId = west, volumeMl = 8000 } },
        }, Some.Key());
        Assert.Equal(201, made.Status);
        await Collect(station, village, 4, 6, close: true);
        await Collect(station, east, 3, 2);
        await Collect(station, west, 2, 3);
        await Collect(station, west, 6, 5); // before it began

        var progress = await events.Station(station).Get($"/v1/campaigns/{made.Id}/progress");
        Assert.Equal((5, 40), (progress["day"].GetInt32(), progress["days"].GetInt32()));
        Assert.Equal((11, 4400L, 11m), (Target(progress, district).GetProperty("collected").GetInt32(), Target(progress, district).GetProperty("volumeMl").GetInt64(), Target(progress, district).GetProperty("percent").GetDecimal()));
        Assert.Equal((8, 20m), (Target(progress, east).GetProperty("collected").GetInt32(), Target(progress, east).GetProperty("percent").GetDecimal()));
        Assert.Equal((3, 15m), (Target(progress, west).GetProperty("collected").GetInt32(), Target(progress, west).GetProperty("percent").GetDecimal()));
        Assert.Equal([6, 2, 3, 0], Target(progress, district).GetProperty("daily").EnumerateArray().Select(d => d.GetProperty("collected").GetInt32()));
        var forecast = Target(progress, district).GetProperty("forecast");
        Assert.Equal(110, forecast.GetProperty("expected").GetInt32()); // 11 in four days, 36 to come
        Assert.InRange(110, forecast.GetProperty("low").GetInt32() + 1, forecast.GetProperty("high").GetInt32() - 1);

        // A move leaves what was before it where it was counted.
        Assert.Equal(200, (await events.Station(station).Post($"/v1/organisations/{village}/move", new { parentId = west, from = Today, reasonCode = "boundary-change" }, Some.Key())).Status);
        progress = await events.Station(station).Get($"/v1/campaigns/{made.Id}/progress");
        Assert.Equal((8, 3), (Target(progress, east).GetProperty("collected").GetInt32(), Target(progress, west).GetProperty("collected").GetInt32()));

        // An organiser: its own targets, closed drives from five up, no days.
        var own = await events.Organiser(east).Get($"/v1/campaigns/{made.Id}/progress");
        Assert.Equal((1, 6), (own["targets"].GetArrayLength(), Target(own, east).GetProperty("collected").GetInt32()));
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (Target(own, east).GetProperty("daily").ValueKind, Target(own, east).GetProperty("forecast").ValueKind));
        Assert.Equal(404, (await events.Organiser(await events.Organisation()).Get($"/v1/campaigns/{made.Id}/progress")).Status);
        Assert.Equal(404, (await events.Authority("440800").Get($"/v1/campaigns/{made.Id}/progress")).Status);
    }

    [Fact]
    public async Task A_station_reads_what_its_own_drives_brought_and_nothing_of_anothers()
    {
        var (station, other, city) = (await events.StationOf(), Some.Id(), await events.Organisation("government"));
        var made = await events.Station(station).Post("/v1/campaigns", new { organisationId = city, name = "40天", from = Today.AddDays(-4), to = Today.AddDays(35), targets = new[] { new { organisationId = city, donations = 100 } } }, Some.Key());
        await Collect(station, city, 3, 2);
        Assert.Equal(404, (await events.Station(other).Get($"/v1/campaigns/{made.Id}/progress")).Status);
        await Collect(other, city, 2, 3);
        foreach (var (reader, own) in new[] { (station, 2), (other, 3) }) Assert.Equal(own, Target(await events.Station(reader).Get($"/v1/campaigns/{made.Id}/progress"), city).GetProperty("collected").GetInt32());
        Assert.Equal(5, Target(await events.Authority("440700").Get($"/v1/campaigns/{made.Id}/progress"), city).GetProperty("collected").GetInt32());
        Assert.Equal(404, (await events.Station(Some.Id()).Get($"/v1/campaigns/{made.Id}/progress")).Status);
    }

    [Fact]
    public async Task Of_a_drive_of_several_days_those_within_the_campaign_count_and_an_organiser_sees_no_day_that_tells_who_gave()
    {
        var (station, city) = (await events.StationOf(), await events.Organisation("government"));
        var made = await events.Station(station).Post("/v1/campaigns", new { organisationId = city, name = "40天", from = Today.AddDays(-4), to = Today.AddDays(35), targets = new[] { new { organisationId = city, donations = 100 } } }, Some.Key());
        var starts = EventService.Morning(-7);
        foreach (var (before, within) in new[] { (5, 1), (1, 5), (5, 5) })
        {
            var drive = await events.PastDrive(station, starts, organisation: city);
            await events.Service.Database.Execute("update event.drive set ends_at = ends_at + interval '3 days' where id = @drive", new { drive });
            for (var i = 0; i < before + within; i++) await events.Service.Deliver(EventService.Collected(EventService.Din(), await events.Donor(), drive, starts.AddDays(i < before ? 0 : 3).AddMinutes(i), 400, station: station));
            await events.Steps(station, drive, starts.AddDays(3).AddHours(5), "close");
        }
        Assert.Equal(11, Target(await events.Station(station).Get($"/v1/campaigns/{made.Id}/progress"), city).GetProperty("collected").GetInt32());
        Assert.Equal(5, Target(await events.Organiser(city).Get($"/v1/campaigns/{made.Id}/progress"), city).GetProperty("collected").GetInt32());
    }

    [Fact]
    public async Task A_campaign_that_cannot_be_is_refused_with_every_fault_at_once()
    {
        var organisation = await events.Organisation();
        var stranger = await events.Organisation();
        var refused = await events.Station(await events.StationOf()).Post("/v1/campaigns", new
        {
            organisationId = organisation, name = "测试", from = Today, to = Today.AddDays(-1),
            targets = new object[] { new { organisationId = organisation, donations = 5 }, new { organisationId = organisation, donations = 6 }, new { organisationId = stranger, donations = 5 }, new { organisationId = Some.OldId(), donations = 1 }, new { organisationId = organisation } },
        }, Some.Key());
        Assert.Equal(422, refused.Status);
        Assert.Equal(["/to", "/targets/1/organisationId", "/targets/2/organisationId", "/targets/3/organisationId", "/targets/4/organisationId", "/targets/4/donations"], refused["errors"].EnumerateArray().Select(e => e.GetProperty("pointer").GetString()));
        Assert.Equal(422, (await events.Station(await events.StationOf()).Post("/v1/campaigns", new { organisationId = organisation, name = "测试", from = Today, to = Today, targets = Array.Empty<object>() }, Some.Key())).Status);
        Assert.Equal(403, (await events.Organiser(organisation).Post("/v1/campaigns", new { organisationId = organisation, name = "测试", from = Today, to = Today, targets = new[] { new { organisationId = organisation, donations = 5 } } }, Some.Key())).Status);
        Assert.Equal(0, await events.Service.Database.Scalar<long>("select count(*) from event.campaign where organisation_id = @organisation", new { organisation }));
    }

    private HttpClient Admin() => events.Service.As(Roles.Admin);

    private static object Body(Guid organisation, int from, int to, params Guid[] targets) =>
        new { organisationId = organisation, name = "40天", from = Today.AddDays(from), to = Today.AddDays(to), targets = (targets.Length > 0 ? targets : [organisation]).Select(t => new { organisationId = t, donations = 100 }) };

    private async Task<Guid> Campaign(HttpClient owner, Guid organisation, int from = -4, int to = 35, params Guid[] targets)
    {
        var made = await owner.Post("/v1/campaigns", Body(organisation, from, to, targets), Some.Key());
        Assert.True(made.Status == 201, made.ToString());
        return made.Id;
    }

    /// <summary>Those of the organisation that a reader finds in the list; reading them one by one, and their progress, shows the same.</summary>
    private static async Task<Guid[]> Seen(HttpClient reader, Guid organisation, Guid[] asked, string query = "")
    {
        var listed = (await reader.Get($"/v1/campaigns?organisationId={organisation}{query}"))["items"].EnumerateArray().Select(c => c.GetProperty("id").GetGuid()).ToArray();
        if (query.Length > 0) return listed;
        foreach (var id in asked)
            Assert.Equal(listed.Contains(id) ? (200, 200) : (404, 404), ((await reader.Get($"/v1/campaigns/{id}")).Status, (await reader.Get($"/v1/campaigns/{id}/progress")).Status));
        return listed;
    }

    [Fact]
    public async Task Campaigns_are_listed_and_read_by_whom_they_are_of_and_by_whom_they_ask_something()
    {
        var (owner, other, city) = (await events.StationOf(), Some.Id(), await events.Organisation("government"));
        var (east, west) = (await events.Organisation("street-office", city, "测试东街道"), await events.Organisation("street-office", city, "测试西街道"));
        var village = await events.Organisation("village", east, "测试村");
        var its = await Campaign(events.Station(owner), city, -4, 35, city, east);
        var later = await Campaign(events.Authority("440700"), city, 40, 50, west);
        Guid[] both = [later, its];

        Assert.Equal([its], await Seen(events.Station(owner), city, both));
        Assert.Equal(both, await Seen(events.Authority("440700"), city, both));
        Assert.Equal(both, await Seen(events.Authority("440703"), city, both));
        Assert.Empty(await Seen(events.Authority("440800"), city, both));
        Assert.Equal(both, await Seen(Admin(), city, both));
        Assert.Equal(both, await Seen(events.Organiser(city), city, both));
        Assert.Equal([its], await Seen(events.Organiser(east), city, both));
        Assert.Equal([later], await Seen(events.Organiser(west), city, both));
        Assert.Empty(await Seen(events.Organiser(village), city, both)); // what is asked of those above it is theirs to know
        Assert.Equal(403, (await events.App(Some.Id()).Get("/v1/campaigns")).Status);

        // An organiser is told what is asked of itself and those below it, in a list nothing of it.
        async Task<Guid[]> Asked(HttpClient reader) => [.. (await reader.Get($"/v1/campaigns/{its}"))["targets"].EnumerateArray().Select(t => t.GetProperty("organisationId").GetGuid())];
        Assert.Equal([east], await Asked(events.Organiser(east)));
        Assert.Equal(new[] { city, east }.Order(), (await Asked(events.Organiser(city))).Order());
        Assert.Equal(new[] { city, east }.Order(), (await Asked(events.Station(owner))).Order());
        Assert.Equal(JsonValueKind.Null, (await events.Organiser(east).Get($"/v1/campaigns?organisationId={city}"))["items"][0].GetProperty("targets").ValueKind);

        // Another station sees those that its drives count for: below their organisation, within their days, not called off.
        Assert.Empty(await Seen(events.Station(other), city, both));
        await events.Draft(other, EventService.Morning(7), organisation: village);
        await events.OpenDrive(other, EventService.Morning(60), organisation: village);
        await events.OpenDrive(other, EventService.Morning(7));
        Assert.Empty(await Seen(events.Station(other), city, both));
        var drive = await events.OpenDrive(other, EventService.Morning(35), organisation: village);
        Assert.Equal([its], await Seen(events.Station(other), city, both));
        Assert.Equal(200, (await events.Station(other).Post($"/v1/drives/{drive}/cancel")).Status);
        Assert.Empty(await Seen(events.Station(other), city, both));
    }

    [Fact]
    public async Task A_list_of_campaigns_is_paged_newest_first_and_tells_those_that_run_from_the_others()
    {
        var (station, city) = (events.Station(await events.StationOf()), await events.Organisation("government"));
        var (over, lastDay, firstDay, ahead) = (await Campaign(station, city, -9, -1), await Campaign(station, city, -9, 0), await Campaign(station, city, 0, 9), await Campaign(station, city, 1, 9));
        Assert.Equal([ahead, firstDay, lastDay, over], await Seen(station, city, []));
        Assert.Equal([firstDay, lastDay], await Seen(station, city, [], "&running=true"));
        Assert.Equal([ahead, over], await Seen(station, city, [], "&running=false"));
        var all = await station.Get($"/v1/campaigns?organisationId={city}");
        Assert.Equal(["planned", "running", "running", "ended"], all["items"].EnumerateArray().Select(c => c.GetProperty("status").GetString()));
        var first = await station.Get($"/v1/campaigns?organisationId={city}&limit=3");
        Assert.Equal((3, lastDay.ToString()), (first["items"].GetArrayLength(), first.Text("next")));
        var second = await station.Get($"/v1/campaigns?organisationId={city}&limit=3&cursor={first.Text("next")}");
        Assert.Equal((over, JsonValueKind.Null), (Assert.Single(second["items"].EnumerateArray()).GetProperty("id").GetGuid(), second["next"].ValueKind));
        Assert.Empty((await station.Get($"/v1/campaigns?organisationId={await events.Organisation()}"))["items"].EnumerateArray());
        var one = await station.Get($"/v1/campaigns/{ahead}");
        Assert.Equal(("\"1\"", "end"), (one.Response.Headers.ETag!.Tag, one["allowedActions"][0].GetString()));
        Assert.Equal(404, (await station.Get($"/v1/campaigns/{Some.OldId()}")).Status);
    }

    [Fact]
    public async Task A_campaign_that_its_maker_ends_has_today_as_its_last_day_and_nothing_more_is_said_of_its_future()
    {
        var (owner, city) = (await events.StationOf(), await events.Organisation("government"));
        var id = await Campaign(events.Station(owner), city);
        await Collect(owner, city, 3, 2);
        await Collect(owner, city, 0, 3);
        var before = await events.Station(owner).Get($"/v1/campaigns/{id}/progress");
        Assert.Equal(("running", JsonValueKind.Object), (before.Text("status"), Target(before, city).GetProperty("forecast").ValueKind));
        Assert.Equal(422, (await events.Station(owner).Post($"/v1/campaigns/{id}/end", new { reason = "" })).Status);

        var ended = await events.Station(owner).Post($"/v1/campaigns/{id}/end", new { reason = "目标已达成" }, Some.Key());
        Assert.Equal((200, "ended", "目标已达成", Today.ToString("yyyy-MM-dd"), 0, "\"2\""),
            (ended.Status, ended.Text("status"), ended.Text("endReason"), ended.Text("to"), ended["allowedActions"].GetArrayLength(), ended.Response.Headers.ETag!.Tag));
        var read = await events.Station(owner).Get($"/v1/campaigns/{id}");
        Assert.Equal((ended.Body.GetRawText(), "\"2\""), (read.Body.GetRawText(), read.Response.Headers.ETag!.Tag));
        var after = await events.Station(owner).Get($"/v1/campaigns/{id}/progress");
        Assert.Equal(("ended", "目标已达成", 5, 5, 5), (after.Text("status"), after.Text("endReason"), after["day"].GetInt32(), after["days"].GetInt32(), Target(after, city).GetProperty("collected").GetInt32()));
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (Target(after, city).GetProperty("forecast").ValueKind, Target(after, city).GetProperty("neededPerDay").ValueKind));
        Assert.Empty(await Seen(events.Station(owner), city, [], "&running=true"));
        Assert.Equal(Today.AddDays(35).ToString("yyyy-MM-dd"), await events.Service.Database.Scalar<string>("select detail->>'plannedTo' from event.audit where action = 'campaign.end' and resource = 'campaign/' || @id", new { id }));

        // It is over once: neither again, nor what its days have ended.
        foreach (var over in new[] { id, await Campaign(events.Station(owner), city, -9, -1) })
        {
            var again = await events.Station(owner).Post($"/v1/campaigns/{over}/end", new { reason = "再次" }, Some.Key());
            Assert.Equal((409, "campaign_over"), (again.Status, again.Code));
        }
        Assert.Equal(("目标已达成", 1), (await events.Service.Database.Scalar<string>("select end_reason from event.campaign where id = @id", new { id }), await events.Service.Database.Scalar<int>("select count(*)::int from event.audit where action = 'campaign.end' and resource = 'campaign/' || @id", new { id })));
        var lastDay = await Campaign(events.Station(owner), city, -9, 0);
        Assert.Equal((200, "ended"), await events.Station(owner).Post($"/v1/campaigns/{lastDay}/end", new { reason = "最后一天" }) is var last ? (last.Status, last.Text("status")) : default);
    }

    [Fact]
    public async Task A_campaign_ended_before_its_first_day_is_withdrawn_and_counts_nothing_when_its_days_come()
    {
        var (owner, city) = (await events.StationOf(), await events.Organisation("government"));
        var id = await Campaign(events.Station(owner), city, 1, 30);
        var ended = await events.Station(owner).Post($"/v1/campaigns/{id}/end", new { reason = "重复创建" });
        Assert.Equal((200, "withdrawn", Today.AddDays(1).ToString("yyyy-MM-dd"), Today.AddDays(30).ToString("yyyy-MM-dd")), (ended.Status, ended.Text("status"), ended.Text("from"), ended.Text("to")));
        Assert.Equal((409, "campaign_over"), await events.Station(owner).Post($"/v1/campaigns/{id}/end", new { reason = "再次" }) is var again ? (again.Status, again.Code) : default);

        // Ten days later, by the calendar of the test.
        await events.Service.Database.Execute("update event.campaign set begins_on = begins_on - 11, ends_on = ends_on - 11, ended_at = ended_at - interval '11 days' where id = @id", new { id });
        await Collect(owner, city, 5, 6, close: true);
        foreach (var reader in new[] { events.Station(owner), events.Organiser(city), events.Authority("440700") })
        {
            var progress = await reader.Get($"/v1/campaigns/{id}/progress");
            Assert.Equal(("withdrawn", "重复创建", 0, 30), (progress.Text("status"), progress.Text("endReason"), progress["day"].GetInt32(), progress["days"].GetInt32()));
            var target = Target(progress, city);
            Assert.Equal((0, 0m, JsonValueKind.Null, JsonValueKind.Null), (target.GetProperty("collected").GetInt32(), target.GetProperty("percent").GetDecimal(), target.GetProperty("forecast").ValueKind, target.GetProperty("neededPerDay").ValueKind));
            Assert.False(target.GetProperty("daily") is { ValueKind: JsonValueKind.Array } days && days.GetArrayLength() > 0);
        }
        Assert.Empty(await Seen(events.Station(owner), city, [], "&running=true"));
    }

    [Fact]
    public async Task Only_who_made_a_campaign_ends_it_for_everybody_else_it_is_not_there()
    {
        var (owner, other, city) = (await events.StationOf(), Some.Id(), await events.Organisation("government"));
        var (stations, citys, districts) = (await Campaign(events.Station(owner), city), await Campaign(events.Authority("440700"), city), await Campaign(events.Authority("440703"), city));
        await Collect(other, city, 2, 1); // it sees them, which is not enough
        async Task<(int, string?)> End(HttpClient by, Guid id) => await by.Post($"/v1/campaigns/{id}/end", new { reason = "测试" }) is var answer ? (answer.Status, answer.Code) : default;
        Assert.Equal(200, (await events.Station(other).Get($"/v1/campaigns/{stations}")).Status);
        foreach (var (by, id) in new[]
        {
            (events.Station(other), stations), (events.Station(owner), citys), (events.Authority("440700"), stations), (events.Authority("440703"), citys), (events.Authority("440700"), districts), (events.Authority("440800"), districts), (events.Station(owner), Some.OldId()),
        })
            Assert.Equal((404, "not_found"), await End(by, id));
        foreach (var by in new[] { events.Organiser(city), Admin() }) Assert.Equal((403, "role_forbidden"), await End(by, stations));
        Assert.Equal(0, await events.Service.Database.Scalar<int>("select count(*)::int from event.campaign where organisation_id = @city and ended_at is not null", new { city }));
        Assert.All((await events.Authority("440700").Get($"/v1/campaigns?organisationId={city}"))["items"].EnumerateArray(), c => Assert.Equal(c.GetProperty("id").GetGuid() == citys ? 1 : 0, c.GetProperty("allowedActions").GetArrayLength()));
        foreach (var (by, id) in new[] { (events.Station(owner), stations), (events.Authority("440700"), citys), (events.Authority("440703"), districts) }) Assert.Equal((200, null), await End(by, id));
    }

    [Fact]
    public async Task Of_eight_who_end_a_campaign_at_once_one_does_and_the_same_request_again_is_the_same_answer()
    {
        var (owner, city) = (await events.StationOf(), await events.Organisation("government"));
        var id = await Campaign(events.Station(owner), city);
        // Somebody holds the campaign, so that all eight have come before the first has written anything.
        await using var connection = new Npgsql.NpgsqlConnection(events.Service.Database.Superuser);
        await connection.OpenAsync();
        await using var holding = await connection.BeginTransactionAsync();
        await using (var hold = new Npgsql.NpgsqlCommand("select 1 from event.campaign where id = @id for update", connection, holding) { Parameters = { new("id", id) } }) await hold.ExecuteNonQueryAsync();
        var ending = Task.WhenAll(Enumerable.Range(0, 8).Select(i => events.Station(owner).Post($"/v1/campaigns/{id}/end", new { reason = $"理由{i}" }, Some.Key())));
        await Eventually.That(async () => await events.Service.Database.Scalar<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") >= 8);
        await holding.CommitAsync();
        var answers = await ending;
        var one = Assert.Single(answers, a => a.Status == 200);
        Assert.All(answers.Where(a => a != one), a => Assert.Equal((409, "campaign_over"), (a.Status, a.Code)));
        var read = await events.Station(owner).Get($"/v1/campaigns/{id}");
        Assert.Equal((one.Text("endReason"), "\"2\""), (read.Text("endReason"), read.Response.Headers.ETag!.Tag));

        var (second, key) = (await Campaign(events.Station(owner), city), Some.Key());
        var same = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => events.Station(owner).Post($"/v1/campaigns/{second}/end", new { reason = "相同" }, key)));
        Assert.All(same, a => Assert.Equal((200, same[0].Body.GetRawText()), (a.Status, a.Body.GetRawText())));
        Assert.Equal(3, same.Count(a => a.Response.Headers.Contains("Idempotent-Replayed")));
        Assert.Equal(2, await events.Service.Database.Scalar<int>("select count(*)::int from event.audit where action = 'campaign.end' and resource in ('campaign/' || @id, 'campaign/' || @second)", new { id, second }));
    }

    [Fact]
    public async Task The_database_itself_refuses_an_end_without_a_reason_or_on_another_day_than_it_was_ended()
    {
        var id = await Campaign(events.Station(await events.StationOf()), await events.Organisation("government"), -4, 9);
        foreach (var (change, constraint) in new[]
        {
            ("ended_at = now(), ends_on = @today", "campaign_end_has_a_reason"), ("end_reason = '理由'", "campaign_end_has_a_reason"),
            ("ended_at = now(), end_reason = '理由'", "campaign_ends_on_the_day_it_was_ended"), ("ended_at = now(), end_reason = '理由', withdrawn = true", "campaign_ends_on_the_day_it_was_ended"),
            ("withdrawn = true", "campaign_ends_on_the_day_it_was_ended"), ("begins_on = @today + 1, ended_at = now(), end_reason = '理由'", "campaign_ends_on_the_day_it_was_ended"),
            ("owner_districts = '{440700}'", "campaign_is_owned_once"),
        })
        {
            var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => events.Service.Database.Execute($"update event.campaign set {change} where id = @id and @today is not null", new { id, today = Today }));
            Assert.Equal(constraint, refused.ConstraintName);
        }
    }
}
