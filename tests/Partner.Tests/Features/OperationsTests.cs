using System.Net;
using System.Text.Json;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BloodPlatform.Partners.Tests.Features;

[Collection(nameof(OnePartner))]
public sealed class OperationsTests(PartnerService partner)
{
    private readonly ServiceUnderTest service = partner.Service;

    [Fact]
    public async Task Readiness_answers_for_all_five_and_fails_with_any()
    {
        var ready = new Dictionary<string, bool> { ["donor"] = true, ["event"] = true, ["inventory"] = true, ["recognition"] = true };
        await using var others = await Pretend(ready);
        await using var whole = await ServiceUnderTest.Start("partner", Program.Create, settings: [.. ready.Keys.Select(name => $"--Platform:Services:{name}={others.Urls.First()}/{name}/")]);

        // The real address has no path; this one stands for four of them.
        var answer = await whole.Anonymous().Get("/health/ready");
        Assert.Equal(503, answer.Status);

        await using var four = await Four(ready);
        await using var platform = await ServiceUnderTest.Start("partner", Program.Create, settings: [.. four.Addresses.Select(a => $"--Platform:Services:{a.Key}={a.Value}")]);
        answer = await platform.Anonymous().Get("/health/ready");
        Assert.True(answer.Status == 200, answer.ToString());
        Assert.Equal(["donor", "event", "inventory", "recognition", "partner"], answer["services"].EnumerateArray().Select(s => s.GetProperty("service").GetString()));

        ready["inventory"] = false;
        answer = await platform.Anonymous().Get("/health/ready");
        Assert.Equal((503, false), (answer.Status, answer["ready"].GetBoolean()));
        Assert.False(answer["services"].EnumerateArray().Single(s => s.GetProperty("service").GetString() == "inventory").GetProperty("ready").GetBoolean());

        ready["inventory"] = true;
        await four.Stop("event");
        answer = await platform.Anonymous().Get("/health/ready");
        Assert.Equal((503, "does not answer"), (answer.Status, answer["services"].EnumerateArray().Single(s => s.GetProperty("service").GetString() == "event").GetProperty("problem").GetString()));
        Assert.Equal(200, (await platform.Anonymous().Get("/health/ready/self")).Status);
    }

    [Fact]
    public async Task The_documentation_is_one_page_for_all_five()
    {
        var page = await service.Anonymous().GetAsync(new Uri("/docs/index.html", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        var script = await (await service.Anonymous().GetAsync(new Uri("/docs/index.js", UriKind.Relative))).Content.ReadAsStringAsync();
        foreach (var name in new[] { "donor", "event", "inventory", "recognition", "partner" }) Assert.Contains($"/openapi/{name}.json", script);
        Assert.Equal(HttpStatusCode.OK, (await service.Anonymous().GetAsync(new Uri("/docs", UriKind.Relative))).StatusCode);
        Assert.Equal(200, (await service.Anonymous().Get("/openapi/partner.json")).Status);
    }

    [Fact]
    public async Task Problem_types_are_listed_and_each_type_address_leads_somewhere()
    {
        var list = await service.Anonymous().Get("/v1/problem-types");
        var codes = list["items"].EnumerateArray().Select(i => i.GetProperty("code").GetString()).ToList();
        Assert.Contains("sign_in_locked", codes);
        var refused = await service.Anonymous().Get("/v1/clients");
        var type = await service.Anonymous().Get(refused.Text("type"));
        Assert.Equal(("token_required", 401, "需要有效的访问令牌"), (type.Text("code"), type["status"].GetInt32(), type.Text("title")));
        Assert.Equal("not_found", (await service.Anonymous().Get("/v1/problem-types/nonsense")).Code);
    }

    [Fact]
    public async Task The_event_description_names_every_contract_its_publisher_and_its_listeners()
    {
        var document = await service.Anonymous().Get("/asyncapi.json");
        Assert.Equal("3.0.0", document.Text("asyncapi"));
        Assert.Equal(EventTypes.All.Count, document["channels"].EnumerateObject().Count());
        var collected = document["channels"].GetProperty("donation-collected");
        Assert.Equal("donor", collected.GetProperty("x-publisher").GetString());
        Assert.Contains("partner", collected.GetProperty("x-listeners").EnumerateArray().Select(l => l.GetString()));
        var payload = document["components"].GetProperty("messages").GetProperty("donation-collected").GetProperty("payload").GetProperty("properties");
        Assert.Equal("date-time", payload.GetProperty("occurredAt").GetProperty("format").GetString());
        Assert.Equal("string", payload.GetProperty("din").GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/v1/nonsense")]
    [InlineData("/v1/clients/nonsense")]
    [InlineData("/.env")]
    [InlineData("/docs.php")]
    public async Task A_path_that_is_nobodys_is_a_problem_document(string path)
    {
        var answer = await service.Anonymous().Get(path);
        Assert.Equal((404, "not_found", "application/problem+json"), (answer.Status, answer.Code, answer.Response.Content.Headers.ContentType!.MediaType));
        Assert.Equal("not_found", (await service.Admin().Get(path)).Code);
    }

    [Fact]
    public async Task A_method_that_a_path_does_not_know_is_405()
    {
        Assert.Equal((405, "method_not_allowed"), await Call(service.Admin().Put("/v1/clients", new { })));
        Assert.Equal((405, "method_not_allowed"), await Call(service.Admin().Get("/oauth/token")));
        static async Task<(int, string?)> Call(Task<Answer> answer) => ((await answer).Status, (await answer).Code);
    }

    private static async Task<WebApplication> Pretend(Dictionary<string, bool> ready, string? only = null)
    {
        var builder = WebApplication.CreateBuilder(["--urls=http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/health/ready/self", () => only is null ? Results.NotFound() : Results.Json(new Readiness(only, ready[only], [new("database", null)]), statusCode: ready[only] ? 200 : 503));
        await app.StartAsync();
        return app;
    }

    private static async Task<FourServices> Four(Dictionary<string, bool> ready)
    {
        var apps = new Dictionary<string, WebApplication>();
        foreach (var name in ready.Keys) apps[name] = await Pretend(ready, name);
        return new FourServices(apps);
    }

    private sealed class FourServices(Dictionary<string, WebApplication> apps) : IAsyncDisposable
    {
        public Dictionary<string, string> Addresses { get; } = apps.ToDictionary(a => a.Key, a => a.Value.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

        public Task Stop(string name) => apps[name].StopAsync();

        public async ValueTask DisposeAsync()
        {
            foreach (var app in apps.Values) await app.DisposeAsync();
        }
    }
}
