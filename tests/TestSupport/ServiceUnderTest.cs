using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BloodPlatform.TestSupport;

/// <summary>
/// One service in this process, on Kestrel, with a migrated database of its own: HTTP in, real PostgreSQL. Without a broker the
/// test hands events to the consumers itself (<see cref="Deliver"/>) and reads what was appended (<see cref="Published{T}"/>).
/// </summary>
public sealed class ServiceUnderTest : IAsyncDisposable
{
    private readonly string stateDirectory;
    private bool stopped;

    private ServiceUnderTest(string name, WebApplication app, TestDatabase database, TestBroker? broker, TokenIssuer tokens, string stateDirectory)
    {
        (Name, App, Database, Broker, Tokens, this.stateDirectory) = (name, app, database, broker, tokens, stateDirectory);
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public string Name { get; }

    public WebApplication App { get; }

    public TestDatabase Database { get; }

    public TestBroker? Broker { get; }

    public TokenIssuer Tokens { get; }

    public Uri Address { get; }

    /// <param name="program">The service's <c>Program.Create</c>.</param>
    /// <param name="broker">A virtual host when messages matter.</param>
    /// <param name="database">To share one database among services; else a new one.</param>
    public static async Task<ServiceUnderTest> Start(string name, Func<string[], PlatformService> program, TestBroker? broker = null, TestDatabase? database = null, TokenIssuer? tokens = null, Action<WebApplicationBuilder>? with = null, bool migrate = true, params string[] settings)
    {
        database ??= await Servers.CreateDatabase(name);
        tokens ??= new TokenIssuer();
        var state = Directory.CreateTempSubdirectory("blood-test-").FullName;
        tokens.WriteKeySet(state);
        string[] args = [.. Arguments(name, database, broker, state), .. settings];
        if (migrate && await program(["migrate", .. args]).Run() != 0) throw new InvalidOperationException($"migrate of {name} failed");
        var service = program(args);
        with?.Invoke(service.Builder);
        var app = service.Build();
        await app.StartAsync();
        return new ServiceUnderTest(name, app, database, broker, tokens, state);
    }

    /// <summary>The command line a service is configured with; later settings win.</summary>
    public static string[] Arguments(string name, TestDatabase database, TestBroker? broker, string state) => [
        "--urls=http://127.0.0.1:0",
        "--ConnectionStrings:Service=" + database.Service(name), "--ConnectionStrings:Owner=" + database.Owner(name),
            "--Broker:Uri=" + (broker?.Uri.ToString() ?? "none"), "--Broker:Management=" + (broker is null ? "none" : Servers.BrokerManagement.ToString()),
            "--Platform:Issuer=" + TokenIssuer.Issuer, "--Platform:StateDirectory=" + state, "--Platform:Sandbox=true",
            "--Platform:MasterKey=" + Convert.ToBase64String(SHA256.HashData("master"u8)), "--Platform:IndexKey=" + Convert.ToBase64String(SHA256.HashData("index"u8))];

    /// <summary>A client program of a role, with every scope; staff signs when functions are given.</summary>
    public HttpClient As(string role, Guid? tenant = null, string? staff = null, params string[] functions)
    {
        var http = new HttpClient { BaseAddress = Address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Tokens.Client(role, tenant, clientId: $"{role}-{tenant}"));
        if (staff is not null) http.DefaultRequestHeaders.Add("Acting-Staff", Tokens.Staff(tenant ?? Guid.Empty, staff, functions));
        http.DefaultRequestHeaders.AcceptLanguage.ParseAdd("en");
        return http;
    }

    public HttpClient Anonymous() => new() { BaseAddress = Address };

    /// <summary>Applies an event as if the broker had brought it; returns when its effect is committed.</summary>
    public async Task Deliver(params DomainEvent[] events)
    {
        foreach (var e in events)
            await App.Services.GetRequiredService<Consumers>().Consume(e with
            {
                EventId = e.EventId == Guid.Empty ? Ids.New(TimeProvider.System) : e.EventId,
                RecordedAt = e.RecordedAt == default ? TimeProvider.System.GetUtcNow() : e.RecordedAt,
            }, CancellationToken.None);
    }

    /// <summary>Delivers an up-to-date seal of a publisher, as its relay would every 10 s.</summary>
    public Task Seal(string publisher, DateTimeOffset? through = null, params string[] heldKeys) =>
        App.Services.GetRequiredService<Consumers>().Consume(new OutboxSealed(Ids.New(TimeProvider.System), publisher, through ?? TimeProvider.System.GetUtcNow(), heldKeys, []), CancellationToken.None);

    /// <summary>The events of a type that the service has appended, oldest first.</summary>
    public async Task<List<T>> Published<T>() where T : DomainEvent =>
        [.. (await Database.Query<string>($"select payload::text from {Name}.outbox where type = @type order by position", new { type = typeof(T).FullName }))
            .Select(json => JsonSerializer.Deserialize<T>(json, Json.Options)!)];

    /// <summary>Stops the service and leaves its database and broker; a second time does nothing.</summary>
    public async Task Stop()
    {
        if (stopped) return;
        stopped = true;
        await App.StopAsync();
        await App.DisposeAsync();
        Directory.Delete(stateDirectory, recursive: true);
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        await Database.DisposeAsync();
        if (Broker is not null) await Broker.DisposeAsync();
    }
}
