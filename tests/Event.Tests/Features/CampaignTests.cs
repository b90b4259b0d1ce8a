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
        var starts = EventService.Morning(-daysAgo);
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
}
