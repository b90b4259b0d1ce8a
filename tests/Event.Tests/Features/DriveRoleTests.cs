using BloodPlatform.Chassis;

namespace BloodPlatform.Drives.Tests.Features;

/// <summary>Organiser, host, station, co-organiser and supporter are different roles on a drive.</summary>
[Collection(EventCollection.Name)]
public sealed class DriveRoleTests(EventService events)
{
    private readonly ServiceUnderTest service = events.Service;
    private static readonly DateTimeOffset Day = new(2021, 5, 8, 9, 0, 0, TimeSpan.FromHours(8));

    [Fact]
    public async Task Host_and_co_organiser_follow_a_drive_and_manage_nothing_and_it_is_counted_once()
    {
        var station = Some.Id();
        var city = await events.Organisation("government", name: "市");
        var (redCross, enterprise) = (await events.Organisation("red-cross", city, "红十字会"), await events.Organisation("enterprise", city, "企业"));
        var (company, league, supporter) = (await events.Organisation("enterprise", enterprise, "分公司"), await events.Organisation("other", name: "团委"), await events.Organisation("enterprise", name: "赞助"));
        var body = EventService.DriveBody(redCross, Day, kind: "organisation", backfillReason: "paper");
        body["hostOrganisationId"] = company;
        body["parties"] = new[] { new { organisationId = league, role = "co-organiser" }, new { organisationId = supporter, role = "supporter" } };
        var drive = (await events.Quality(station).Post("/v1/drives", body)).Id;
        await events.Steps(station, drive, Day, "submit", "approve", "open", "start");
        for (var i = 0; i < 6; i++) await service.Deliver(EventService.Collected(EventService.Din(), await events.Donor(), drive, Day, 300));
        await events.Steps(station, drive, Day.AddHours(4), "close");

        foreach (var follower in new[] { company, enterprise, league })
        {
            var http = events.Organiser(follower);
            var seen = await http.Get($"/v1/drives/{drive}");
            Assert.Equal((200, 0), (seen.Status, seen["allowedActions"].GetArrayLength()));
            var results = await http.Get($"/v1/drives/{drive}/results");
            Assert.Equal((200, 6, false), (results.Status, results["collected"].GetInt32(), results.Body.TryGetProperty("deferred", out _)));
            Assert.Equal(404, (await http.Post($"/v1/drives/{drive}/cancel", new { })).Status);
            Assert.Equal(404, (await http.Patch($"/v1/drives/{drive}", new { theme = "x" }, "\"1\"")).Status);
            Assert.NotEqual(200, (await http.Get($"/v1/appointments?driveId={drive}")).Status);
            Assert.Equal(drive, Assert.Single((await http.Get("/v1/drives?mine=true"))["items"].EnumerateArray()).GetProperty("id").GetGuid());
        }
        foreach (var other in new[] { supporter, await events.Organisation() })
        {
            Assert.Equal(404, (await events.Organiser(other).Get($"/v1/drives/{drive}")).Status);
            Assert.Equal(404, (await events.Organiser(other).Get($"/v1/drives/{drive}/results")).Status);
            Assert.Empty((await events.Organiser(other).Get("/v1/drives?mine=true"))["items"].EnumerateArray());
        }

        async Task<(int, int, int)> Counted(Guid organisation)
        {
            var r = await events.Station(station).Get($"/v1/organisations/{organisation}/results");
            return (r["drives"].GetInt32(), r["collected"].GetInt32(), r["hostedElsewhere"].GetProperty("collected").GetInt32());
        }
        Assert.Equal((1, 6, 0), await Counted(city)); // organiser and host both below it
        Assert.Equal((1, 6, 0), await Counted(redCross));
        Assert.Equal((0, 0, 6), await Counted(enterprise));
        Assert.Equal((0, 0, 6), await Counted(league));
        Assert.Equal((0, 0, 0), await Counted(supporter));
    }
}
