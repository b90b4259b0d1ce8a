using System.Net.Http.Headers;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Partners.Rules;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;

namespace BloodPlatform.Partners.Tests.Features;

[Collection(nameof(OnePartner))]
public sealed class TokenTests(PartnerService partner)
{
    private readonly ServiceUnderTest service = partner.Service;

    private static (string, string)[] Form(string id, string secret, string? scope = null) =>
        [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret), .. scope is null ? Array.Empty<(string, string)>() : [("scope", scope)]];

    [Fact]
    public async Task A_client_gets_a_token_with_its_claims_for_an_hour()
    {
        var station = await service.Organisation("blood-station");
        var (id, secret) = await service.Client(Roles.Station, station);
        var answer = await service.Token(Form(id, secret));
        Assert.Equal(200, answer.Status);
        Assert.Equal(("Bearer", 3600, string.Join(' ', Scopes.Of(Roles.Station))), (answer.Text("token_type"), answer["expires_in"].GetInt32(), answer.Text("scope")));
        Assert.Equal("no-store", answer.Response.Headers.CacheControl!.ToString());

        var token = new JsonWebToken(answer.Text("access_token"));
        Assert.Equal((TokenIssuer.Issuer, "blood-platform", "RS256", "at+jwt"), (token.Issuer, token.Audiences.Single(), token.Alg, token.Typ));
        Assert.Equal((id, id, Roles.Station, station.ToString()), (token.Subject, token.GetClaim("client_id").Value, token.GetClaim("role").Value, token.GetClaim("tenant").Value));
        Assert.Equal(TimeSpan.FromHours(1), token.ValidTo - token.ValidFrom);
    }

    [Fact]
    public async Task An_authority_has_districts_and_no_tenant()
    {
        var (id, secret) = await service.Client(Roles.Authority, districts: ["440703", "440705", "440703"]);
        var token = new JsonWebToken((await service.Token(Form(id, secret))).Text("access_token"));
        Assert.Equal("440703 440705", token.GetClaim("districts").Value);
        Assert.False(token.TryGetClaim("tenant", out _));
    }

    [Fact]
    public async Task A_part_of_the_scopes_can_be_asked_for_but_nothing_else()
    {
        var (id, secret) = await service.Client(Roles.Admin, scopes: ["clients", "events"]);
        Assert.Equal("events", (await service.Token(Form(id, secret, "events"))).Text("scope"));
        var refused = await service.Token(Form(id, secret, "events staff"));
        Assert.Equal((400, "invalid_scope"), (refused.Status, refused.Text("error")));
        Assert.DoesNotContain("access_token", refused.ToString());
    }

    [Fact]
    public async Task Basic_authentication_does_as_well_also_with_encoded_halves()
    {
        var (id, secret) = await service.Client(Roles.Admin);
        Assert.Equal(200, (await service.TokenByBasic($"{id}:{secret}", ("grant_type", "client_credentials"))).Status);
        Assert.Equal(200, (await service.TokenByBasic($"{id.Replace("-", "%2D", StringComparison.Ordinal)}:{Uri.EscapeDataString(secret)}", ("grant_type", "client_credentials"))).Status);
        var both = await service.TokenByBasic($"{id}:{secret}", Form(id, secret));
        Assert.Equal((400, "invalid_request"), (both.Status, both.Text("error")));
    }

    [Fact]
    public async Task Unknown_wrong_and_revoked_are_refused_alike()
    {
        var (id, secret) = await service.Client(Roles.Admin);
        var (revoked, revokedSecret) = await service.Client(Roles.Admin);
        Assert.Equal(200, (await service.Admin().Post($"/v1/clients/{revoked}/revoke")).Status);
        var wrong = await service.Token(Form(id, secret[..^1] + (secret[^1] == 'A' ? 'B' : 'A')));
        Assert.Equal((401, "invalid_client"), (wrong.Status, wrong.Text("error")));
        Assert.StartsWith("Basic", wrong.Response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        foreach (var form in new[] { Form(Some.OldId().ToString(), secret), Form("nobody", secret), Form(revoked, revokedSecret), Form(revoked, secret) })
            Assert.Equal(wrong.Body.ToString(), (await service.Token(form)).Body.ToString());
        Assert.Equal("invalid_client", (await service.TokenByBasic($"{id}:nonsense", ("grant_type", "client_credentials"))).Text("error"));
    }

    [Fact]
    public async Task A_secret_of_one_client_opens_no_other_even_if_its_hash_is_moved()
    {
        var (one, secret) = await service.Client(Roles.Admin);
        var (other, _) = await service.Client(Roles.Admin);
        await service.Database.Execute($"update partner.client set secret_hash = (select secret_hash from partner.client where id = '{one}') where id = '{other}'");
        Assert.Equal(401, (await service.Token(Form(other, secret))).Status);
    }

    [Fact]
    public async Task A_request_that_is_no_token_request_says_what_is_wrong()
    {
        var (id, secret) = await service.Client(Roles.Admin);
        Assert.Equal("unsupported_grant_type", (await service.Token(("grant_type", "password"), ("client_id", id), ("client_secret", secret))).Text("error"));
        Assert.Equal("invalid_request", (await service.Token(("client_id", id), ("client_secret", secret))).Text("error"));
        Assert.Equal("invalid_request", (await service.Token([.. Form(id, secret), ("scope", "events"), ("scope", "audit")])).Text("error"));
        Assert.Equal("invalid_client", (await service.Token(("grant_type", "client_credentials"))).Text("error"));
        var json = await service.Anonymous().Post("/oauth/token", new { grant_type = "client_credentials" });
        Assert.Equal((400, "invalid_request"), (json.Status, json.Text("error")));
    }

    [Fact]
    public async Task Two_replicas_sign_with_the_same_key_and_any_service_reads_their_tokens_and_staff_tokens()
    {
        var hospital = await service.Organisation("hospital");
        var (id, secret) = await service.Client(Roles.Hospital, hospital);
        Assert.Equal(201, (await service.As(Roles.Hospital, hospital).Post("/v1/staff", new { staffNumber = "H1", name = "甲测试", functions = new[] { "issue" }, qualifiedUntil = "2030-01-01", pin = "246810" })).Status);
        var staff = (await service.As(Roles.Hospital, hospital).Post("/v1/staff/sessions", new { staffNumber = "H1", pin = "246810" })).Text("token");

        // A service of the platform that knows nothing but the provider's address; a second replica of the provider.
        var replica = await service.Replica();
        await using var other = await ServiceUnderTest.Start("partner", args => PlatformService.Create("partner", args, typeof(TokenTests).Assembly).Map(app =>
            app.MapGet("/probe", (Caller caller) => Results.Ok(new { caller.ClientId, caller.Role, caller.TenantId, staff = caller.Staff?.Number })).Allow("orders", Roles.Hospital).ByStaff("issue")),
            settings: "--Authority=" + replica.Address);
        using var http = other.Anonymous();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await service.Token(Form(id, secret))).Text("access_token"));
        http.DefaultRequestHeaders.Add("Acting-Staff", staff);
        Answer probe = null!;
        await Eventually.That(async () => (probe = await http.Get("/probe")).Status == 200);
        Assert.Equal((id, Roles.Hospital, hospital.ToString(), "H1"), (probe.Text("clientId"), probe.Text("role"), probe.Text("tenantId"), probe.Text("staff")));

        // Without the scope, or with the staff token of nobody, the same token's client gets nowhere.
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await service.Token(Form(id, secret, "events"))).Text("access_token"));
        Assert.Equal("scope_required", (await http.Get("/probe")).Code);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", staff);
        Assert.Equal("token_required", (await http.Get("/probe")).Code);

        Assert.Equal((await service.Anonymous().Get("/.well-known/jwks.json")).Body.ToString(), (await replica.Anonymous().Get("/.well-known/jwks.json")).Body.ToString());
        Assert.Equal(1, await service.Database.Scalar<long>("select count(*) from partner.signing_key"));
        await replica.App.StopAsync();
    }

    [Fact]
    public async Task Twenty_first_starts_at_once_make_one_key()
    {
        await using var fresh = await ServiceUnderTest.Start("partner", Program.Create);
        var replicas = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => fresh.Replica()));
        var sets = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => (await (i % 4 == 0 ? fresh : replicas[i % 3]).Anonymous().Get("/.well-known/jwks.json")).Body.ToString()));
        Assert.Single(sets.Distinct());
        Assert.Single(JsonDocument.Parse(sets[0]).RootElement.GetProperty("keys").EnumerateArray());
        foreach (var replica in replicas) await replica.App.StopAsync();
    }

    [Fact]
    public async Task Discovery_names_the_issuer_and_where_its_keys_are()
    {
        var answer = await service.Anonymous().Get("/.well-known/openid-configuration");
        Assert.Equal((TokenIssuer.Issuer, TokenIssuer.Issuer + "/.well-known/jwks.json", TokenIssuer.Issuer + "/oauth/token"), (answer.Text("issuer"), answer.Text("jwks_uri"), answer.Text("token_endpoint")));
        var key = (await service.Anonymous().Get("/.well-known/jwks.json"))["keys"][0];
        Assert.Equal(("RSA", "sig", "RS256"), (key.GetProperty("kty").GetString(), key.GetProperty("use").GetString(), key.GetProperty("alg").GetString()));
        Assert.False(key.TryGetProperty("d", out _));
        Assert.True(Guid.TryParse(key.GetProperty("kid").GetString(), out _));
    }
}
