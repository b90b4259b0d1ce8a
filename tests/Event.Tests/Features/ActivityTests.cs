using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>One log for outreach of every kind.</summary>
[Collection(EventCollection.Name)]
public sealed class ActivityTests(EventService events)
{
    private static readonly DateOnly Today = Shanghai.DateOf(EventService.Now);

    private static object Letters(Guid organisation, DateOnly? on = null, int? reach = 800, decimal? hours = 12.5m, int? items = 800, string kind = "letter") =>
        new { organisationId = organisation, kind, heldOn = on ?? Today, title = "致全市献血者的一封信", reach, hours, items };

    [Fact]
    public async Task What_is_recorded_below_rolls_up_and_what_nobody_counted_is_not_zero()
    {
        var university = await events.Organisation();
        var college = await events.Organisation("college", university, "测试学院");
        var made = await events.Organiser(college).Post("/v1/activities", Letters(college), Some.Key());
        Assert.Equal((201, "letter", 800), (made.Status, made.Text("kind"), made["reach"].GetInt32()));
        Assert.Equal(201, (await events.Organiser(university).Post("/v1/activities", Letters(university, Today.AddDays(-1), reach: null, hours: 2, items: null), Some.Key())).Status);
        Assert.Equal(201, (await events.Station(await events.StationOf()).Post("/v1/activities", Letters(college, Today.AddDays(-40), kind: "sms"), Some.Key())).Status);

        var log = await events.Organiser(university).Get($"/v1/activities?organisationId={university}");
        Assert.Equal(3, log["items"].GetArrayLength());
        var letters = log["byKind"].EnumerateArray().Single(k => k.GetProperty("kind").GetString() == "letter");
        Assert.Equal((2, 800L, 1, 14.5m, 0, 1), (letters.GetProperty("activities").GetInt32(), letters.GetProperty("reach").GetInt64(), letters.GetProperty("reachUnknown").GetInt32(),
            letters.GetProperty("hours").GetDecimal(), letters.GetProperty("hoursUnknown").GetInt32(), letters.GetProperty("itemsUnknown").GetInt32()));
        Assert.Equal(2, (await events.Organiser(university).Get($"/v1/activities?organisationId={university}&from={Today.AddDays(-7):yyyy-MM-dd}"))["items"].GetArrayLength());
        Assert.Equal(1, (await events.Organiser(university).Get($"/v1/activities?organisationId={university}&kind=sms"))["items"].GetArrayLength());

        var first = await events.Organiser(university).Get($"/v1/activities?organisationId={university}&limit=2");
        var second = await events.Organiser(university).Get($"/v1/activities?organisationId={university}&limit=2&cursor={first.Text("next")}");
        Assert.Equal(3, first["items"].EnumerateArray().Concat(second["items"].EnumerateArray()).Select(i => i.GetProperty("id").GetGuid()).Distinct().Count());
    }

    [Fact]
    public async Task What_is_taken_back_stays_readable_and_counts_no_more()
    {
        var organisation = await events.Organisation();
        var made = await events.Organiser(organisation).Post("/v1/activities", Letters(organisation), Some.Key());
        var taken = await events.Organiser(organisation).Post($"/v1/activities/{made.Id}/void", new { reason = "counted twice" });
        Assert.Equal((200, "counted twice"), (taken.Status, taken.Text("voidReason")));
        var log = await events.Organiser(organisation).Get($"/v1/activities?organisationId={organisation}");
        Assert.Equal((1, 0), (log["items"].GetArrayLength(), log["byKind"].GetArrayLength()));
        var again = await events.Organiser(organisation).Post($"/v1/activities/{made.Id}/void", new { reason = "again" });
        Assert.Equal((409, "activity_voided"), (again.Status, again.Text("code")));
    }

    [Fact]
    public async Task Others_neither_see_nor_record_nor_take_back_what_is_not_theirs()
    {
        var (mine, theirs) = (await events.Organisation(), await events.Organisation());
        var made = await events.Organiser(theirs).Post("/v1/activities", Letters(theirs), Some.Key());
        Assert.Equal(404, (await events.Organiser(mine).Post("/v1/activities", Letters(theirs), Some.Key())).Status);
        Assert.Equal(404, (await events.Organiser(mine).Get($"/v1/activities?organisationId={theirs}")).Status);
        Assert.Equal(404, (await events.Organiser(mine).Post($"/v1/activities/{made.Id}/void", new { reason = "not mine" })).Status);
        Assert.Equal(404, (await events.Authority("440800").Get($"/v1/activities?organisationId={theirs}")).Status);
        Assert.Equal(200, (await events.Authority("440700").Get($"/v1/activities?organisationId={theirs}")).Status);
    }

    [Fact]
    public async Task Outreach_belongs_to_a_drive_that_its_recorder_may_see_and_to_no_other()
    {
        var (mine, theirs, station) = (await events.Organisation(), await events.Organisation(), Some.Id());
        object For(Guid drive) => new { organisationId = mine, kind = "letter", heldOn = Today, title = "致全市献血者的一封信", items = 800, driveId = drive };
        var draft = await events.Draft(station, EventService.Morning(407), organisation: theirs);
        var inward = await events.OpenDrive(station, EventService.Morning(408), kind: "organisation", organisation: theirs);
        foreach (var drive in new[] { draft, inward })
        {
            var foreign = await events.Organiser(mine).Post("/v1/activities", For(drive), Some.Key());
            Assert.Equal((404, "not_found"), (foreign.Status, foreign.Code));
        }
        Assert.Equal(404, (await events.Station(Some.Id()).Post("/v1/activities", For(draft), Some.Key())).Status);
        Assert.Equal(404, (await events.Organiser(mine).Post("/v1/activities", For(Some.OldId()), Some.Key())).Status);
        Assert.Equal(0, await events.Service.Database.Scalar<long>("select count(*) from event.activity where organisation_id = @mine", new { mine }));
        Assert.Equal(201, (await events.Organiser(mine).Post("/v1/activities", For(await events.Draft(station, EventService.Morning(409), organisation: mine)), Some.Key())).Status);
        Assert.Equal(201, (await events.Organiser(mine).Post("/v1/activities", For(await events.OpenDrive(station, EventService.Morning(410), organisation: theirs)), Some.Key())).Status); // public
    }

    [Fact]
    public async Task Bad_input_is_refused_with_its_field_and_writes_nothing()
    {
        var organisation = await events.Organisation();
        var http = events.Organiser(organisation);
        foreach (var (body, pointer) in new (object, string)[]
        {
            (Letters(organisation, Today.AddDays(1)), "/heldOn"), (Letters(organisation, new DateOnly(1998, 9, 30)), "/heldOn"), (Letters(organisation, reach: null, hours: null, items: null), "/reach"),
            (Letters(organisation, reach: -1), "/reach"), (Letters(organisation, hours: -0.5m), "/hours"), (Letters(organisation, kind: "rumour"), "/kind"),
        })
        {
            var refused = await http.Post("/v1/activities", body, Some.Key());
            Assert.Equal((422, pointer), (refused.Status, refused["errors"][0].GetProperty("pointer").GetString()));
        }
        Assert.Equal((409, 404), ((await http.Post("/v1/activities", Letters(Some.Id()), Some.Key())).Status, (await http.Post("/v1/activities", Letters(Some.OldId()), Some.Key())).Status));
        Assert.Equal(0, await events.Service.Database.Scalar<long>("select count(*) from event.activity where organisation_id = @organisation", new { organisation }));
    }
}
