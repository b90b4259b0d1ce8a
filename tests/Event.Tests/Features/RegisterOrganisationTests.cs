using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Drives.Tests.Features;

[Collection(EventCollection.Name)]
public sealed class RegisterOrganisationTests(EventService event_)
{
    private readonly ServiceUnderTest service = event_.Service;

    [Fact]
    public async Task An_organisation_is_registered_and_announced_without_its_coordinator()
    {
        var station = service.As(Roles.Station, await event_.StationOf());
        var answer = await station.Post("/v1/organisations", new { name = "测试大学", kind = "university", district = "440703", members = 12000, coordinator = new { name = "甲测试", phone = "13900000001" } }, "org-1");
        Assert.Equal(201, answer.Status);
        Assert.Equal($"/v1/organisations/{answer.Id}", answer.Response.Headers.Location!.ToString());
        Assert.Equal("\"1\"", answer.Response.Headers.ETag!.Tag);
        Assert.Equal("甲**", answer["coordinator"].GetProperty("name").GetString());

        var announced = Assert.Single(await service.Published<OrganisationRegistered>(), e => e.OrganisationId == answer.Id);
        Assert.Equal("测试大学", announced.Name);
        Assert.DoesNotContain("13900000001", await service.Database.Scalar<string>("select string_agg(payload::text, '') from event.outbox"));

        var again = await station.Post("/v1/organisations", new { name = "测试大学", kind = "university", district = "440703", members = 12000, coordinator = new { name = "甲测试", phone = "13900000001" } }, "org-1");
        Assert.Equal(answer.Body.ToString(), again.Body.ToString());
        Assert.Equal("true", again.Response.Headers.GetValues("Idempotent-Replayed").Single());
    }

    [Theory]
    [InlineData("""{"name":"x","kind":"university"}""", 400, "malformed_request")]
    [InlineData("""{"name":"x","kind":"university","district":"440703" """, 400, "malformed_request")]
    [InlineData("""{"name":"x","kind":"castle","district":"440703"}""", 422, "invalid_value")]
    [InlineData("""{"name":"x","kind":"university","district":"440703","coordinator":{"name":"","phone":"13900000001"}}""", 422, "invalid_value")]
    public async Task Bad_input_gets_a_problem_and_changes_nothing(string body, int status, string code)
    {
        var station = service.As(Roles.Station, await event_.StationOf());
        var before = await service.Database.Scalar<long>("select count(*) from event.organisation");
        var answer = await station.PostRaw("/v1/organisations", body);
        Assert.Equal((status, code), (answer.Status, answer.Code));
        Assert.Equal(before, await service.Database.Scalar<long>("select count(*) from event.organisation"));
    }
}
