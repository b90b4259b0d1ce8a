using System.Net.Http.Headers;

namespace BloodPlatform.Chassis.Tests;

public sealed class AccessTests(ProbeService probe) : IClassFixture<ProbeService>
{
    private HttpClient With(string? token, string? staff = null)
    {
        var http = probe.Service.Anonymous();
        if (token is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (staff is not null) http.DefaultRequestHeaders.Add("Acting-Staff", staff);
        return http;
    }

    private async Task<(int, string?)> Try(HttpClient http)
    {
        var before = await probe.Service.Database.Scalar<long>("select count(*) from donor.thing");
        var answer = await http.Post("/v1/things", new { name = Some.Key() });
        if (answer.Status >= 400) Assert.Equal(before, await probe.Service.Database.Scalar<long>("select count(*) from donor.thing"));
        return (answer.Status, answer.Code);
    }

    [Fact]
    public async Task Without_a_valid_token_nobody_comes_in()
    {
        Assert.Equal((401, "token_required"), await Try(With(null)));
        Assert.Equal((401, "token_required"), await Try(With("not-a-token")));
        Assert.Equal((401, "token_required"), await Try(With(new TokenIssuer().Client(Roles.Station, probe.Tenant)))); // signed by a stranger
        Assert.Equal((401, "token_required"), await Try(With(probe.Service.Tokens.Client(Roles.Station, probe.Tenant, expires: TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-5)))));
        Assert.Equal((401, "token_required"), await Try(With(probe.Service.Tokens.Staff(probe.Tenant, "s-1", "release")))); // a staff token is no client token
    }

    [Fact]
    public async Task A_wrong_role_and_a_missing_scope_are_told_apart()
    {
        Assert.Equal((403, "role_forbidden"), await Try(With(probe.Service.Tokens.Client(Roles.App, probe.Tenant))));
        Assert.Equal((403, "scope_required"), await Try(With(probe.Service.Tokens.Client(Roles.Station, probe.Tenant, scopes: "drives"))));
        Assert.Equal((201, null), await Try(With(probe.Service.Tokens.Client(Roles.Station, probe.Tenant, scopes: "donors"))));
    }

    [Fact]
    public async Task An_act_needs_a_person_of_the_tenant_with_the_function()
    {
        var thing = (await probe.Station.Post("/v1/things", new { name = Some.Key() })).Id;
        var client = probe.Service.Tokens.Client(Roles.Station, probe.Tenant);
        async Task<(int, string?)> Act(string? staff)
        {
            var answer = await With(client, staff).Post($"/v1/things/{thing}/demanding", new { }, Some.Key());
            return (answer.Status, answer.Code);
        }
        Assert.Equal((403, "staff_required"), await Act(null));
        Assert.Equal((403, "staff_required"), await Act("nonsense"));
        Assert.Equal((403, "staff_required"), await Act(probe.Service.Tokens.Staff(Some.Id(), "s-1", "release"))); // another station's
        Assert.Equal((403, "staff_required"), await Act(client)); // a client token is no person
        Assert.Equal((403, "staff_function_required"), await Act(probe.Service.Tokens.Staff(probe.Tenant, "s-1", "laboratory")));
        Assert.Equal((200, null), await Act(probe.Service.Tokens.Staff(probe.Tenant, "s-1", "release")));
    }

    [Fact]
    public async Task A_valid_token_passes_with_the_provider_down_even_after_a_restart()
    {
        // The fixture's service has no provider at all, only the disk copy: this one is started anew and pointed at a dead address.
        var restarted = await ServiceUnderTest.Start("donor", Probe.As("donor"), database: probe.Service.Database, tokens: probe.Service.Tokens, migrate: false, settings: "--Authority=http://127.0.0.1:9");
        try { Assert.Equal(201, (await restarted.As(Roles.Station, probe.Tenant).Post("/v1/things", new { name = Some.Key() })).Status); }
        finally { await restarted.Stop(); }
    }

    [Fact]
    public async Task While_no_signing_key_is_known_the_answer_is_503_and_never_401()
    {
        var empty = Directory.CreateTempSubdirectory("blood-test-nokeys-").FullName;
        var keyless = await ServiceUnderTest.Start("donor", Probe.As("donor"), database: probe.Service.Database, tokens: probe.Service.Tokens, migrate: false, settings: ["--Authority=http://127.0.0.1:9", "--Platform:StateDirectory=" + empty]);
        try
        {
            var answer = await keyless.As(Roles.Station, probe.Tenant).Post("/v1/things", new { name = Some.Key() });
            Assert.Equal((503, "keys_unavailable"), (answer.Status, answer.Code));
            Assert.True(answer.Response.Headers.Contains("Retry-After"));
            // The provider comes back: its keys are on disk and in use without a restart of anything else.
            Assert.Equal(503, (int)(await keyless.Anonymous().GetAsync("/health/ready")).StatusCode);
        }
        finally { await keyless.Stop(); Directory.Delete(empty, true); }
    }

    [Fact]
    public async Task A_client_beyond_its_rate_gets_429_with_what_it_needs_to_wait_and_others_go_on()
    {
        var limited = await ServiceUnderTest.Start("donor", Probe.As("donor"), database: probe.Service.Database, tokens: probe.Service.Tokens, migrate: false, settings: "--Platform:RateLimit=5");
        try
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => limited.As(Roles.Station, probe.Tenant).Get($"/v1/things/{Some.OldId()}")));
            var refused = Assert.IsType<Answer>(answers.First(a => a.Status == 429));
            Assert.Equal("too_many_requests", refused.Code);
            Assert.True(refused.Response.Headers.Contains("Retry-After"));
            Assert.Equal("\"client\";q=5;w=1", answers.First(a => a.Status == 404).Response.Headers.GetValues("RateLimit-Policy").Single());
            Assert.Equal(404, (await limited.As(Roles.Station, Some.Id()).Get($"/v1/things/{Some.OldId()}")).Status);
        }
        finally { await limited.Stop(); }
    }
}
