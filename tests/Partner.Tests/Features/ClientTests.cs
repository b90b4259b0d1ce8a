using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Partner;

namespace BloodPlatform.Partners.Tests.Features;

[Collection(nameof(OnePartner))]
public sealed class ClientTests(PartnerService partner)
{
    private readonly ServiceUnderTest service = partner.Service;

    [Fact]
    public async Task A_client_is_registered_announced_and_listed_and_its_secret_shown_once()
    {
        var hospital = await service.Organisation("hospital");
        var made = await service.Admin().Post("/v1/clients", new { name = "ward system", role = "hospital", tenantId = hospital, scopes = new[] { "orders", "events" } });
        Assert.Equal(201, made.Status);
        Assert.Equal($"/v1/clients/{made.Id}", made.Response.Headers.Location!.ToString());
        Assert.StartsWith("bp_", made.Text("clientSecret"), StringComparison.Ordinal);
        Assert.Equal(["orders", "events"], made["scopes"].EnumerateArray().Select(s => s.GetString()));

        var announced = Assert.Single(await service.Published<ClientRegistered>(), e => e.ClientId == made.Text("clientId"));
        Assert.Equal((Roles.Hospital, hospital, 1L), (announced.Role, announced.TenantId, announced.Version));

        var read = await service.Admin().Get($"/v1/clients/{made.Id}");
        Assert.Equal((200, "\"1\""), (read.Status, read.Response.Headers.ETag!.Tag));
        Assert.False(read.Body.TryGetProperty("clientSecret", out _));
        var listed = await service.Admin().Get($"/v1/clients?tenantId={hospital}&role=hospital&status=active");
        Assert.Equal(made.Id, Assert.Single(listed["items"].EnumerateArray()).GetProperty("id").GetGuid());
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from partner.audit where action = 'client.register' and resource = @r", new { r = $"client/{made.Id}" }));
    }

    [Fact]
    public async Task A_replay_answers_the_same_client_and_never_the_secret()
    {
        var body = new { name = "twice", role = "admin" };
        var key = Some.Key();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => service.Admin().Post("/v1/clients", body, key)));
        Assert.All(answers, a => Assert.Equal(201, a.Status));
        Assert.Single(answers.Select(a => a.Id).Distinct());
        var shown = Assert.Single(answers, a => a.Body.TryGetProperty("clientSecret", out _));
        Assert.DoesNotContain("Idempotent-Replayed", shown.Response.Headers.Select(h => h.Key));
        Assert.Equal("idempotency_key_reused", (await service.Admin().Post("/v1/clients", new { name = "other", role = "admin" }, key)).Code);

        var rotation = Some.Key();
        var first = await service.Admin().Post($"/v1/clients/{shown.Id}/rotate", null, rotation);
        var again = await service.Admin().Post($"/v1/clients/{shown.Id}/rotate", null, rotation);
        Assert.True(first.Body.TryGetProperty("clientSecret", out _));
        Assert.False(again.Body.TryGetProperty("clientSecret", out _));
        Assert.Equal("true", again.Response.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(200, (await service.Token(("grant_type", "client_credentials"), ("client_id", shown.Text("clientId")), ("client_secret", first.Text("clientSecret")))).Status);
    }

    [Fact]
    public async Task After_a_rotation_only_the_new_secret_opens()
    {
        var (id, old) = await service.Client(Roles.Admin);
        var rotated = await service.Admin().Post($"/v1/clients/{id}/rotate");
        Assert.Equal((200, "\"2\""), (rotated.Status, rotated.Response.Headers.ETag!.Tag));
        Assert.Equal(401, (await service.Token(("grant_type", "client_credentials"), ("client_id", id), ("client_secret", old))).Status);
        Assert.Equal(200, (await service.Token(("grant_type", "client_credentials"), ("client_id", id), ("client_secret", rotated.Text("clientSecret")))).Status);
    }

    [Fact]
    public async Task A_revoked_client_stays_revoked()
    {
        var (id, _) = await service.Client(Roles.Admin);
        var revoked = await service.Admin().Post($"/v1/clients/{id}/revoke");
        Assert.Equal((200, "revoked"), (revoked.Status, revoked.Text("status")));
        Assert.Empty(revoked["allowedActions"].EnumerateArray());
        Assert.Single(await service.Published<ClientRevoked>(), e => e.ClientId == id && e.Version == 2);
        Assert.Equal("client_revoked", (await service.Admin().Post($"/v1/clients/{id}/revoke")).Code);
        Assert.Equal("client_revoked", (await service.Admin().Post($"/v1/clients/{id}/rotate")).Code);
        Assert.Single(await service.Published<ClientRevoked>(), e => e.ClientId == id);
    }

    [Theory]
    [InlineData("""{"name":"x","role":"king"}""", 422, "invalid_value")]
    [InlineData("""{"name":"","role":"admin"}""", 422, "invalid_value")]
    [InlineData("""{"name":"x"}""", 400, "malformed_request")]
    [InlineData("""{"name":"x","role":"admin""", 400, "malformed_request")]
    [InlineData("""{"name":"x","role":"station"}""", 422, "invalid_value")]
    [InlineData("""{"name":"x","role":"admin","scopes":["donors"]}""", 422, "invalid_value")]
    [InlineData("""{"name":"x","role":"authority","districts":["44070"]}""", 422, "invalid_value")]
    [InlineData("""{"name":"x","role":"authority","districts":[null]}""", 422, "invalid_value")]
    [InlineData("""{"name":"x","role":"authority","districts":["440703",null]}""", 422, "invalid_value")]
    [InlineData("""{"name":"x","role":"admin","scopes":["clients",null]}""", 422, "invalid_value")]
    [InlineData("""{"name":"x","role":"app","tenantId":"018f0000-0000-7000-8000-000000000001"}""", 404, "not_found")]
    public async Task Bad_input_gets_a_problem_and_changes_nothing(string body, int status, string code)
    {
        var before = await Written();
        var answer = await service.Admin().PostRaw("/v1/clients", body);
        Assert.Equal((status, code), (answer.Status, answer.Code));
        Assert.Equal(before, await Written());
    }

    [Fact]
    public async Task Stations_clients_need_a_station_and_a_fresh_tenant_is_waited_for()
    {
        var university = await service.Organisation("university");
        Assert.Equal("tenant_kind_mismatch", (await service.Admin().Post("/v1/clients", new { name = "x", role = "station", tenantId = university })).Code);
        Assert.Equal("not_yet_visible", (await service.Admin().Post("/v1/clients", new { name = "x", role = "station", tenantId = Some.Id() })).Code);
        Assert.Equal("not_found", (await service.Admin().Get($"/v1/clients/{Some.OldId()}")).Code);
    }

    private Task<long> Written() => service.Database.Scalar<long>("select (select count(*) from partner.client) + (select count(*) from partner.outbox) + (select count(*) from partner.audit)");
}
