using System.Data;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text;
using BloodPlatform.Chassis;
using Dapper;
using Npgsql;

namespace BloodPlatform.Audit.Tests;

/// <summary>One database with all five schemas and one virtual host with all queues, as deploy/up prepares them, and a consistent small content.</summary>
public sealed class PlatformAtRest : IAsyncLifetime
{
    private static readonly Dictionary<string, Func<string[], PlatformService>> Programs = new()
    {
        ["donor"] = Donors.Program.Create,
        ["event"] = Drives.Program.Create,
        ["inventory"] = BloodPlatform.Inventory.Program.Create,
        ["recognition"] = BloodPlatform.Recognition.Program.Create,
        ["partner"] = Partners.Program.Create,
    };

    private readonly string directory = Directory.CreateTempSubdirectory("blood-audit-").FullName;

    public TestDatabase Database { get; private set; } = null!;

    public TestBroker VirtualHost { get; private set; } = null!;

    /// <summary>The broker as it was when everything was well.</summary>
    public Broker Broker { get; private set; } = null!;

    /// <summary>A table of listeners as docs/events.md has it.</summary>
    public string EventsPage => Path.Combine(directory, "events.md");

    public Listeners Listeners => Audit.Listeners.Parse(File.ReadAllText(EventsPage))!;

    /// <summary>The auditor's own login, with the rights that deploy/postgres/auditor.sql gives it.</summary>
    public string AuditorLogin => new NpgsqlConnectionStringBuilder(Database.Superuser) { Username = "auditor", Password = "test" }.ConnectionString;

    /// <summary>The management address with its user in it, as AUDIT_BROKER_MANAGEMENT.</summary>
    public static string Management => Servers.BrokerManagement.ToString().Replace("://", $"://{Servers.Broker.UserInfo}@", StringComparison.Ordinal);

    public async ValueTask InitializeAsync()
    {
        Database = await Servers.CreateDatabase([.. Programs.Keys]);
        VirtualHost = await Servers.CreateVirtualHost();
        foreach (var (name, program) in Programs)
            Assert.Equal(0, await program(["migrate", .. ServiceUnderTest.Arguments(name, Database, VirtualHost, directory)]).Run());
        await Database.Execute((await File.ReadAllTextAsync(Repository("deploy/postgres/auditor.sql"))).Replace("{password}", "test", StringComparison.Ordinal));
        await Database.Execute(Seed.Sql());

        var page = new StringBuilder("# Events\n\n| Event | Publisher | Heard by | When |\n|---|---|---|---|\n");
        foreach (var e in EventTypes.All) page.Append(System.Globalization.CultureInfo.InvariantCulture, $"| `{e.Name}` | {e.Publisher} | {string.Join(", ", e.Listeners)} | Something \\| happened. |\n");
        await File.WriteAllTextAsync(EventsPage, page.ToString());
        Broker = await BrokerWhere(b => b.Empty && b.Queues.Count == 10);
    }

    public static string Repository(string path, [CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", path));

    /// <summary>The broker counts its queues' messages every few seconds.</summary>
    public Task<Broker> BrokerWhere(Func<Broker, bool> condition) => Eventually.Value(async () =>
        await Broker.Read(new Uri(Management), VirtualHost.Name, CancellationToken.None) is var broker && condition(broker) ? broker : null, seconds: 30);

    /// <summary>Plants something in a transaction, judges inside it, and takes it back.</summary>
    public async Task<List<Finding>> Judge(string plant, Broker? broker, Listeners? listeners)
    {
        await using var connection = new NpgsqlConnection(Database.Superuser);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        if (plant.Length > 0) Assert.NotEqual(0, await connection.ExecuteAsync($"set local session_replication_role = replica; {plant}"));
        return await Auditor.Judge(connection, broker, listeners, CancellationToken.None);
    }

    public Task<HttpResponseMessage> Manage(HttpMethod method, string path, object? body = null)
    {
        var http = Servers.Management();
        return http.SendAsync(new HttpRequestMessage(method, $"api/{path}") { Content = body is null ? null : JsonContent.Create(body) });
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        await VirtualHost.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}
