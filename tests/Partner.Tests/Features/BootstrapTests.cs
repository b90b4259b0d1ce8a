using System.Diagnostics;
using System.Text.Json;
using BloodPlatform.Chassis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BloodPlatform.Partners.Tests.Features;

/// <summary>The operator's command and the program that fills a sandbox, as processes of their own.</summary>
[Collection(nameof(OnePartner))]
public sealed class BootstrapTests(PartnerService partner)
{
    private readonly ServiceUnderTest service = partner.Service;

    [Fact]
    public async Task Bootstrap_prints_one_line_with_a_client_that_works_and_a_second_run_changes_its_secret()
    {
        var first = await Bootstrap("--Platform:Sandbox=true");
        var second = await Bootstrap("--Platform:Sandbox=true");
        Assert.Equal((0, 0), (first.Exit, second.Exit));
        var (one, two) = (Credentials(first.Output), Credentials(second.Output));
        Assert.Equal(one.Id, two.Id);
        Assert.NotEqual(one.Secret, two.Secret);
        Assert.Equal(401, (await Token(one)).Status);
        var token = await Token(two);
        Assert.Equal((200, "audit clients events organisations rules staff statistics"), (token.Status, string.Join(' ', token.Text("scope").Split(' ').Order(StringComparer.Ordinal))));

        Assert.Equal(200, (await service.Admin().Post($"/v1/clients/{two.Id}/revoke")).Status);
        var third = Credentials((await Bootstrap("--Platform:Sandbox=true")).Output);
        Assert.NotEqual(two.Id, third.Id);
        Assert.Equal((401, 200), ((await Token(two)).Status, (await Token(third)).Status));
    }

    [Fact]
    public async Task Outside_a_sandbox_it_must_be_meant()
    {
        var before = await service.Database.Scalar<long>("select count(*) from partner.outbox");
        var refused = await Bootstrap("--Platform:Sandbox=false");
        Assert.Equal((1, ""), (refused.Exit, refused.Output));
        Assert.Contains("--force=true", refused.Errors);
        Assert.Equal(before, await service.Database.Scalar<long>("select count(*) from partner.outbox"));
        Assert.Equal(0, (await Bootstrap("--Platform:Sandbox=false", "--force=true")).Exit);
    }

    [Fact]
    public async Task The_sandbox_fills_a_fresh_platform_and_a_second_run_gives_the_same_clients_new_secrets()
    {
        await using var gateway = new Gateway();
        await using var fresh = await ServiceUnderTest.Start("partner", Program.Create, settings: "--Authority=" + await gateway.Start());
        gateway.Partner = fresh;
        var file = Path.Combine(Directory.CreateTempSubdirectory("sandbox-").FullName, "credentials.json");

        var first = await Fill(fresh, gateway, file);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(["baseUrl", "clients", "staff", "organisations"], first.EnumerateObject().Select(p => p.Name));
        Assert.Equal(["station", "organiser", "app", "hospital", "authority", "admin"], first.GetProperty("clients").EnumerateObject().Select(p => p.Name));
        Assert.Equal(["", "release", "release", "quality", "quality"], first.GetProperty("staff").EnumerateArray().Select(s =>
            string.Join(' ', s.GetProperty("functions").EnumerateArray().Select(f => f.GetString()).Where(f => f is "release" or "quality"))));

        var second = await Fill(fresh, gateway, file);
        Assert.Equal(first.GetProperty("organisations").ToString(), second.GetProperty("organisations").ToString());
        Assert.Equal(7, await fresh.Database.Scalar<long>("select count(*) from partner.client"));
        foreach (var client in second.GetProperty("clients").EnumerateObject())
        {
            var before = first.GetProperty("clients").GetProperty(client.Name);
            Assert.Equal(before.GetProperty("clientId").GetString(), client.Value.GetProperty("clientId").GetString());
            Assert.Equal(401, (await Token(fresh, before)).Status);
            Assert.Equal(200, (await Token(fresh, client.Value)).Status);
        }
        using var station = fresh.Anonymous();
        station.DefaultRequestHeaders.Authorization = new("Bearer", (await Token(fresh, second.GetProperty("clients").GetProperty("station"))).Text("access_token"));
        foreach (var person in second.GetProperty("staff").EnumerateArray())
            Assert.Equal(201, (await station.Post("/v1/staff/sessions", new { staffNumber = person.GetProperty("staffNumber").GetString(), pin = person.GetProperty("pin").GetString() })).Status);
    }

    private static async Task<JsonElement> Fill(ServiceUnderTest service, Gateway gateway, string file)
    {
        var (exit, output, _) = await Bootstrap(service, "--Platform:Sandbox=true");
        Assert.Equal(0, exit);
        var filled = await Run([typeof(Sandbox.Program).Assembly.Location, "--base-url", gateway.Address, "--out", file], output);
        Assert.True(filled.Exit == 0, filled.Errors);
        return JsonDocument.Parse(await File.ReadAllTextAsync(file)).RootElement;
    }

    private static Task<Answer> Token(ServiceUnderTest service, JsonElement client) =>
        service.Token(("grant_type", "client_credentials"), ("client_id", client.GetProperty("clientId").GetString()!), ("client_secret", client.GetProperty("clientSecret").GetString()!));

    /// <summary>What stands before the services, with an Event service that can do one thing.</summary>
    private sealed class Gateway : IAsyncDisposable
    {
        private readonly HttpClient http = new();
        private readonly Dictionary<string, Guid> organisations = [];
        private WebApplication app = null!;

        public ServiceUnderTest? Partner { get; set; }

        public string Address => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

        public async Task<string> Start()
        {
            var builder = WebApplication.CreateBuilder(["--urls=http://127.0.0.1:0"]);
            builder.Logging.ClearProviders();
            app = builder.Build();
            app.MapPost("/v1/organisations", async (HttpRequest request) =>
            {
                var (key, kind) = (request.Headers["Idempotency-Key"].Single()!, (await JsonDocument.ParseAsync(request.Body)).RootElement.GetProperty("kind").GetString()!);
                if (!organisations.TryGetValue(key, out var id)) organisations[key] = id = await Partner!.Organisation(kind);
                return Results.Json(new { id }, statusCode: 201);
            });
            app.MapFallback("/{**path}", async (HttpContext context) =>
            {
                if (Partner is null) { context.Response.StatusCode = 503; return; }
                using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(Partner.Address, context.Request.Path + context.Request.QueryString));
                if (!HttpMethods.IsGet(context.Request.Method)) request.Content = new StreamContent(context.Request.Body);
                foreach (var header in context.Request.Headers.Where(h => h.Key is not ("Host" or "Connection" or "Transfer-Encoding")))
                    if (!request.Headers.TryAddWithoutValidation(header.Key, header.Value.ToArray())) request.Content?.Headers.TryAddWithoutValidation(header.Key, header.Value.ToArray());
                using var answer = await http.SendAsync(request);
                context.Response.StatusCode = (int)answer.StatusCode;
                if (answer.Headers.ETag is { } tag) context.Response.Headers.ETag = tag.ToString();
                await answer.Content.CopyToAsync(context.Response.Body);
            });
            await app.StartAsync();
            return Address;
        }

        public async ValueTask DisposeAsync()
        {
            await app.DisposeAsync();
            http.Dispose();
        }
    }

    private Task<Answer> Token((string Id, string Secret) client) => service.Token(("grant_type", "client_credentials"), ("client_id", client.Id), ("client_secret", client.Secret));

    private static (string Id, string Secret) Credentials(string output)
    {
        var json = JsonDocument.Parse(Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries))).RootElement;
        Assert.Equal(["clientId", "clientSecret"], json.EnumerateObject().Select(p => p.Name));
        return (json.GetProperty("clientId").GetString()!, json.GetProperty("clientSecret").GetString()!);
    }

    private Task<(int Exit, string Output, string Errors)> Bootstrap(params string[] settings) => Bootstrap(service, settings);

    private static Task<(int Exit, string Output, string Errors)> Bootstrap(ServiceUnderTest service, params string[] settings)
    {
        static string Key(string name) => Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));
        return Run([typeof(Program).Assembly.Location, "bootstrap", "--Broker:Uri=none", "--Logging:LogLevel:Default=Trace",
            "--ConnectionStrings:Service=" + service.Database.Service("partner"), "--Platform:MasterKey=" + Key("master"), "--Platform:IndexKey=" + Key("index"), .. settings], "");
    }

    private static async Task<(int Exit, string Output, string Errors)> Run(string[] args, string input)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var arg in args) start.ArgumentList.Add(arg);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
